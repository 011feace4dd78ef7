"""Chooses a theme, and wears each while it is looked at."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.timer import Timer

from candela_tui.ui.dialogs.dialog import Dialog
from candela_tui.ui.ink import Line
from candela_tui.ui.rows.row_list import RowList

_LOOK_AFTER_S = 0.12
"""Another theme costs some 50 ms: not for each row that the cursor passes."""


@dataclass(frozen=True, slots=True)
class _ThemeRow:
    name: str
    note: str
    height: int = 1
    moving: bool = False

    @property
    def key(self) -> Hashable:
        """The theme."""
        return self.name

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Its name, and what is particular to it."""
        return ((f" {self.name:<24}", "text"), (self.note, "dim"))


_NOTES = {
    "candela-clear-dark": "for every kind of colour vision",
    "candela-clear-light": "for every kind of colour vision",
    "ansi-dark": "the terminal's own colours",
    "ansi-light": "the terminal's own colours",
}


def _place(name: str) -> tuple[bool, bool, str]:
    """candela's own first, then the terminal's, then the others."""
    return not name.startswith("candela-"), not name.startswith("ansi-"), name


class ThemeDialog(Dialog[str]):
    """Answers with the chosen theme; without one the theme of before is worn again."""

    BOX_CLASSES = "-tall"

    def __init__(self, themes: Iterable[str], worn: str) -> None:
        super().__init__("Theme", "⏎ wear · esc keep")
        self._worn = worn
        self._themes = RowList()
        self._rows = [_ThemeRow(name, _NOTES.get(name, "")) for name in sorted(themes, key=_place)]
        self._timer: Timer | None = None

    def contents(self) -> ComposeResult:
        """The themes."""
        yield self._themes

    def on_mount(self) -> None:
        """The cursor is on the theme that is worn."""
        self._themes.show_rows(self._rows)
        self._themes.move_to(self._worn)

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
        """Wear what was worn before."""
        self.app.theme = self._worn
        self.dismiss(None)
