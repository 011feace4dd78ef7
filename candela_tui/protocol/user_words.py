"""The user's own words in a text to which the client added its own.

Claude Code and the editors around it put what they add into blocks between tags whose names have a hyphen or an
underscore, as no tag of HTML has: ``<ide_opened_file>``, ``<task-notification>``, ``<local-command-stdout>``. Blocks
at the beginning of a text and on lines of their own are left out, whatever they are called; tags in the middle of a
line are the user's, except for reminders. A few other additions have fixed beginnings.

Observed with Claude Code 2.1.197 and 2.1.332.
"""

import re

LONGEST_WORDS = 200
"""Characters of a title."""
_MOST_CHARACTERS = 64 * 1024
_LONG = _MOST_CHARACTERS // 4
"""A block of that size may have its end behind what was read of its text: 64 kB, in up to four bytes a character."""
_TAG = re.compile(r"<([a-z][a-z0-9]*(?:[-_][a-z0-9]+)+)(?:\s[^<>]*)?/?>")
_REMINDER = "<system-reminder>"
_COMMAND_PART = re.compile(r"\s*<command-(name|message|args|contents)>(.*?)</command-\1>", re.DOTALL)
_BRACKETED = re.compile(r"\[(?:Image|Pasted text|Request interrupted)\b[^\]\n]*\]")
_PREAMBLES = (
    "This session is being continued from a previous conversation",
    "Base directory for this skill: ",
)
"""How texts begin that are the client's to their end, but for the arguments of a skill."""
_ARGUMENTS = re.compile(r"^ARGUMENTS: (.+)", re.MULTILINE | re.DOTALL)
_PASTED = re.compile(r"\s*<(pasted_content|teammate-message)(?:\s[^<>]*)?>(.*?)(?:</\1(?:\s[^<>]*)?>|\Z)", re.DOTALL)


def first_words(text: str) -> str | None:
    """Return the user's words in one line of up to 200 characters; None where all of the text is the client's.

    A slash command that gives the model a prompt (``/init``) is the user's, with its arguments; one that the client
    carries out itself (``/clear``) is not.
    """
    text = text[:_MOST_CHARACTERS]
    preamble = text.lstrip().startswith(_PREAMBLES)
    if preamble:
        arguments = _ARGUMENTS.search(text)
        return one_line(arguments[1]) if arguments else None
    kept: list[str] = []
    size = at = 0
    while size <= LONGEST_WORDS and (at := _behind_space(text, at)) < len(text):
        command, end = _command(text, at)
        if command is not None:
            return one_line(command)
        end = _added_end(text, end)
        if end > at and (not kept or _ends_line(text, end) or text.startswith(_REMINDER, at)):
            at = end
            continue
        end = _line_end(text, at)
        kept.append(text[at:end])
        size += end - at
        at = end
    return one_line(" ".join(kept))


def pasted_words(text: str) -> str | None:
    """Return the beginning of what the user pasted, or another agent wrote, where a text is nothing else."""
    pasted = _PASTED.match(text)
    return one_line(pasted[2][:_MOST_CHARACTERS]) if pasted else None


def one_line(text: str) -> str | None:
    """Return a text in one line of up to 200 characters; None where it is empty."""
    words = " ".join(text.split())
    return f"{words[: LONGEST_WORDS - 1]}…" if len(words) > LONGEST_WORDS else words or None


def _behind_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _line_end(text: str, at: int) -> int:
    """Where the line ends, or a reminder begins in it."""
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    reminder = text.find(_REMINDER, at + 1, end)
    return end if reminder < 0 else reminder


def _ends_line(text: str, at: int) -> bool:
    end = text.find("\n", at)
    return not text[at : len(text) if end < 0 else end].strip()


def _command(text: str, at: int) -> tuple[str | None, int]:
    """The slash command at this place where it is a prompt, and where its parts end."""
    parts: dict[str, str] = {}
    while (part := _COMMAND_PART.match(text, at)) is not None:
        parts.setdefault(part[1], part[2])
        at = part.end()
    # The client begins with the name what it carries out itself.
    if not parts or next(iter(parts)) == "name":
        return None, at
    return f"{parts.get('name', '')} {parts.get('args', '')}".strip() or None, at


def _added_end(text: str, at: int) -> int:
    """Where the client's blocks end that begin here, one right behind the other; ``at`` where none does."""
    while (end := _block_end(text, at)) > at:
        at = end
    return at


def _block_end(text: str, at: int) -> int:
    bracketed = _BRACKETED.match(text, at)
    if bracketed is not None:
        return bracketed.end()
    tag = _TAG.match(text, at)
    if tag is None:
        return at
    if tag[0].endswith("/>"):
        return tag.end()
    depth, end = 1, at
    for other in re.finditer(rf"<(/?){tag[1]}(?:\s[^<>]*)?>", text[tag.end() :]):
        depth += -1 if other[1] else 1
        if other[1]:
            end = tag.end() + other.end()
        if depth == 0:
            break
    # Without its end it is the user's, unless the end is behind what was read. Reminders are never the user's.
    cut = len(text) - at > _LONG or text.startswith(_REMINDER, at)
    return len(text) if end == at and cut else end
