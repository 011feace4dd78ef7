"""The keys that work on a screen, read from its bindings."""

from textual.app import App
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
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.system or not binding.description or binding.action.startswith("command_palette."):
            continue
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


def key_name(key: str) -> str:
    """A key as it is printed on a keyboard."""
    if key.startswith("ctrl+"):
        return f"^{key_name(key[5:])}"
    return _NAMES.get(key, key)


class KeysDialog(Dialog[None]):
    """Help."""

    def __init__(self, lines: list[Line]) -> None:
        super().__init__("Keys", lines, "esc close", scrolls=True)
