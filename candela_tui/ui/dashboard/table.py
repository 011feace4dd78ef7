"""A table of calls: its columns, and which of them have room."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from candela_tui.analysis.names import agent_name
from candela_tui.analysis.retries import Call
from candela_tui.exchange import Exchange
from candela_tui.ui.clock import Clock
from candela_tui.ui.request.remedy import waits

Value = float | Decimal | str | None


@dataclass(slots=True)
class Table:
    """What all rows of a list have in common."""

    clock: Clock
    columns: "tuple[Column, ...]" = ()
    """Those that are chosen."""
    agents: Mapping[str, str] = field(default_factory=dict)
    """Names of sub-agents by their ids."""
    session_title: Callable[[Exchange], str] = lambda _: ""
    went_on: Callable[[Exchange], bool] = lambda _: False
    """Whether the agent of a request made another one since."""
    every: bool = False
    """Whether the requests are of all sessions."""
    dated: bool = False
    """Whether some row is from another day, so that times need a date."""
    ordered_by: "Column | None" = None
    """The column that gives the order: it has room before all others."""
    _fits: "dict[tuple[int, bool, bool, Column | None], tuple[Fit, ...]]" = field(default_factory=dict)

    def waits(self, exchange: Exchange) -> bool:
        """Return whether the client may be waiting to make a request that failed again."""
        return waits(exchange, self.clock.now()) and not self.went_on(exchange)

    def choose(self, columns: "tuple[Column, ...]") -> None:
        """Have these columns."""
        self.columns = columns
        self._fits.clear()

    def fit(self, width: int) -> "tuple[Fit, ...]":
        """The columns that have room, in their order."""
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
        """The chosen columns that are left out at this width."""
        shown = {fit.column.name for fit in self.fit(width)}
        return [column for column in self.available if column.name not in shown]

    def agent(self, exchange: Exchange) -> str:
        """What an exchange's agent is called."""
        return agent_name(exchange.agent_id, self.agents)


class Column(NamedTuple):
    """A column of the table."""

    name: str
    width: int
    rank: int
    """Columns of a higher rank go first when there is no room."""
    about: str
    value: Callable[[Call, Table, int], str]
    """What it says in so many cells."""
    order: Callable[[Call, Table], Value]
    """By what it orders; None is unknown, and comes last."""
    ink: str = "text"
    right: bool = True
    grows: int = 0
    """Cells it may take from room that is left."""
    figure: bool = True
    """Whether an error's words may stand in its place."""
    chosen: bool = True
    """Whether it is there until the user chooses otherwise."""
    dated: int = 0
    """Cells it needs more where rows are from several days."""
    of_all: bool = False
    """Whether it is there only where the list has all sessions."""


class Fit(NamedTuple):
    """A column that has room, and how many cells."""

    column: Column
    cells: int


PREFIX = 3
"""Cells before the first column: the mark, the sign of the state, a space."""


def whole_width(columns: Iterable[Column]) -> int:
    """Return the cells that these columns need to be shown, with dates."""
    return PREFIX - 1 + sum(column.width + column.dated + 1 for column in columns)


def fitting(
    columns: Iterable[Column], width: int, *, dated: bool = False, first: Column | None = None
) -> tuple[Fit, ...]:
    """Return the columns that fit, in their order, and how many cells each has. ``first`` has room before all."""
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
