"""The names of the columns above the list of requests."""

from dataclasses import dataclass

from textual import events
from textual.message import Message

from candela_tui.ui.dashboard.columns import BY_TIME
from candela_tui.ui.dashboard.table import PREFIX, Column, Table
from candela_tui.ui.ink import Line, Piece, fitted
from candela_tui.ui.lines.one_line import OneLine


class Heading(OneLine):
    """Says by which column the list is ordered; a click on another asks for that."""

    DEFAULT_CSS = """
    Heading { padding: 0 1 0 0; }
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
        """Show by which column the list is ordered."""
        self._order = (column, descending)
        self.refresh()

    def compose_line(self, width: int) -> Line:
        """The columns' names."""
        column, descending = self._order
        return column_names(self._table, width, column, descending=descending)

    def on_click(self, event: events.Click) -> None:
        """Order by the column that was clicked."""
        column = _column_at(self._table, self.size.width, event.x)
        if column is not None:
            self.post_message(self.Clicked(column))


def column_names(table: Table, width: int, ordered_by: Column, *, descending: bool) -> Line:
    """Return the names of the columns, with an arrow at the one that gives the order.

    In front of them ``+3`` says that three chosen columns have no room.
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
            # The name fills its column: the arrow takes the gap beside it.
            if column.right:
                pieces[-1] = (f"{pieces[-1][0][:-1]}{arrow}", "accent")
            else:
                gap = (arrow, "accent")
            pieces.append((column.name, "accent"))
        pieces.append(gap)
    return tuple(pieces)


def _column_at(table: Table, width: int, x: int) -> Column | None:
    """The column whose heading is at a cell of the line."""
    left = PREFIX
    for column, cells in table.fit(width):
        # The gap belongs to the heading that is next to it.
        start, end = (left - 1, left + cells) if column.right else (left, left + cells + 1)
        if start <= x < end:
            return column
        left += cells + 1
    return None
