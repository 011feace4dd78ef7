"""Rows one below the other. Looking up a row's index or line does not take longer the more rows there are."""

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Sequence
from itertools import accumulate
from typing import Protocol

from candela_tui.ui.style.styled_text import Line


class Row(Protocol):
    """One row. Rows are values: a row equal to the one it replaces is not redrawn."""

    @property
    def key(self) -> Hashable:
        """Identifies the row while its content changes."""

    @property
    def height(self) -> int:
        """How many lines it takes."""

    @property
    def moving(self) -> bool:
        """Whether it is redrawn on each tick."""

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Return one of its lines. ``tick`` counts up while something moves."""


class RowStack:
    """Rows with their indexes and lines.

    The index of each key is only worked out again when a key is looked up that is no longer where it was. If all rows
    have the same height, their lines follow from their indexes.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._rows = list(rows)
        self._places = {row.key: place for place, row in enumerate(self._rows)}
        self._moved = False
        heights = {row.height for row in self._rows}
        self._uniform = heights.pop() if len(heights) == 1 else 1 if not heights else None
        self._tops: list[int] | None = None

    @property
    def rows(self) -> Sequence[Row]:
        """All rows, from top to bottom."""
        return self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def place(self, key: Hashable) -> int | None:
        """Return the index of the row with this key; None if there is none."""
        place = self._places.get(key)
        if place is not None and place < len(self._rows) and self._rows[place].key == key:
            return place
        if self._moved:
            self._places = {row.key: place for place, row in enumerate(self._rows)}
            self._moved = False
        return self._places.get(key)

    def row(self, key: Hashable) -> Row | None:
        """Return the row with this key; None if there is none."""
        place = self.place(key)
        return None if place is None else self._rows[place]

    @property
    def height(self) -> int:
        """The height of all rows together, in lines."""
        return self.top(len(self._rows))

    def top(self, place: int) -> int:
        """Return the first line of a row; for the index after the last row, the line below all rows."""
        if self._uniform is not None:
            return place * self._uniform
        return self._lines()[place]

    def place_at(self, line: int) -> int:
        """Return the index of the row at a line. Lines below the last row count as the last row's."""
        last = len(self._rows) - 1
        place = line // self._uniform if self._uniform is not None else bisect_right(self._lines(), line) - 1
        return max(0, min(place, last))

    def _lines(self) -> list[int]:
        if self._tops is None:
            self._tops = [0, *accumulate(row.height for row in self._rows)]
        return self._tops

    def insert(self, place: int, row: Row) -> None:
        """Insert a row at an index. The rows from there on move down."""
        if self._uniform != row.height:
            self._uniform = row.height if not self._rows else None
        self._tops = None
        if place == len(self._rows):
            self._places[row.key] = place
        else:
            self._moved = True
        self._rows.insert(place, row)

    def replace(self, place: int, row: Row) -> None:
        """Replace the row at an index. The new row may have another key or height."""
        if self._rows[place].height != row.height:
            self._uniform = row.height if len(self._rows) == 1 else None
            self._tops = None
        if self._rows[place].key != row.key:
            self._moved = True
        self._rows[place] = row

    def remove(self, place: int) -> Row:
        """Remove and return a row."""
        row = self._rows.pop(place)
        self._tops = None
        self._moved = True
        return row
