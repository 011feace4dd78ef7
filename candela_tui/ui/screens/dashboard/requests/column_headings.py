"""The column headings above the list of requests."""

from dataclasses import dataclass

from textual import events
from textual.message import Message

from candela_tui.text.cells import fitted
from candela_tui.ui.screens.dashboard.requests.columns import BY_TIME
from candela_tui.ui.screens.dashboard.requests.table import PREFIX, Column, Table
from candela_tui.ui.style.styled_text import Line, Piece
from candela_tui.ui.widgets.one_line import OneLine


class ColumnHeadings(OneLine):
    """The column headings, with the sort order. A click on one sorts by it."""

    DEFAULT_CSS = """
    ColumnHeadings { padding: 0 1 0 0; }
    """

    @dataclass
    class Clicked(Message):
        """The heading of a column was clicked."""

        column: Column

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._table = table
        self._order = (BY_TIME, False)

    def order(self, column: Column, *, descending: bool) -> None:
        """Show the sort column and its direction."""
        self._order = (column, descending)
        self.refresh()

    def compose_line(self, width: int) -> Line:
        """Compose the headings."""
        column, descending = self._order
        return column_names(self._table, width, column, descending=descending)

    def on_click(self, event: events.Click) -> None:
        """Sort by the column that was clicked."""
        column = _column_at(self._table, self.size.width, event.x)
        if column is not None:
            self.post_message(self.Clicked(column))


def column_names(table: Table, width: int, ordered_by: Column, *, descending: bool) -> Line:
    """Return the column headings, with an arrow at the sort column.

    A leading ``+3`` says that three chosen columns do not fit.
    """
    hidden = len(table.without_room(width))
    pieces: list[Piece] = [(f"{f'+{hidden}' if hidden else '':{PREFIX}}", "accent")]
    arrow = "↓" if descending else "↑"
    for column, cells in table.fit(width):
        gap = (" ", "dim")
        if column is not ordered_by:
            pieces.append((fitted(column.name, cells, right=column.right), "dim"))
        elif len(column.name) < cells:
            name = f"{arrow}{column.name}" if column.right else f"{column.name}{arrow}"
            pieces.append((fitted(name, cells, right=column.right), "accent"))
        else:
            # The name fills its column: the arrow goes into the gap beside it.
            if column.right:
                pieces[-1] = (f"{pieces[-1][0][:-1]}{arrow}", "accent")
            else:
                gap = (arrow, "accent")
            pieces.append((column.name, "accent"))
        pieces.append(gap)
    return tuple(pieces)


def _column_at(table: Table, width: int, x: int) -> Column | None:
    """Return the column whose heading is at a cell of the line."""
    left = PREFIX
    for column, cells in table.fit(width):
        # The gap belongs to the heading beside it.
        start, end = (left - 1, left + cells) if column.right else (left, left + cells + 1)
        if start <= x < end:
            return column
        left += cells + 1
    return None
