"""Check the keys that the user sets in ``[ui.keys]`` of config.toml."""

import difflib
import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import Keys, _character_to_key, key_to_character
from textual.screen import Screen

import candela_tui.ui
from candela_tui.ui.keys.actions import NO_KEY, own_bindings

_MODIFIERS = ("ctrl", "shift", "alt", "super", "hyper", "meta")
_NAMED = sorted(
    {key.value for key in Keys if "+" not in key.value and not key.value.startswith("<")}
    | {"space", "slash", "backslash", "comma", "minus", "plus", "underscore", "at", "full_stop", "colon", "semicolon"}
    | {"question_mark", "exclamation_mark", "left_square_bracket", "right_square_bracket"}
    | {"left_curly_bracket", "right_curly_bracket", "dollar_sign", "number_sign", "tilde", "grave_accent"}
)


@dataclass(frozen=True, slots=True)
class Keymap:
    """The keymap for Textual, and the problems for the user."""

    keys: Mapping[str, str]
    mistakes: tuple[str, ...]
    """What is wrong: actions and keys that do not exist. They are left out."""
    clashes: tuple[str, ...]
    """What the user may not expect: actions that lost their key to another one."""


def keymap(configured: Mapping[str, str]) -> Keymap:
    """Check the configured keys by action id. Wrong entries are left out and reported; the others apply."""
    keys: dict[str, str] = {}
    mistakes: list[str] = []
    known = known_bindings() if configured else {}
    for action, written in configured.items():
        if action not in known:
            near = difflib.get_close_matches(action, known, 1, 0.5)
            remedy = f"did you mean {near[0]!r}?" if near else "the help (?) lists the names"
            mistakes.append(f"[ui.keys] {action!r}: no such action; {remedy}")
            continue
        names = [_long_name(name.strip()) for name in written.split(",")] if written.strip() else []
        wrong = [name for name in names if not _is_key(name)]
        if wrong:
            mistakes += [f"[ui.keys] {action!r}: no such key: {_remedy(name)}" for name in wrong]
        else:
            keys[action] = ",".join(names) or f"{NO_KEY}{action}"
    return Keymap(keys, tuple(mistakes), tuple(_clashes(keys, known)))


@cache
def known_bindings() -> dict[str, tuple[Binding, ...]]:
    """Return the bindings, one per key, of each id that candela's widgets and screens declare."""
    known: dict[str, tuple[Binding, ...]] = {}
    for node in own_nodes():
        for binding in own_bindings(node):
            if binding.id is not None and binding not in known.get(binding.id, ()):
                known[binding.id] = (*known.get(binding.id, ()), binding)
    return known


def own_nodes() -> list[type[DOMNode]]:
    """Return every class of candela's that may have bindings."""
    for module in pkgutil.walk_packages(candela_tui.ui.__path__, "candela_tui.ui."):
        importlib.import_module(module.name)
    return sorted(set(_below(DOMNode)), key=lambda cls: f"{cls.__module__}.{cls.__qualname__}")


def _below(cls: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for below in cls.__subclasses__():
        if below.__module__.startswith("candela_tui."):
            yield below
        yield from _below(below)


def _long_name(key: str) -> str:
    *modifiers, name = key.split("+") if len(key) > 1 else [key]
    return "+".join([*modifiers, _character_to_key(name) if len(name) == 1 else name])


def _is_key(key: str) -> bool:
    *modifiers, name = key.split("+")
    if not all(modifier in _MODIFIERS for modifier in modifiers):
        return False
    if len(name) == 1 and name.isalpha() and "shift" in modifiers:
        return False  # Terminals send the capital letter.
    return name in _NAMED or key_to_character(name) is not None


def _remedy(key: str) -> str:
    *modifiers, name = key.split("+")
    if "shift" in modifiers and len(name) == 1:
        rest = [modifier for modifier in modifiers if modifier != "shift"]
        return f"{key!r}; write {'+'.join([*rest, name.upper()])!r}"
    near = difflib.get_close_matches(name, _NAMED, 1, 0.5)
    return f"{key!r}; did you mean {'+'.join([*modifiers, *near])!r}?" if near else repr(key)


def _clashes(keys: Mapping[str, str], known: Mapping[str, tuple[Binding, ...]]) -> list[str]:
    """Return the actions that lost a key to another action in the same place: one pane or screen, one area (the first
    part of the names), or everywhere."""
    nodes = own_nodes() if keys else []
    places: dict[str, dict[str, tuple[int, str]]] = {}
    for node in nodes:
        depth = 2 if issubclass(node, App) else 1 if issubclass(node, Screen) else 0
        for binding in own_bindings(node):
            if binding.id is not None:
                area = binding.id.partition(".")[0]
                for place in (node.__qualname__, f"{area}."):
                    places.setdefault(place, {})[binding.id] = depth - 3 * binding.priority, binding.id
    everywhere = places.pop("app.", {})
    lost: dict[tuple[str, str], dict[str, None]] = {}
    for here in places.values():
        holders: dict[str, str] = {}
        # The action nearest to the focus gets the key; among several there, the one that the user gave it to.
        for _, action in sorted({**everywhere, **here}.values(), key=lambda one: (one[0], one[1] not in keys)):
            for key in _keys_of(action, keys, known):
                holder = holders.setdefault(key, action)
                if holder != action and (holder in keys or action in keys):
                    lost.setdefault((key, action), {})[holder] = None
    return [_clash(key, list(holders), action) for (key, action), holders in lost.items()]


def _clash(key: str, holders: list[str], loser: str) -> str:
    others = f" and {len(holders) - 1} more" if holders[1:] else ""
    return f"[ui.keys] {key!r} is now bound to {holders[0]!r}{others}; {loser!r} has lost it"


def _keys_of(action: str, keys: Mapping[str, str], known: Mapping[str, tuple[Binding, ...]]) -> list[str]:
    """Return an action's keys, with the user's choice applied."""
    if action in keys:
        return keys[action].split(",")
    return [binding.key for binding in known[action]]
