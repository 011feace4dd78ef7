"""What the command line can do: every action by its name, and verbs that take a value."""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, runtime_checkable

from textual.screen import Screen

from candela_tui.ui.actions import actions_of


@dataclass(frozen=True, slots=True)
class Verb:
    """A command with a value: ``:theme nord``, ``:sort cost``."""

    name: str
    meaning: str
    run: Callable[[str], None]
    """Called with what follows the name; it tells what is wrong with it itself."""
    values: Iterable[str] = ()
    """What may follow, to complete it."""


@runtime_checkable
class Commanding(Protocol):
    """A screen, pane or app that adds verbs to the command line while it is on the screen."""

    def verbs(self) -> Iterable[Verb]:
        """Its verbs, as they work now."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One line of what could be typed."""

    text: str
    meaning: str


class Commands:
    """Verbs by name."""

    def __init__(self, verbs: Iterable[Verb]) -> None:
        self._verbs: dict[str, Verb] = {}
        for verb in verbs:
            self._verbs.setdefault(verb.name, verb)

    def completions(self, typed: str) -> list[Completion]:
        """What could be meant: names that begin so first, then those that say it somewhere."""
        name, space, value = typed.lstrip().partition(" ")
        if space:
            verb = self._verbs.get(name)
            values = [str(known) for known in verb.values] if verb else []
            return [Completion(f"{name} {known}", "") for known in _matching(value.strip(), values)]
        # Whole names are for those who write them: each action is there by the end of its name, too.
        verbs = {known: verb for known, verb in self._verbs.items() if "." in name or "." not in known}
        names = _matching(name, verbs)
        by_meaning = [verb.name for verb in verbs.values() if _says(verb.meaning, name)]
        return [Completion(name, self._verbs[name].meaning) for name in dict.fromkeys([*names, *by_meaning])]

    def find(self, typed: str) -> tuple[Verb, str] | str:
        """The verb that was typed and its value; or, in words, why there is none."""
        name, _, value = typed.strip().partition(" ")
        if name in self._verbs:
            return self._verbs[name], value.strip()
        beginning = [known for known in self._verbs if known.startswith(name)]
        if len(beginning) == 1:
            return self._verbs[beginning[0]], value.strip()
        if beginning:
            return f"{name!r} may be {' or '.join(beginning[:4])}"
        near = nearest(name, self._verbs)
        return f"There is no command {name!r}" + (f"; did you mean {near!r}?" if near else "")


def commands_of(screen: Screen[object]) -> Commands:
    """What can be done on a screen: verbs of what is on it, every action by its id and by the end of it."""
    verbs = [
        verb
        for node in (*screen.walk_children(), screen, screen.app)
        if isinstance(node, Commanding)
        for verb in node.verbs()
    ]
    actions = [
        Verb(action.id, action.meaning, partial(_run, screen, action.call, action.node))
        for action in actions_of(screen)
        if action.enabled
    ]
    short = [Verb(verb.name.rpartition(".")[2], verb.meaning, verb.run) for verb in actions]
    return Commands([*verbs, *short, *actions])


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant."""
    near = difflib.get_close_matches(name, list(known), 1, 0.5)
    return near[0] if near else None


def _run(screen: Screen[object], call: str, node: object, _: str) -> None:
    screen.app.call_later(screen.app.run_action, call, node)


def _says(meaning: str, typed: str) -> bool:
    """Whether some word of it begins so. Two letters begin too many."""
    return len(typed) > 2 and any(word.startswith(typed.casefold()) for word in meaning.casefold().split())


def _matching(typed: str, names: Iterable[str]) -> list[str]:
    wanted = typed.casefold()
    inside = [name for name in names if wanted in name.casefold()]
    return sorted(inside, key=lambda name: (not name.casefold().startswith(wanted), "." in name))
