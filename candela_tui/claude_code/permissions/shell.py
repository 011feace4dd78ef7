"""Reads which programs a line of shell script runs, wherever in it they stand.

A line is read, never run. What a script from elsewhere does (a file, a download, a pipe into a shell) can't be seen.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Final

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

_SHELLS: Final = frozenset({"sh", "bash", "zsh", "dash", "ksh", "ash", "fish"})
_WRAPPERS: Final = frozenset(
    {
        *("builtin", "busybox", "caffeinate", "chroot", "chrt", "command", "coproc", "doas", "env", "exec", "find"),
        *("flock", "ionice", "ltrace", "nice", "nohup", "nsenter", "parallel", "runuser", "script", "setpriv"),
        *("setsid", "ssh", "stdbuf", "strace", "su", "sudo", "systemd-run", "taskset", "time", "timeout", "trap"),
        *("unshare", "watch", "xargs"),
    }
)
"""Programs that run what their arguments name. Their options are not read: any argument may begin the command."""
_MOST_ARGUMENTS: Final = 64
"""Arguments of a wrapper within which its command must begin."""
_DEEPEST: Final = 8
"""Levels of scripts in scripts, such as ``sh -c "sh -c …"``."""
_COMMAND_OPTION: Final = re.compile(r"-\w*c\w*")
_ESCAPED: Final = re.compile(r"\\(\n|.)", re.DOTALL)
_ESCAPED_IN_STRING: Final = re.compile(r'\\(\n|[$`"\\])')
_EXPANSIONS: Final = ("simple_expansion", "expansion")
_SUBSTITUTIONS: Final = ("command_substitution", "process_substitution", "arithmetic_expansion")
_OTHER_COMMANDS: Final = ("declaration_command", "unset_command", "test_command")


@dataclass(frozen=True, slots=True)
class Command:
    """One program with its arguments, without quotes, assignments and redirections."""

    words: tuple[str, ...]
    is_known: bool
    """Whether the program's name is in the line. It is not if it comes from a variable or another program."""
    written: str
    """The text as it stands in the line."""

    @property
    def name(self) -> str:
        """The program's name without its directory."""
        return PurePosixPath(self.words[0]).name or self.words[0]


@dataclass(slots=True)
class ShellLine:
    """What a line of shell script runs, reads and writes."""

    commands: list[Command] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    """Files that are redirected into a program."""
    written: list[str] = field(default_factory=list)
    """Files that an output is redirected to."""
    is_whole: bool = True
    """Whether all of it could be read."""


def read_line(text: str, home: str) -> ShellLine:
    """Return what a line of shell script would do. ``home`` is the home directory, for ``~`` and ``$HOME``."""
    line = ShellLine()
    _Reader(line, home, 0).read(text)
    return line


class _Reader:
    """Adds one script to a line, and the scripts in its arguments."""

    def __init__(self, line: ShellLine, home: str, depth: int) -> None:
        self._line = line
        self._home = home
        self._depth = depth
        self._source = b""
        self._variables: Mapping[str, str] = {}

    def read(self, text: str) -> None:
        if self._depth > _DEEPEST:
            self._line.is_whole = False
            return
        self._source = text.encode("utf-8", "replace")
        root = _parser().parse(self._source).root_node
        self._line.is_whole &= not root.has_error
        self._variables = self._assigned(root)
        for node in _all_nodes(root):
            if node.type == "command" or node.type in _OTHER_COMMANDS:
                self._add(node)
            elif node.type == "file_redirect":
                self._add_file(node)

    def _assigned(self, root: Node) -> dict[str, str]:
        """Return the variables that the script gives one plain value."""
        values: dict[str, set[str | None]] = {}
        for node in _all_nodes(root):
            name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
            if node.type != "variable_assignment" or name is None:
                continue
            text, known = self._value(value) if value is not None else ("", True)
            values.setdefault(self._text(name), set()).add(text if known else None)
        return {name: value for name, (value, *more) in values.items() if value is not None and not more}

    def _add(self, node: Node) -> None:
        words: list[tuple[str, bool]] = []
        fed: list[str] = []
        for child in node.children:
            if child.type == "herestring_redirect":
                fed += [self._value(each)[0] for each in child.named_children]
            elif child.type == "command_name":
                words.append(self._value(child.named_children[0]))
            elif child.type != "file_redirect" and (node.type != "command" or child.type != "variable_assignment"):
                words.append(self._value(child))
        parent = node.parent
        if parent is not None and parent.type == "redirected_statement":
            fed += [self._text(each) for each in _all_nodes(parent) if each.type == "heredoc_body"]
        if not words:
            return
        command = Command(tuple(word for word, _ in words), words[0][1], " ".join(self._text(node).split()))
        self._line.commands.append(command)
        self._unwrap(command, fed)

    def _unwrap(self, command: Command, fed: list[str]) -> None:
        """Add what a command runs because its arguments, or its input, say so."""
        if command.name in _WRAPPERS:
            last = min(len(command.words), _MOST_ARGUMENTS)
            self._line.is_whole &= len(command.words) <= _MOST_ARGUMENTS
            for number in range(1, last):
                inner = replace(command, words=command.words[number:])
                self._line.commands.append(inner)
                self._run_scripts(inner, fed)
            for word in command.words[1:last]:
                if len(word.split()) > 1:
                    self._read_inner(word)
        self._run_scripts(command, fed)

    def _run_scripts(self, command: Command, fed: list[str]) -> None:
        arguments = command.words[1:]
        if command.name == "eval":
            self._read_inner(" ".join(arguments))
        elif command.name in _SHELLS:
            for option, script in pairwise(arguments):
                if _COMMAND_OPTION.fullmatch(option):
                    self._read_inner(script)
            for script in fed:
                self._read_inner(script)

    def _read_inner(self, text: str) -> None:
        _Reader(self._line, self._home, self._depth + 1).read(text)

    def _add_file(self, node: Node) -> None:
        target = node.child_by_field_name("destination")
        if target is None:
            return
        operator = next((child.type for child in node.children if not child.is_named), "")
        files = self._line.read if operator.startswith("<") else self._line.written
        files.append(self._value(target)[0])

    def _value(self, node: Node) -> tuple[str, bool]:
        """Return a word as the program gets it, and whether that is known: what is not stays as it is written."""
        kind, text = node.type, self._text(node)
        if kind in _EXPANSIONS:
            name = next((self._text(child) for child in node.named_children if child.type == "variable_name"), None)
            # Only a bare variable: ``${X:-…}`` has more than one named child.
            if name is not None and len(node.named_children) == 1:
                value = self._home if name == "HOME" else self._variables.get(name)
                if value is not None:
                    # The grammar gives blanks in front of it to the variable (tree-sitter-bash 0.25).
                    return text[: len(text) - len(text.lstrip())] + value, True
            return text, False
        if kind in _SUBSTITUTIONS:
            return text, False
        if kind == "raw_string":
            return text[1:-1], True
        if kind == "ansi_c_string":
            return text[2:-1].encode("latin-1", "backslashreplace").decode("unicode_escape", "replace"), True
        if kind == "string":
            return self._joined(node, text[:1], text[-1:])
        if kind in ("concatenation", "translated_string", "command_name"):
            return self._joined(node, "", "")
        if kind == "string_content":
            return _ESCAPED_IN_STRING.sub(_unescaped, text), True
        if text == "~" or text.startswith("~/"):
            text = self._home + text[1:]
        return _ESCAPED.sub(_unescaped, text), True

    def _joined(self, node: Node, opening: str, closing: str) -> tuple[str, bool]:
        """Return the values of a node's parts, with the text between them, less its quotes."""
        values, known, at = [], True, node.start_byte + len(opening)
        for child in node.children:
            if not child.is_named:
                continue
            value, is_known = self._value(child)
            values += [self._between(at, child.start_byte), value]
            known, at = known and is_known, child.end_byte
        values.append(self._between(at, node.end_byte - len(closing)))
        return "".join(values), known

    def _between(self, start: int, end: int) -> str:
        return self._source[start:end].decode("utf-8", "replace")

    def _text(self, node: Node) -> str:
        return self._between(node.start_byte, node.end_byte)


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def _all_nodes(root: Node) -> Iterator[Node]:
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        pending += reversed(node.children)


def _unescaped(found: re.Match[str]) -> str:
    return "" if found[1] == "\n" else found[1]
