"""A dialog that chooses a theme and previews the one with the cursor."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.timer import Timer

from candela_tui.ui.screens.dialogs.dialog import Dialog
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.rows.row_list import RowList

_LOOK_AFTER_S = 0.12
"""Changing the theme costs some 50 ms: too much for each row that the cursor passes."""


@dataclass(frozen=True, slots=True)
class _ThemeRow:
    name: str
    note: str
    height: int = 1
    moving: bool = False

    @property
    def key(self) -> Hashable:
        """The name of the theme."""
        return self.name

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Draw the name and the note."""
        return ((f" {self.name:<24}", "text"), (self.note, "dim"))


_NOTES = {
    "candela-clear-dark": "distinct with any colour vision",
    "candela-clear-light": "distinct with any colour vision",
    "ansi-dark": "uses the terminal's colours",
    "ansi-light": "uses the terminal's colours",
}


def _place(name: str) -> tuple[bool, bool, str]:
    """Sort candela's themes first, then the terminal's, then the others."""
    return not name.startswith("candela-"), not name.startswith("ansi-"), name


class ThemeDialog(Dialog[str]):
    """Ask for a theme. Without an answer, the previous theme is restored."""

    BOX_CLASSES = "-tall"

    def __init__(self, themes: Iterable[str], current: str) -> None:
        super().__init__("Theme", "⏎ use · esc cancel")
        self._current = current
        self._themes = RowList()
        self._rows = [_ThemeRow(name, _NOTES.get(name, "")) for name in sorted(themes, key=_place)]
        self._timer: Timer | None = None

    def contents(self) -> ComposeResult:
        """Lay out the themes."""
        yield self._themes

    def on_mount(self) -> None:
        """Put the cursor on the current theme."""
        self._themes.show_rows(self._rows)
        self._themes.move_to(self._current)

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_LOOK_AFTER_S, self._look)

    def _look(self) -> None:
        if self._themes.cursor_key is not None:
            self.app.theme = str(self._themes.cursor_key)

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        self.dismiss(str(event.key))

    def action_close(self) -> None:
        """Restore the previous theme."""
        self.app.theme = self._current
        self.dismiss(None)
