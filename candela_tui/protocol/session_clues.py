"""What a request tells about its session, read without decoding the whole conversation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from candela_tui.protocol.raw_json import decode_json, text_prefix
from candela_tui.protocol.request import MessagesRequest, raw_texts, role_and_content, texts
from candela_tui.protocol.user_words import LONGEST_WORDS, first_words, pasted_words

_CWD = re.compile(r"^[ \t*-]*(?:Primary w|W)orking directory: *(\S[^\n]*)$", re.MULTILINE)
_BRANCH = re.compile(r"^Current branch: *(\S[^\n]*)$", re.MULTILINE)
_MODEL = re.compile(r"exact model ID is ([\w.\-:@/]*\w(?:\[\w+\])?)")
_BLOCKS = (
    b"You have been invoked in the following environment",
    b"You are powered by the model named",
    b"This is the git status at the start of the conversation",
)
"""How the client's words on its environment, model and git status begin, in reminders among the user's texts.

Claude Code 2.1.332 puts the git status there, and for models before 4.8 the other two as well. Other reminders hold
files of the user's, which may speak of directories and branches too.
"""
_LONGEST_CLUE = 400
_MOST_BLOCK_BYTES = 8 * 1024
"""Of such a block; the client cuts a git status at 2 kB."""
_FIRST_MESSAGES = 4
"""Where the client puts what it says of a session."""


@dataclass(frozen=True, slots=True)
class SessionClues:
    """What one request tells about its session. Each may be None: not told."""

    title: str | None = None
    """The first text of the user, without what the client added, in one line of up to 200 characters."""
    cwd: str | None = None
    git_branch: str | None = None
    model: str | None = None
    """The client's own name of the model, such as ``claude-opus-4-8[1m]``."""


def session_clues(request: MessagesRequest) -> SessionClues:
    """Read the session's title, directory, branch and model from a request of its main agent."""
    cwd = branch = model = None
    for text in _environment_texts(request):
        cwd = cwd or _found(_CWD, text)
        branch = branch or _found(_BRANCH, text)
        model = model or _found(_MODEL, text)
    if cwd is None:
        cwd, checked = _in_safeguards(request)
        branch = branch or checked
    return SessionClues(first_user_text(request), cwd, branch, model)


def _in_safeguards(request: MessagesRequest) -> tuple[str | None, str | None]:
    """The directory and branch that auto mode tells its classifier: after ``/clear`` 2.1.332 tells no other."""
    safeguards = decode_json(request.safeguards)
    first = safeguards[0] if isinstance(safeguards, list) and safeguards else None
    context = first.get("classifier_context") if isinstance(first, dict) else None
    if not isinstance(context, dict):
        return None, None
    git = context.get("git_state")
    found = context.get("live_cwd"), git.get("branch") if isinstance(git, dict) else None
    cwd, branch = (value[:_LONGEST_CLUE] or None if isinstance(value, str) else None for value in found)
    return cwd, branch


def _environment_texts(request: MessagesRequest) -> Iterator[str]:
    """The system prompt, also where it is among the messages, and the blocks that are in reminders."""
    yield from texts(request.system)
    for message in request.messages[:_FIRST_MESSAGES]:
        role, content = role_and_content(message)
        if role in ("system", "developer"):
            yield from texts(content)
        elif role == "user":
            for raw in raw_texts(content):
                yield from _blocks_in_reminder(raw)


def _blocks_in_reminder(raw: msgspec.Raw) -> Iterator[str]:
    """The known blocks of a reminder. They are searched in the JSON text, since what is before them may be long."""
    view = memoryview(raw)
    if not bytes(view[:64]).lstrip(b'" \\nrt').startswith(b"<system-reminder>"):
        return
    literal = bytes(view)
    for beginning in _BLOCKS:
        at = literal.find(beginning)
        if at > 0:
            text = text_prefix(b'"' + literal[at : at + _MOST_BLOCK_BYTES], _MOST_BLOCK_BYTES)
            if text is not None:
                yield text


def _found(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match.group(1).strip()[:_LONGEST_CLUE] if match else None


def first_user_text(request: MessagesRequest) -> str | None:
    """The first words of the user in the conversation, what the client added left out, cut at 200 characters; where
    the user only pasted something, the beginning of that."""
    found = list(user_texts(request))
    return next(filter(None, map(first_words, found)), None) or next(filter(None, map(pasted_words, found)), None)


def user_texts(request: MessagesRequest) -> Iterator[str]:
    """Yield the texts of the user's first messages, with what the client added."""
    for message in request.messages[:_FIRST_MESSAGES]:
        role, content = role_and_content(message)
        if role == "user":
            yield from texts(content)


def title_in_answer(text: str) -> str | None:
    """The title that the client's own title request was answered with: ``{"title": "…"}``."""
    document = decode_json(text.encode("utf-8", "replace"))
    title = document.get("title") if isinstance(document, dict) else None
    return " ".join(title.split())[:LONGEST_WORDS] or None if isinstance(title, str) else None
