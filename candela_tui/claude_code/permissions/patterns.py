"""Patterns of tool calls, as in Claude Code's permission rules: ``Bash(git push *)``, ``Read(~/.ssh/**)``,
``WebFetch(domain:example.com)``, ``mcp__github__*``.

Source: https://docs.claude.com/en/docs/claude-code/iam, "Tool-specific permission rules", and what Claude Code 2.1.332
refused of some 200 calls. Where a command can't be read, or its program is not known, a pattern for Bash matches.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit

from candela_tui.claude_code.permissions.paths import PathPattern, Place
from candela_tui.claude_code.permissions.shell import Command, ShellLine, read_line

_PATTERN: Final = re.compile(r"(?P<tool>[\w*.-]+)(?:\((?P<about>.*)\))?", re.DOTALL)
_READS: Final = ("Read", "Grep", "Glob", "LS", "NotebookRead")
_WRITES: Final = ("Edit", "Write", "MultiEdit", "NotebookEdit")
_PATHS: Final = ("file_path", "notebook_path", "path")
"""The arguments of these tools that name a file or directory."""
_SAYS_ONLY: Final = frozenset({"echo", "printf", "ls"})
"""Programs that do not open the files that their arguments name."""
_WRITING: Final = frozenset(
    {
        *("chmod", "chown", "cp", "dd", "install", "ln", "mkdir", "mv", "patch", "rm", "rmdir", "sed", "shred", "tee"),
        *("touch", "truncate", "unlink"),
    }
)
"""Programs that change the files that their arguments name."""
_AGENTS: Final = ("Agent", "Task")
_ALL: Final = "*"


class BadPattern(ValueError):
    """A pattern can't be understood. The text says why, for the reader of config.toml."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool: its name and its arguments."""

    name: str
    arguments: Mapping[str, Any]

    def text(self, *names: str) -> str | None:
        """Return the first of these arguments that is a text."""
        found = (self.arguments.get(name) for name in names)
        return next((each for each in found if isinstance(each, str)), None)


@dataclass(frozen=True)
class JudgedCall:
    """A call, and what it means where the client is: read once, however many patterns look at it."""

    call: ToolCall
    place: Place

    @cached_property
    def line(self) -> ShellLine | None:
        """What a call of Bash would do; None for other tools, and if it has no command."""
        text = self.call.text("command") if self.call.name == "Bash" else None
        return read_line(text, self.place.home) if text is not None else None


Matches = Callable[[ToolCall, Place], bool]


@dataclass(frozen=True, slots=True)
class ToolPattern:
    """One pattern of calls."""

    text: str
    """As it is written."""
    tools: tuple[str, ...]
    """Patterns of the tools' names."""
    matches_arguments: Matches | None
    """None matches any arguments."""
    commands: "CommandPattern | None" = None
    """For Bash: the pattern of its commands."""

    def names(self, tool: str) -> bool:
        """Return whether it is about a tool, whatever the arguments."""
        return any(fnmatchcase(tool, each) for each in self.tools)

    def may_deny(self, tool: str) -> bool:
        """Return whether it may be about a call of a tool: a line for Bash may also name files."""
        return self.names(tool) or (tool == "Bash" and isinstance(self.matches_arguments, _OfFiles))

    @property
    def is_for_whole_tool(self) -> bool:
        """Whether it matches every call of its tools."""
        return self.matches_arguments is None and self.commands is None

    @property
    def is_relative(self) -> bool:
        """Whether it means something else in another directory."""
        files = self.matches_arguments
        return isinstance(files, _OfFiles) and files.pattern.is_relative


def parse_pattern(text: str) -> ToolPattern:
    """Read a pattern. Raises BadPattern."""
    found = _PATTERN.fullmatch(text.strip())
    if found is None:
        raise BadPattern('it is not a tool such as Bash, or a tool with its arguments such as "Bash(git push *)"')
    tool, about = found["tool"], found["about"]
    about = about.strip() if about is not None else _ALL
    if about in ("", _ALL):
        # A server's name alone stands for all its tools.
        whole_server = tool.startswith("mcp__") and tool.count("__") == 1
        names = (tool, f"{tool}__*") if whole_server else _AGENTS if tool in _AGENTS else (tool,)
        return ToolPattern(text, names, None)
    if tool == "Bash":
        return ToolPattern(text, (tool,), None, CommandPattern(about))
    if tool in (*_READS, *_WRITES):
        return _file_pattern(text, tool, about)
    if tool == "WebFetch":
        return ToolPattern(text, (tool,), _of_domain(about))
    if tool in _AGENTS:
        return ToolPattern(text, _AGENTS, lambda call, _: call.text("subagent_type") == about)
    if tool == "Skill":
        wanted = CommandPattern(about)
        return ToolPattern(text, (tool,), lambda call, _: wanted.matches_text(call.text("skill", "command") or ""))
    raise BadPattern(f"{tool} has no arguments that a rule can name: leave out ({about})")


class CommandPattern:
    """A pattern of commands: ``*`` stands for any characters; `` *`` or ``:*`` at its end also for none."""

    def __init__(self, text: str) -> None:
        beginning, ends_open = text, False
        for ending in (":*", " *"):
            if text.endswith(ending):
                beginning, ends_open = text.removesuffix(ending), True
                break
        body = ".*".join(map(re.escape, " ".join(beginning.split()).split("*")))
        self._regex = re.compile(body + (r"(?: .*)?" if ends_open else ""), re.DOTALL)
        self.is_of_lines = any(operator in text for operator in "|&;<>")
        """Whether it is about several commands together, such as ``curl * | sh``."""

    def matches_text(self, text: str) -> bool:
        """Return whether a text as it stands is one of these commands."""
        return self._regex.fullmatch(text) is not None

    def matches(self, command: Command) -> bool:
        """Return whether it is one of these commands, also without its quotes, or the program's directory."""
        plain, named = " ".join(command.words), " ".join((command.name, *command.words[1:]))
        return any(map(self.matches_text, dict.fromkeys((command.written, plain, named))))


def denying(deny: Iterable[ToolPattern], allow: Iterable[ToolPattern], judged: JudgedCall) -> str | None:
    """Return the first pattern of ``deny``, as it is written, that a call matches and no pattern of ``allow`` excepts.

    Of a line for Bash, each command is judged alone.
    """
    call, place = judged.call, judged.place
    exceptions = [pattern for pattern in allow if pattern.names(call.name)]
    denials = [pattern for pattern in deny if pattern.names(call.name)]
    if any(_matches_whole(pattern, call, place) for pattern in exceptions):
        return None
    for pattern in denials:
        if pattern.commands is None:
            if _matches_whole(pattern, call, place):
                return pattern.text
        elif judged.line is not None and _denies_line(pattern.commands, exceptions, judged.line, call):
            return pattern.text
    line = judged.line
    return next((each.text for each in deny if _names_file_of(each, line, place)), None) if line is not None else None


def _matches_whole(pattern: ToolPattern, call: ToolCall, place: Place) -> bool:
    if pattern.commands is not None:
        return False
    return pattern.matches_arguments is None or pattern.matches_arguments(call, place)


def _denies_line(denied: CommandPattern, exceptions: Iterable[ToolPattern], line: ShellLine, call: ToolCall) -> bool:
    if not line.is_whole:
        return True
    if denied.is_of_lines and denied.matches_text(" ".join((call.text("command") or "").split())):
        return True
    excepted = [each.commands for each in exceptions if each.commands is not None]
    return any(
        (not command.is_known or denied.matches(command)) and not any(each.matches(command) for each in excepted)
        for command in line.commands
    )


@dataclass(frozen=True, slots=True)
class _OfFiles:
    """Matches calls about the files of a pattern."""

    pattern: PathPattern
    writes: bool

    def __call__(self, call: ToolCall, place: Place) -> bool:
        return any(self.has(path, place) for name in _PATHS if (path := call.text(name)) is not None)

    def has(self, path: str, place: Place) -> bool:
        """Return whether a file is one of them."""
        return self.pattern.matches(path, place)


def _file_pattern(text: str, tool: str, about: str) -> ToolPattern:
    writes = tool in _WRITES
    try:
        files = _OfFiles(PathPattern(about), writes)
    except ValueError as error:
        raise BadPattern(f'"{about}" is not a pattern of files: {error}') from None
    # The client writes no file that it may not read.
    return ToolPattern(text, _WRITES if writes else (*_READS, *_WRITES), files)


def _names_file_of(pattern: ToolPattern, line: ShellLine, place: Place) -> bool:
    """Return whether a shell line reads or writes a file that a pattern for Read or Edit is about."""
    files = pattern.matches_arguments
    if not isinstance(files, _OfFiles):
        return False
    redirected = line.written if files.writes else line.read
    return any(files.has(path, place) for path in (*redirected, *_named(line, written=files.writes)))


def _named(line: ShellLine, *, written: bool) -> Iterator[str]:
    """Yield the arguments that may be files which are written, or read."""
    for command in line.commands:
        if command.name in _WRITING if written else command.name not in _SAYS_ONLY:
            for word in command.words[1:]:
                # Also the end of ``--file=NAME`` and ``of=NAME``.
                yield from dict.fromkeys((word, word.rpartition("=")[2]))


def _of_domain(about: str) -> Matches:
    kind, _, domain = about.partition(":")
    if kind != "domain" or not domain:
        raise BadPattern('after WebFetch, only "domain:" with a host is known, such as WebFetch(domain:example.com)')
    wanted = domain.lower()

    def matches(call: ToolCall, _: Place) -> bool:
        try:
            host = urlsplit(call.text("url") or "").hostname or ""
        except ValueError:
            # It is not a URL, and no request will be made.
            return False
        return fnmatchcase(host, wanted)

    return matches
