"""Help: what can be done here and with which keys, and what the signs on the screens mean."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from candela_tui.ui.actions import Action
from candela_tui.ui.dialogs.dialog import Dialog
from candela_tui.ui.ink import Line, fitted
from candela_tui.ui.lines.text_view import TextView
from candela_tui.ui.lines.written import WrittenLines

_KEYS_WIDTH = 16
_ID_WIDTH = 26
_LEAST_MEANING = 36


Legend = Mapping[str, Sequence[tuple[str, str]]]
"""Signs and words with their meanings, by the title of their group."""


def key_lines(actions: Sequence[Action], legend: Legend, width: int, wanted: str = "") -> list[Line]:
    """Return a line for each action and sign that says all of the wanted words, in groups."""
    words = wanted.casefold().split()
    chosen = [action for action in actions if all(word in _said(action) for word in words)]
    lines: list[Line] = []
    for where, group in groupby(chosen, key=lambda action: action.where):
        if lines:
            lines.append(())
        lines.append(((where.value, "heading"),))
        lines += [_line(action, width) for action in group]
    for title, entries in legend.items():
        found = [entry for entry in entries if all(word in " ".join(entry).casefold() for word in words)]
        if found:
            lines += [(), ((title, "heading"),)] if lines else [((title, "heading"),)]
            lines += [_legend_line(sign, meaning, width) for sign, meaning in found]
    return lines or [((f"Nothing says {wanted!r}", "dim"),)]


def _legend_line(sign: str, meaning: str, width: int) -> Line:
    said = fitted(meaning, width - _KEYS_WIDTH - 3)
    return ((f"  {fitted(sign, _KEYS_WIDTH)} ", "accent"), (said, "text"))


def _said(action: Action) -> str:
    return " ".join((*action.keys, action.name, action.meaning, action.id)).casefold()


def _line(action: Action, width: int) -> Line:
    keys = "  ".join(action.keys) or "no key"
    ink = "dim" if not action.keys or not action.enabled else "accent"
    ids = _ID_WIDTH if width - _KEYS_WIDTH - _ID_WIDTH - 4 >= _LEAST_MEANING else 0
    meaning = fitted(action.meaning, width - _KEYS_WIDTH - ids - 3)
    line: Line = ((f"  {fitted(keys, _KEYS_WIDTH)} ", ink), (meaning, "text" if action.enabled else "dim"))
    return (*line, (f" {fitted(action.id, ids - 1)}", "dim")) if ids else line


class KeysDialog(Dialog[None], inherit_bindings=False):
    """Shows actions and a legend. What is typed filters both."""

    BOX_CLASSES = "-tall -wide"
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False, tooltip="Empty the filter, or close", id="help.close"),
        Binding("down", "scroll(1, False)", "Down", show=False, id="help.down"),
        Binding("up", "scroll(-1, False)", "Up", show=False, id="help.up"),
        Binding("pagedown,ctrl+f", "scroll(1, True)", "Page down", show=False, id="help.page_down"),
        Binding("pageup,ctrl+b", "scroll(-1, True)", "Page up", show=False, id="help.page_up"),
    ]

    def __init__(self, actions: Sequence[Action], legend: Legend, title: str = "Keys and signs") -> None:
        super().__init__(title, "type to filter · esc close")
        self._actions = actions
        self._legend = legend
        self._view = TextView()
        self._view.can_focus = False
        self._input = Input(placeholder="type to filter", compact=True, id="filter")

    def contents(self) -> ComposeResult:
        """The filter, and the actions."""
        yield self._input
        yield self._view

    @on(TextView.Resized)
    def _resized(self) -> None:
        self._show()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._show()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.dismiss(None)

    def _show(self) -> None:
        # A slash is how other lists are filtered: it may be typed here, too.
        wanted = self._input.value.removeprefix("/")
        self._view.show_lines(WrittenLines(key_lines(self._actions, self._legend, self._view.text_width, wanted)))

    def action_scroll(self, step: int, pages: bool) -> None:
        """Scroll the actions."""
        (self._view.action_pages if pages else self._view.action_lines)(step)

    def action_close(self) -> None:
        """Empty the filter, or close."""
        if self._input.value:
            self._input.value = ""
        else:
            self.dismiss(None)
