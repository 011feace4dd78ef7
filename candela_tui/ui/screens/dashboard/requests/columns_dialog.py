"""The dialog that chooses the columns of the requests."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType

from candela_tui.text.cells import fitted
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.dashboard.requests.columns import COLUMNS, columns_named
from candela_tui.ui.screens.dashboard.requests.table import Column
from candela_tui.ui.screens.dialogs.dialog import Dialog
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.rows.row_list import RowList

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
        """Draw whether the column is shown, its name, its meaning, and whether it fits."""
        crowded = self.chosen and not self.has_room
        note = _NO_ROOM if crowded else ""
        return (
            (" ✓ " if self.chosen else " · ", "warn" if crowded else "good" if self.chosen else "faint"),
            (f" {fitted(self.key, 11)}", "text" if self.chosen else "dim"),
            (fitted(self.about, max(0, width - 15 - len(note))), "dim"),
            (note, "warn"),
        )


class ColumnsDialog(Dialog[None]):
    """Choose columns. Each change is passed on at once: the names of the chosen columns in their order."""

    DEFAULT_CSS = """
    ColumnsDialog RowList { background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("columns.toggle", "space,enter", "toggle_column", "Show or hide", "Show or hide the column", footer=True),
        bind("columns.earlier", "K,minus,shift+up", "move(-1)", "Earlier", "Move the column to the left", footer=True),
        bind("columns.later", "J,plus,shift+down", "move(1)", "Later", "Move the column to the right", footer=True),
        bind("columns.reset", "r", "reset", "Reset", "Reset to the default columns", footer=True),
    ]

    def __init__(
        self,
        columns: Sequence[Column],
        changed: Callable[[tuple[str, ...]], None],
        without_room: Callable[[], Collection[Column]],
    ) -> None:
        super().__init__("Columns", "space show · J K move · r reset · esc close")
        self._columns = _with_the_others(columns)
        self._chosen = {column.name for column in columns}
        self._changed = changed
        self._without_room = without_room
        self._rows = RowList()

    def contents(self) -> ComposeResult:
        """Lay out the list of columns."""
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
        """Show or hide the column with the cursor; the last column stays."""
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
        """Go back to the default columns."""
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
        """Show or hide a column by a click on its sign."""
        place = event.screen_offset - self._rows.region.offset
        if self._rows.region.contains_point(event.screen_offset) and place.x < _SIGN_CELLS and event.chain == 1:
            self.action_toggle_column()


def _with_the_others(columns: Sequence[Column]) -> list[Column]:
    """Return columns together with the others, each of those after its usual predecessor."""
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
