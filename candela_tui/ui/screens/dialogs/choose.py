"""A dialog that asks for one of a few options, by key or with the cursor."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from textual import events, on
from textual.app import ComposeResult

from candela_tui.text.cells import fitted
from candela_tui.ui.screens.dialogs.dialog import Dialog
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.rows.row_list import RowList

_LABEL = 26


@dataclass(frozen=True, slots=True)
class Option:
    """An option. Its letter must not be a key that moves the cursor or closes: j, k, g, q."""

    key: Hashable
    letter: str
    label: str
    note: str = ""
    height: int = 1
    moving: bool = False

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Draw the letter, the label and the note."""
        return (
            (f" {self.letter}  ", "accent"),
            (fitted(self.label, _LABEL) if self.note else self.label, "text"),
            (fitted(f" {self.note}", max(0, width - _LABEL - 4)) if self.note else "", "dim"),
        )


class ChooseDialog(Dialog[Hashable]):
    """Ask for an option. The answer is the option's key."""

    DEFAULT_CSS = """
    ChooseDialog RowList { background: $surface; }
    """

    def __init__(self, title: str, options: Sequence[Option]) -> None:
        super().__init__(title, "a letter or ⏎ · esc close")
        self._options = options

    def contents(self) -> ComposeResult:
        """Lay out the options."""
        rows = RowList()
        rows.styles.height = len(self._options)
        yield rows

    def on_mount(self) -> None:
        """Show the options."""
        rows = self.query_one(RowList)
        rows.show_rows(self._options)
        rows.focus()

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        event.stop()
        self.dismiss(event.key)

    @on(events.Click)
    def _clicked(self) -> None:
        self.query_one(RowList).focus()

    def on_key(self, event: events.Key) -> None:
        """Choose an option by its letter."""
        for option in self._options:
            if event.character == option.letter:
                event.stop()
                self.dismiss(option.key)
