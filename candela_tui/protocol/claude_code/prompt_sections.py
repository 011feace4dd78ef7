"""The sections of the texts that Claude Code puts into a prompt: its system prompt, its reminders, and messages of role
system.

Which text is where depends on the version and the model. The environment, for example, is in the system prompt of
2.1.197, in a message of role system in 2.1.332, and in a reminder for its older models. So a section is known by how it
begins, not by its place. Observed with Claude Code 2.1.197 and 2.1.332.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from candela_tui.protocol.claude_code.reminders import split_reminders


class SectionKind(StrEnum):
    """What a section is."""

    INSTRUCTIONS = "instructions"
    ENVIRONMENT = "environment"
    MEMORY = "memory"
    """A CLAUDE.md file, a rule, or a file that one of them includes."""
    SKILLS = "skills"
    AGENTS = "agents"
    OUTPUT_STYLE = "output_style"
    MCP_INSTRUCTIONS = "mcp_instructions"
    GIT_STATUS = "git_status"
    DEFERRED_TOOLS = "deferred_tools"
    """The names of tools whose schemas are not in the prompt."""
    ATTACHED_FILE = "attached_file"
    """A file that the user mentioned with ``@``, as if a tool had read it."""
    REMINDER = "reminder"
    USER = "user"
    """The user's own words."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a text."""

    kind: SectionKind
    name: str
    """What it is, such as the path of a CLAUDE.md file, the name of an output style, or a heading."""
    text: str


_K = SectionKind
_FOLLOWS = "\0"
"""In the place of a name: the section has that of the text that its first line names."""
_BEGINNINGS: tuple[tuple[SectionKind, str, str], ...] = (
    (
        _K.ENVIRONMENT,
        "environment",
        r"# Environment$|You are powered by the model named |Today's date is |# currentDate$",
    ),
    (_K.OUTPUT_STYLE, _FOLLOWS, r"# Output Style: (?P<style>.+)$|(?P<active>.+) output style is active\."),
    (_K.DEFERRED_TOOLS, "names of deferred tools", r"The following deferred tools are now available via ToolSearch"),
    (_K.AGENTS, "agents", r"Available agent types for the Agent tool:"),
    (_K.MCP_INSTRUCTIONS, "instructions of MCP servers", r"# MCP Server Instructions$"),
    (_K.SKILLS, "skills", r"The following skills are available for use with the Skill tool:"),
    (_K.MEMORY, _FOLLOWS, r"Contents of (?P<path>\S.*?)(?: \([^()\n]*\))?:$"),
    (_K.MEMORY, "introduction to CLAUDE.md files", r"# claudeMd$|Codebase and user instructions are shown below\."),
    (_K.GIT_STATUS, "git status", r"gitStatus: |# gitStatus$"),
    (
        _K.ATTACHED_FILE,
        "attached files",
        r"Called the Read tool with the following input: |Result of calling the Read tool:",
    ),
)
_BEGINNING = re.compile(
    "^(?:" + "|".join(f"(?P<b{place}>{form})" for place, (_, _, form) in enumerate(_BEGINNINGS)) + ")", re.MULTILINE
)
_BEHIND_FILES = ("# currentDate", "# gitStatus", "# claudeMd")
"""The headings that may end a file. Any other is the file's own."""
_LINE = re.compile(r"^(?:# (?P<heading>\S.*)|(?P<fence>```).*)$", re.MULTILINE)
_TAG = re.compile(r"</?system-reminder>\n?")
_MOST_NAME = 120


def system_sections(text: str) -> Iterator[Section]:
    """Yield the sections of a block of the system prompt: those that have a kind of their own, and under each other
    heading the instructions."""
    for section in _sections(text, Section(_K.INSTRUCTIONS, "introduction", "")):
        if section.kind is _K.INSTRUCTIONS:
            yield from _by_heading(section)
        elif section.kind in (_K.ENVIRONMENT, _K.OUTPUT_STYLE, _K.GIT_STATUS):
            # These end at the next heading; files, skills and agents have headings of their own.
            first, _, rest = section.text.partition("\n")
            own, *others = _by_heading(Section(section.kind, section.name, rest))
            yield Section(section.kind, section.name, f"{first}\n{own.text}")
            yield from others
        else:
            yield section


def reminder_sections(text: str) -> Iterator[Section]:
    """Yield the sections of a message of role system."""
    yield from _sections(text, Section(_K.REMINDER, "system reminders", ""))


def user_sections(text: str) -> Iterator[Section]:
    """Yield the sections of a user's text, which may have reminders in it."""
    for is_reminder, part in split_reminders(text):
        if is_reminder:
            yield from reminder_sections(_TAG.sub("", part))
        elif part.strip():
            yield Section(_K.USER, "user", part)


def _sections(text: str, otherwise: Section) -> Iterator[Section]:
    """Yield the sections; what is before the first is of the other kind."""
    kind, name, start = otherwise.kind, otherwise.name, 0
    for found in _BEGINNING.finditer(text):
        if kind is _K.MEMORY and found[0].startswith("# ") and found[0] not in _BEHIND_FILES:
            continue
        if text[start : found.start()].strip():
            yield Section(kind, name, text[start : found.start()])
        place = next(place for place in range(len(_BEGINNINGS)) if found[f"b{place}"] is not None)
        kind, name, _ = _BEGINNINGS[place]
        if name == _FOLLOWS:
            name = next(word for word in (found["style"], found["active"], found["path"]) if word)[:_MOST_NAME]
        start = found.start()
    if text[start:].strip():
        yield Section(kind, name, text[start:])


def _by_heading(section: Section) -> Iterator[Section]:
    """Yield the text up to the first heading as it is, and the text under each heading as instructions. Headings in
    code are not meant."""
    name, start, kind = section.name, 0, section.kind
    in_code = False
    for found in _LINE.finditer(section.text):
        if found["fence"]:
            in_code = not in_code
        elif not in_code:
            if start or section.text[: found.start()].strip() or kind is not _K.INSTRUCTIONS:
                yield Section(kind, name, section.text[start : found.start()])
            name, start, kind = found["heading"][:_MOST_NAME], found.start(), _K.INSTRUCTIONS
    yield Section(kind, name, section.text[start:])
