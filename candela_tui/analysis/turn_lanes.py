"""The time of a turn in cells: a lane for each agent, with what it did in each."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from candela_tui.analysis.turn_timing import Activity, Span


class ActivityLook(NamedTuple):
    """How an activity is drawn and named."""

    sign: str
    word: str


LOOKS: Mapping[Activity, ActivityLook] = MappingProxyType(
    {
        Activity.WAITING: ActivityLook("·", "waiting"),
        Activity.AGENTS: ActivityLook("─", "sub-agents"),
        Activity.RETRY: ActivityLook("╌", "before a retry"),
        Activity.SIDE: ActivityLook("▪", "beside"),
        Activity.CHECK: ActivityLook("░", "checks"),
        Activity.TOOL: ActivityLook("▒", "tools"),
        Activity.MODEL: ActivityLook("█", "model"),
    }
)
"""The later covers the earlier where both are in a cell."""


def lane(spans: Iterable[Span], start: float, end: float, columns: int) -> list[Activity | None]:
    """Return what an agent did in each of some columns from ``start`` to ``end``; None before, after and between."""
    cells: list[Activity | None] = [None] * columns
    rank = list(LOOKS)
    scale = columns / (end - start) if end > start else 0.0
    for span in sorted(spans, key=lambda span: rank.index(span.activity)):
        first = min(max(0, int((span.start - start) * scale)), columns - 1)
        last = min(max(first + 1, round((span.end - start) * scale)), columns)
        cells[first:last] = [span.activity] * (last - first)
    return cells
