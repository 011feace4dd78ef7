"""The actions that a screen offers now, read from its bindings, for the footer, the help, the palette and the command
line."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import format_key
from textual.screen import Screen

NO_KEY = "no_key."
"""The prefix of the key of an action that has none. No terminal sends such a key."""


class Scope(Enum):
    """Where an action works."""

    PANE = "The pane with the focus"
    SCREEN = "This screen"
    EVERYWHERE = "Everywhere"


@dataclass(frozen=True, slots=True)
class Action:
    """One of candela's own actions, with the keys that the user may have given it."""

    id: str
    """The action's name in config.toml. Without one, it is the function's name."""
    name: str
    meaning: str
    keys: tuple[str, ...]
    """The keys as they are printed on a keyboard; empty if it has none."""
    key_display: str
    """The keys as the footer shows them."""
    scope: Scope
    shown: bool
    """Whether it belongs in the footer."""
    enabled: bool
    call: str
    """The call to run on ``node``, such as ``move(1)``."""
    node: DOMNode


def actions_of(screen: Screen[object]) -> list[Action]:
    """Return candela's own actions that work on a screen: nearest to the focus first, and of those the footer's
    first."""
    found: dict[tuple[str, DOMNode], Action] = {}
    own: dict[type, frozenset[str]] = {}
    for active in screen.active_bindings.values():
        node, binding = active.node, active.binding
        if type(node) not in own:
            own[type(node)] = _own_calls(type(node))
        if not binding.description or binding.action not in own[type(node)]:
            continue
        keys = () if binding.key.startswith(NO_KEY) else (key_name(binding.key),)
        known = found.get((binding.action, node))
        if known is not None:
            keys = tuple(dict.fromkeys((*known.keys, *keys)))
        found[binding.action, node] = Action(
            id=binding.id or binding.action.rpartition(".")[2].partition("(")[0],
            name=binding.description,
            meaning=binding.tooltip or binding.description,
            keys=keys,
            key_display=known.key_display if known else binding.key_display or (keys[0] if keys else ""),
            scope=_scope(node),
            shown=bool(keys) and (binding.show or (known is not None and known.shown)),
            enabled=active.enabled,
            call=binding.action,
            node=node,
        )
    return sorted(found.values(), key=lambda action: (list(Scope).index(action.scope), not action.shown))


def own_bindings(node_type: type) -> Iterator[Binding]:
    """Yield the bindings that candela's classes declare for a widget, screen or app, without Textual's own.

    A class may give a key of its base another name for the same action.
    """
    seen: set[tuple[str, str]] = set()
    for cls in node_type.__mro__:
        if cls.__module__.startswith("candela_tui."):
            for binding in Binding.make_bindings(cls.__dict__.get("BINDINGS", ())):
                if (binding.key, binding.action) not in seen:
                    seen.add((binding.key, binding.action))
                    yield binding


def key_name(key: str) -> str:
    """Return the name of a key as it is printed on a keyboard."""
    if key.startswith("ctrl+"):
        return f"^{key_name(key[5:])}"
    if key.startswith("shift+"):
        return f"⇧{key_name(key[6:])}"
    return format_key(key)


def _own_calls(node_type: type) -> frozenset[str]:
    return frozenset(binding.action for binding in own_bindings(node_type))


def _scope(node: DOMNode) -> Scope:
    if isinstance(node, App):
        return Scope.EVERYWHERE
    return Scope.SCREEN if isinstance(node, Screen) else Scope.PANE
