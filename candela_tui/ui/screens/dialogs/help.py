"""The help: what can be done here with which keys, and what the signs on the screens mean."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input

from candela_tui.text.cells import fitted
from candela_tui.ui.keys.actions import Action
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.dialogs.dialog import Dialog
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.text_view.text_view import TextView
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

_KEYS_WIDTH = 16
_ID_WIDTH = 26
_LEAST_MEANING = 36


Legend = Mapping[str, Sequence[tuple[str, str]]]
"""Signs and words with their meanings, by the title of their group."""


def key_lines(actions: Sequence[Action], legend: Legend, width: int, wanted: str = "") -> list[Line]:
    """Return a line for each action and sign that contains all of the wanted words, in groups."""
    words = wanted.casefold().split()
    chosen = [action for action in actions if all(word in _said(action) for word in words)]
    lines: list[Line] = []
    for where, group in groupby(chosen, key=lambda action: action.scope):
        if lines:
            lines.append(())
        lines.append(((where.value, "heading"),))
        lines += [_line(action, width) for action in group]
    for title, entries in legend.items():
        found = [entry for entry in entries if all(word in " ".join(entry).casefold() for word in words)]
        if found:
            lines += [(), ((title, "heading"),)] if lines else [((title, "heading"),)]
            lines += [_legend_line(sign, meaning, width) for sign, meaning in found]
    return lines or [((f"Nothing matches {wanted!r}", "dim"),)]


def _legend_line(sign: str, meaning: str, width: int) -> Line:
    said = fitted(meaning, width - _KEYS_WIDTH - 3)
    return ((f"  {fitted(sign, _KEYS_WIDTH)} ", "accent"), (said, "text"))


def _said(action: Action) -> str:
    return " ".join((*action.keys, action.name, action.meaning, action.id)).casefold()


def _line(action: Action, width: int) -> Line:
    keys = "  ".join(action.keys) or "no key"
    style = "dim" if not action.keys or not action.enabled else "accent"
    ids = _ID_WIDTH if width - _KEYS_WIDTH - _ID_WIDTH - 4 >= _LEAST_MEANING else 0
    meaning = fitted(action.meaning, width - _KEYS_WIDTH - ids - 3)
    line: Line = ((f"  {fitted(keys, _KEYS_WIDTH)} ", style), (meaning, "text" if action.enabled else "dim"))
    return (*line, (f" {fitted(action.id, ids - 1)}", "dim")) if ids else line


class HelpDialog(Dialog[None], inherit_bindings=False):
    """Show actions and a legend. Typing filters both."""

    BOX_CLASSES = "-tall -wide"
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("help.close", "escape", "close", "Close", "Clear the filter, or close"),
        bind("help.down", "down", "scroll(1, False)", "Down"),
        bind("help.up", "up", "scroll(-1, False)", "Up"),
        bind("help.page_down", "pagedown,ctrl+f", "scroll(1, True)", "Page down"),
        bind("help.page_up", "pageup,ctrl+b", "scroll(-1, True)", "Page up"),
    ]

    def __init__(self, actions: Sequence[Action], legend: Legend, title: str = "Keys and signs") -> None:
        super().__init__(title, "type to filter · esc close")
        self._actions = actions
        self._legend = legend
        self._view = TextView()
        self._view.can_focus = False
        self._input = Input(placeholder="type to filter", compact=True, id="filter")

    def contents(self) -> ComposeResult:
        """Lay out the filter and the actions."""
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
        # A slash opens the filter of other lists: allow it here, too.
        wanted = self._input.value.removeprefix("/")
        self._view.show_lines(WrittenLines(key_lines(self._actions, self._legend, self._view.text_width, wanted)))

    def action_scroll(self, step: int, pages: bool) -> None:
        """Scroll the list."""
        (self._view.action_pages if pages else self._view.action_lines)(step)

    def action_close(self) -> None:
        """Clear the filter, or close."""
        if self._input.value:
            self._input.value = ""
        else:
            self.dismiss(None)
