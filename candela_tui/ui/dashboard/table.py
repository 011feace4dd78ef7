"""A table of calls: its columns, and which of them have room."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from candela_tui.analysis.names import agent_name
from candela_tui.analysis.retries import Call
from candela_tui.exchange import Exchange
from candela_tui.ui.clock import Clock

Value = float | Decimal | str | None


@dataclass(slots=True)
class Table:
    """What all rows of a list have in common."""

    clock: Clock
    columns: "tuple[Column, ...]" = ()
    agents: dict[str, str] = field(default_factory=dict)
    """Names of sub-agents by their ids."""
    _fits: "dict[int, tuple[Fit, ...]]" = field(default_factory=dict)

    def choose(self, columns: "tuple[Column, ...]") -> None:
        """Have these columns."""
        self.columns = columns
        self._fits.clear()

    def fit(self, width: int) -> "tuple[Fit, ...]":
        """The columns that have room, in their order."""
        fits = self._fits.get(width)
        if fits is None:
            fits = self._fits[width] = fitting(self.columns, width)
        return fits

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


class Fit(NamedTuple):
    """A column that has room, and how many cells."""

    column: Column
    cells: int


PREFIX = 3
"""Cells before the first column: the mark, the sign of the state, a space."""


def fitting(columns: Iterable[Column], width: int) -> tuple[Fit, ...]:
    """The columns that fit, in their order, and how many cells each has."""
    columns = tuple(columns)
    # The last column needs no gap behind it.
    room = width - PREFIX + 1
    chosen: list[Column] = []
    for column in sorted(columns, key=lambda column: column.rank):
        if room < column.width + 1:
            break
        chosen.append(column)
        room -= column.width + 1
    cells = {column.name: column.width for column in chosen}
    for column in sorted(chosen, key=lambda column: column.grows):
        extra = min(column.grows, room)
        cells[column.name] += extra
        room -= extra
    chosen.sort(key=columns.index)
    return tuple(Fit(column, cells[column.name]) for column in chosen)
