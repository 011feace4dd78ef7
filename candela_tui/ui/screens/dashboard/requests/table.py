"""A table of calls: its columns, and which of them fit."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from candela_tui.analysis.advice import waits
from candela_tui.analysis.labels import agent_name
from candela_tui.analysis.retries import Call
from candela_tui.exchange import Exchange
from candela_tui.text.times import Clock

Value = float | Decimal | str | None


@dataclass(slots=True)
class Table:
    """What all rows of a list have in common."""

    clock: Clock
    columns: "tuple[Column, ...]" = ()
    """The chosen columns."""
    agents: Mapping[str, str] = field(default_factory=dict)
    """The names of sub-agents by id."""
    session_title: Callable[[Exchange], str] = lambda _: ""
    went_on: Callable[[Exchange], bool] = lambda _: False
    """Return whether the agent of a request made another one since."""
    every: bool = False
    """Whether the requests are of all sessions."""
    dated: bool = False
    """Whether some row is from another day, so that times need a date."""
    ordered_by: "Column | None" = None
    """The sort column, which gets its room before all others."""
    _fits: "dict[tuple[int, bool, bool, Column | None], tuple[Fit, ...]]" = field(default_factory=dict)

    def waits(self, exchange: Exchange) -> bool:
        """Return whether the client may be waiting to retry a failed request."""
        return waits(exchange, self.clock.now()) and not self.went_on(exchange)

    def choose(self, columns: "tuple[Column, ...]") -> None:
        """Use these columns."""
        self.columns = columns
        self._fits.clear()

    def fit(self, width: int) -> "tuple[Fit, ...]":
        """Return the columns that fit, in their order."""
        key = (width, self.dated, self.every, self.ordered_by)
        fits = self._fits.get(key)
        if fits is None:
            fits = self._fits[key] = fitting(self.available, width, dated=self.dated, first=self.ordered_by)
        return fits

    @property
    def available(self) -> "list[Column]":
        """The chosen columns that this list can have."""
        return [column for column in self.columns if self.every or not column.of_all]

    def without_room(self, width: int) -> "list[Column]":
        """Return the chosen columns that do not fit at this width."""
        shown = {fit.column.name for fit in self.fit(width)}
        return [column for column in self.available if column.name not in shown]

    def agent(self, exchange: Exchange) -> str:
        """Return the name of an exchange's agent."""
        return agent_name(exchange.agent_id, self.agents)


class Column(NamedTuple):
    """A column of the table."""

    name: str
    width: int
    rank: int
    """Columns of a higher rank are dropped first if there is no room."""
    about: str
    value: Callable[[Call, Table, int], str]
    """Return the text of a cell of the given width."""
    order: Callable[[Call, Table], Value]
    """Return the sort key; None is unknown, and comes last."""
    style: str = "text"
    right: bool = True
    grows: int = 0
    """The most extra cells it may take."""
    figure: bool = True
    """Whether an error's text may take its place."""
    chosen: bool = True
    """Whether it is shown by default."""
    dated: int = 0
    """The extra cells it needs if rows are from several days."""
    of_all: bool = False
    """Whether only the list of all sessions has it."""


class Fit(NamedTuple):
    """A column that fits, and its width in cells."""

    column: Column
    cells: int


PREFIX = 3
"""Cells before the first column: the mark, the sign of the state, a space."""


def whole_width(columns: Iterable[Column]) -> int:
    """Return the width at which these columns fit, including dates."""
    return PREFIX - 1 + sum(column.width + column.dated + 1 for column in columns)


def fitting(
    columns: Iterable[Column], width: int, *, dated: bool = False, first: Column | None = None
) -> tuple[Fit, ...]:
    """Return the columns that fit, in their order, with their widths. ``first`` gets its room before all others."""
    columns = tuple(columns)
    # The last column needs no gap behind it.
    room = width - PREFIX + 1
    chosen: list[Column] = []
    needed = {column.name: column.width + (column.dated if dated else 0) for column in columns}
    for column in sorted(columns, key=lambda column: (column is not first, column.rank)):
        if room < needed[column.name] + 1:
            break
        chosen.append(column)
        room -= needed[column.name] + 1
    cells = {column.name: needed[column.name] for column in chosen}
    for column in sorted(chosen, key=lambda column: column.grows):
        extra = min(column.grows, room)
        cells[column.name] += extra
        room -= extra
    chosen.sort(key=columns.index)
    return tuple(Fit(column, cells[column.name]) for column in chosen)
