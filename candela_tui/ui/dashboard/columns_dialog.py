"""Chooses the columns of the requests."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from candela_tui.ui.dashboard.columns import COLUMNS, columns_named
from candela_tui.ui.dashboard.table import Column
from candela_tui.ui.dialogs.dialog import Dialog
from candela_tui.ui.ink import Line, fitted
from candela_tui.ui.rows.row_list import RowList

_SIGN_CELLS = 5
_NO_ROOM = " · no room"


@dataclass(frozen=True, slots=True)
class _ColumnRow:
    key: str
    about: str
    chosen: bool
    has_room: bool = True
    height: int = 1
    moving: bool = False

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Draw whether it is shown, its name, what it says, and whether the terminal is too narrow for it."""
        crowded = self.chosen and not self.has_room
        note = _NO_ROOM if crowded else ""
        return (
            (" ✓ " if self.chosen else " · ", "warn" if crowded else "good" if self.chosen else "faint"),
            (f" {fitted(self.key, 11)}", "text" if self.chosen else "dim"),
            (fitted(self.about, max(0, width - 15 - len(note))), "dim"),
            (note, "warn"),
        )


class ColumnsDialog(Dialog[None]):
    """Every change is told at once, with the names of the columns that are chosen, in their order."""

    DEFAULT_CSS = """
    ColumnsDialog RowList { background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "toggle_column", "Show or hide", tooltip="Show or hide the column", id="columns.toggle"),
        Binding("K,minus,shift+up", "move(-1)", "Earlier", tooltip="Further to the left", id="columns.earlier"),
        Binding("J,plus,shift+down", "move(1)", "Later", tooltip="Further to the right", id="columns.later"),
        Binding("r", "reset", "As at first", tooltip="The columns that candela comes with", id="columns.reset"),
    ]

    def __init__(
        self,
        columns: Sequence[Column],
        changed: Callable[[tuple[str, ...]], None],
        without_room: Callable[[], Collection[Column]],
    ) -> None:
        super().__init__("Columns", "space show · J K move · r as at first · esc close")
        self._columns = _with_the_others(columns)
        self._chosen = {column.name for column in columns}
        self._changed = changed
        self._without_room = without_room
        self._rows = RowList()

    def contents(self) -> ComposeResult:
        """All columns."""
        self._rows.styles.height = len(self._columns)
        self._rows.styles.max_height = "100%"
        yield self._rows

    def on_mount(self) -> None:
        """Show the columns."""
        self._show()
        self._rows.focus()

    def _show(self) -> None:
        crowded = self._without_room()
        self._rows.show_rows(
            _ColumnRow(one.name, one.about, one.name in self._chosen, one not in crowded) for one in self._columns
        )

    def _tell(self) -> None:
        self._changed(tuple(column.name for column in self._columns if column.name in self._chosen))
        self._show()

    def action_toggle_column(self) -> None:
        """Show or hide the column with the cursor; one column stays."""
        name = str(self._rows.cursor_key)
        if self._chosen != {name}:
            self._chosen ^= {name}
            self._tell()

    def action_move(self, step: int) -> None:
        """Move the column with the cursor."""
        place = self._rows.cursor
        if 0 <= place + step < len(self._columns):
            self._columns.insert(place + step, self._columns.pop(place))
            self._tell()

    def action_reset(self) -> None:
        """Go back to the columns that candela comes with."""
        columns = columns_named(())
        self._columns = _with_the_others(columns)
        self._chosen = {column.name for column in columns}
        self._changed(())
        self._show()

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        event.stop()
        self.action_toggle_column()

    @on(events.Click)
    def _clicked(self, event: events.Click) -> None:
        """A click on the sign shows or hides."""
        place = event.screen_offset - self._rows.region.offset
        if self._rows.region.contains_point(event.screen_offset) and place.x < _SIGN_CELLS and event.chain == 1:
            self.action_toggle_column()


def _with_the_others(columns: Sequence[Column]) -> list[Column]:
    """Columns, with those that are not among them each behind the one that it usually follows."""
    every = list(columns)
    for before, column in _usual_order():
        if column not in every:
            every.insert(every.index(before) + 1 if before in every else len(every), column)
    return every


def _usual_order() -> Iterator[tuple[Column | None, Column]]:
    before: Column | None = None
    for column in COLUMNS:
        yield before, column
        before = column
