"""Rows one below the other: which is where, in time that does not grow with their number."""

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Sequence
from itertools import accumulate
from typing import Protocol

from candela_tui.ui.ink import Line


class Row(Protocol):
    """One row. Rows are values: one that equals the row before it is not drawn again."""

    @property
    def key(self) -> Hashable:
        """Which row this is, while what it says changes."""

    @property
    def height(self) -> int:
        """Lines."""

    @property
    def moving(self) -> bool:
        """Whether the row is drawn again on each tick."""

    def draw(self, line: int, width: int, tick: int) -> Line:
        """One of its lines. ``tick`` counts up while something moves."""


class RowStack:
    """Rows with their places (counted from 0) and lines.

    Where each key is, is only worked out again when somebody asks for a key that is not where it was; where all rows
    are equally high, their lines follow from their places.
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
        """All rows."""
        return self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def place(self, key: Hashable) -> int | None:
        """Where the row with a key is; None: nowhere."""
        place = self._places.get(key)
        if place is not None and place < len(self._rows) and self._rows[place].key == key:
            return place
        if self._moved:
            self._places = {row.key: place for place, row in enumerate(self._rows)}
            self._moved = False
        return self._places.get(key)

    def row(self, key: Hashable) -> Row | None:
        """The row with a key."""
        place = self.place(key)
        return None if place is None else self._rows[place]

    @property
    def height(self) -> int:
        """Lines of all rows."""
        return self.top(len(self._rows))

    def top(self, place: int) -> int:
        """The first line of a row, or the line below the last."""
        if self._uniform is not None:
            return place * self._uniform
        return self._lines()[place]

    def place_at(self, line: int) -> int:
        """The row that has a line; the last one for lines below."""
        last = len(self._rows) - 1
        place = line // self._uniform if self._uniform is not None else bisect_right(self._lines(), line) - 1
        return max(0, min(place, last))

    def _lines(self) -> list[int]:
        if self._tops is None:
            self._tops = [0, *accumulate(row.height for row in self._rows)]
        return self._tops

    def insert(self, place: int, row: Row) -> None:
        """Put a row where another is, which moves down with all below it."""
        if self._uniform != row.height:
            self._uniform = row.height if not self._rows else None
        self._tops = None
        if place == len(self._rows):
            self._places[row.key] = place
        else:
            self._moved = True
        self._rows.insert(place, row)

    def replace(self, place: int, row: Row) -> None:
        """Put a row, also of another key or height, in the place of another."""
        if self._rows[place].height != row.height:
            self._uniform = row.height if len(self._rows) == 1 else None
            self._tops = None
        if self._rows[place].key != row.key:
            self._moved = True
        self._rows[place] = row

    def remove(self, place: int) -> Row:
        """Take a row out."""
        row = self._rows.pop(place)
        self._tops = None
        self._moved = True
        return row
