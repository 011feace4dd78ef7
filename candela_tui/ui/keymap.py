"""Keys of the user's choice: what ``[ui.keys]`` of config.toml says, and what is wrong with it."""

import difflib
import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import Keys, _character_to_key, key_to_character

import candela_tui.ui
from candela_tui.ui.actions import NO_KEY, own_bindings

_MODIFIERS = ("ctrl", "shift", "alt", "super", "hyper", "meta")
_NAMED = sorted(
    {key.value for key in Keys if "+" not in key.value and not key.value.startswith("<")}
    | {"space", "slash", "backslash", "comma", "minus", "plus", "underscore", "at", "full_stop", "colon", "semicolon"}
    | {"question_mark", "exclamation_mark", "left_square_bracket", "right_square_bracket"}
    | {"left_curly_bracket", "right_curly_bracket", "dollar_sign", "number_sign", "tilde", "grave_accent"}
)


@dataclass(frozen=True, slots=True)
class Keymap:
    """What Textual is given, and what the user is told."""

    keys: Mapping[str, str]
    troubles: tuple[str, ...]


def keymap(configured: Mapping[str, str]) -> Keymap:
    """Check keys by the action's id. What is wrong is left out and told; the rest holds."""
    keys: dict[str, str] = {}
    troubles: list[str] = []
    known = known_bindings() if configured else {}
    for action, written in configured.items():
        if action not in known:
            near = difflib.get_close_matches(action, known, 1, 0.5)
            remedy = f"did you mean {near[0]!r}?" if near else "the help (?) shows the names of the actions"
            troubles.append(f"[ui.keys] {action!r}: no such action; {remedy}")
            continue
        names = [_long_name(name.strip()) for name in written.split(",")] if written.strip() else []
        wrong = [name for name in names if not _is_key(name)]
        if wrong:
            troubles += [f"[ui.keys] {action!r}: no such key: {_remedy(name)}" for name in wrong]
        else:
            keys[action] = ",".join(names) or f"{NO_KEY}{action}"
    return Keymap(keys, (*troubles, *_clashes(keys, known)))


@cache
def known_bindings() -> dict[str, Binding]:
    """A binding for each id that our widgets and screens have."""
    return {binding.id: binding for node in own_nodes() for binding in own_bindings(node) if binding.id is not None}


def own_nodes() -> list[type[DOMNode]]:
    """Every class of ours that may have bindings."""
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


def _clashes(keys: Mapping[str, str], known: Mapping[str, Binding]) -> list[str]:
    """Where two actions of one pane or screen share a key: Textual lets the configured one have it."""
    told: dict[str, None] = {}
    for node in own_nodes() if keys else ():
        holders: dict[str, str] = {}
        bindings = [binding for binding in own_bindings(node) if binding.id is not None]
        # The configured first: they win.
        for binding in sorted(bindings, key=lambda binding: binding.id not in keys):
            assert binding.id is not None
            for key in keys.get(binding.id, binding.key).split(","):
                holder = holders.setdefault(key, binding.id)
                if holder != binding.id and (holder in keys or binding.id in keys):
                    told[f"[ui.keys] {key!r} is for {holder!r} now; {binding.id!r} has lost it"] = None
    return list(told)
