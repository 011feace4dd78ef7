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
        return _names(self._table, width, column, descending=descending)

    def on_click(self, event: events.Click) -> None:
        """Order by the column that was clicked."""
        column = _column_at(self._table, self.size.width, event.x)
        if column is not None:
            self.post_message(self.Clicked(column))


def _names(table: Table, width: int, ordered_by: Column, *, descending: bool) -> Line:
    """The names of the columns; an arrow is at the one that gives the order."""
    pieces: list[Piece] = [(" " * PREFIX, "dim")]
    arrow = "↓" if descending else "↑"
    for column, cells in table.fit(width):
        if column is not ordered_by:
            pieces.append((fitted(column.name, cells, right=column.right), "dim"))
        elif not column.right:
            pieces.append((fitted(f"{column.name}{arrow}", cells), "accent"))
        elif len(column.name) < cells:
            pieces.append((fitted(f"{arrow}{column.name}", cells, right=True), "accent"))
        else:
            # The name fills its column: the arrow takes the gap before it.
            pieces[-1] = (f"{pieces[-1][0][:-1]}{arrow}", "accent") if len(pieces) == 1 else (arrow, "accent")
            pieces.append((column.name, "accent"))
        pieces.append((" ", "dim"))
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
