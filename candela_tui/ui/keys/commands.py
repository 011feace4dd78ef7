"""The commands of the command line: every action by its name, and commands that take a value."""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, runtime_checkable

from textual.screen import Screen

from candela_tui.ui.keys.actions import actions_of


@dataclass(frozen=True, slots=True)
class Command:
    """A command that takes a value, such as ``:theme nord`` or ``:sort cost``."""

    name: str
    meaning: str
    run: Callable[[str], None]
    """Called with the text after the name. It reports a wrong value itself."""
    values: Iterable[str] = ()
    """The values that completion offers."""


@runtime_checkable
class HasCommands(Protocol):
    """A screen, pane or app that adds commands to the command line while it is shown."""

    def commands(self) -> Iterable[Command]:
        """Yield the commands that work now."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One suggestion of what to type."""

    text: str
    meaning: str


class Commands:
    """The commands that can be run now, by name."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._commands: dict[str, Command] = {}
        for command in commands:
            self._commands.setdefault(command.name, command)

    def completions(self, typed: str) -> list[Completion]:
        """Return suggestions: names that begin with the typed text first, then names and meanings that contain it."""
        name, space, value = typed.lstrip().partition(" ")
        if space:
            command = self._commands.get(name)
            values = [str(known) for known in command.values] if command else []
            return [Completion(f"{name} {known}", "") for known in _matching(value.strip(), values)]
        # Full names are only suggested to those who type a dot: each action is also known by the last part of its name.
        commands = {known: command for known, command in self._commands.items() if "." in name or "." not in known}
        names = _matching(name, commands)
        by_meaning = [command.name for command in commands.values() if _says(command.meaning, name)]
        return [Completion(name, self._commands[name].meaning) for name in dict.fromkeys([*names, *by_meaning])]

    def find(self, typed: str) -> tuple[Command, str] | str:
        """Return the typed command and its value, or a sentence that says why there is none."""
        name, _, value = typed.strip().partition(" ")
        if name in self._commands:
            return self._commands[name], value.strip()
        beginning = [known for known in self._commands if known.startswith(name)]
        if len(beginning) == 1:
            return self._commands[beginning[0]], value.strip()
        if beginning:
            return f"{name!r} may be {' or '.join(beginning[:4])}"
        near = nearest(name, self._commands)
        return f"There is no command {name!r}" + (f"; did you mean {near!r}?" if near else "")


def commands_of(screen: Screen[object]) -> Commands:
    """Return the commands of a screen: those of its nodes, and every action by its full name and the last part of
    it."""
    commands = [
        command
        for node in (*screen.walk_children(), screen, screen.app)
        if isinstance(node, HasCommands)
        for command in node.commands()
    ]
    actions = [
        Command(action.id, action.meaning, partial(_run, screen, action.call, action.node))
        for action in actions_of(screen)
        if action.enabled
    ]
    short = [Command(command.name.rpartition(".")[2], command.meaning, command.run) for command in actions]
    return Commands([*commands, *short, *actions])


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant, or None."""
    near = difflib.get_close_matches(name, list(known), 1, 0.5)
    return near[0] if near else None


def _run(screen: Screen[object], call: str, node: object, _: str) -> None:
    screen.app.call_later(screen.app.run_action, call, node)


def _says(meaning: str, typed: str) -> bool:
    """Return whether a word of the meaning begins with the typed text. One or two letters would match too much."""
    return len(typed) > 2 and any(word.startswith(typed.casefold()) for word in meaning.casefold().split())


def _matching(typed: str, names: Iterable[str]) -> list[str]:
    wanted = typed.casefold()
    inside = [name for name in names if wanted in name.casefold()]
    return sorted(inside, key=lambda name: (not name.casefold().startswith(wanted), "." in name))
