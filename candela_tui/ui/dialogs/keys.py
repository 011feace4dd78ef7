"""The keys that work on a screen, read from its bindings."""

from collections.abc import Iterator

from textual.app import App
from textual.binding import ActiveBinding, Binding
from textual.screen import Screen

from candela_tui.ui.dialogs.dialog import Dialog
from candela_tui.ui.ink import Line

_NAMES = {
    "ctrl+": "^",
    "pagedown": "page down",
    "pageup": "page up",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "exclamation_mark": "!",
    "question_mark": "?",
    "slash": "/",
    "enter": "⏎",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "escape": "esc",
}


def key_lines(screen: Screen[object]) -> list[Line]:
    """One line an action: its keys, and what it does; grouped by where it works."""
    groups: dict[str, dict[str, tuple[list[str], str]]] = {}
    for active in own_bindings(screen):
        binding = active.binding
        if isinstance(active.node, App):
            group = "Everywhere"
        elif isinstance(active.node, Screen):
            group = "This screen"
        else:
            group = "The list or text with the focus"
        keys, _ = groups.setdefault(group, {}).setdefault(binding.action, ([], binding.tooltip or binding.description))
        name = key_name(binding.key)
        if name not in keys:
            keys.append(name)
    lines: list[Line] = []
    for group, actions in groups.items():
        lines += [((group, "heading"),)]
        for keys, description in actions.values():
            lines.append(((f"  {'  '.join(keys):<22} ", "accent"), (description, "text")))
        lines.append(())
    return lines[:-1]


def own_bindings(screen: Screen[object]) -> Iterator[ActiveBinding]:
    """The bindings that work on a screen and are candela's own, not those that every Textual widget has."""
    for active in screen.active_bindings.values():
        classes = [cls for cls in type(active.node).__mro__ if cls.__module__.startswith("candela_tui.")]
        declared = (binding for cls in classes for binding in Binding.make_bindings(cls.__dict__.get("BINDINGS", ())))
        if active.binding.description and active.binding.action in {binding.action for binding in declared}:
            yield active


def key_name(key: str) -> str:
    """A key as it is printed on a keyboard."""
    if key.startswith("ctrl+"):
        return f"^{key_name(key[5:])}"
    return _NAMES.get(key, key)


class KeysDialog(Dialog[None]):
    """Help."""

    def __init__(self, lines: list[Line]) -> None:
        super().__init__("Keys", lines, "esc close", scrolls=True)
