"""A timeline in cells: lanes of agents, and the axis below."""

from collections.abc import Sequence, Set
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from candela_tui.analysis.time_scale import TimeScale
from candela_tui.analysis.timeline import Bucket, Lane, State
from candela_tui.text import amounts, times
from candela_tui.text.cells import fitted
from candela_tui.text.times import Clock
from candela_tui.ui.style.spinner import frame
from candela_tui.ui.style.stacked_bars import Cell
from candela_tui.ui.style.styled_text import Line, Piece
from candela_tui.ui.style.timeline_signs import LANE_STATES

_SHORT = ("read", "write", "in", "out", "searches")
_STEPS_S = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10800, 21600, 43200, 86400)
"""Possible intervals between two times on the axis."""


FOLD = Cell("┊", "rule")
"""A stretch of time that is left out."""


def bucket_words(bucket: Bucket, start: datetime, clock: Clock) -> tuple[str, str]:
    """Describe a bucket, in a long and a short form."""
    said = f"{times.time_of_day(start, clock)} · {amounts.requests(bucket.requests)}"
    cost = amounts.money(sum(bucket.usd, Decimal(0)) if bucket.priced else None)
    tokens = [f"{amounts.count(count)} {_SHORT[part]}" for part, count in enumerate(bucket.tokens) if count]
    return " · ".join([said, *tokens, cost]), f"{said} · {cost}"


def lanes_legend(lanes: Sequence[Lane]) -> Line:
    """Return which sign is which state, for the states in the lanes."""
    states = set().union(*(lane.halves for lane in lanes))
    pieces: list[Piece] = [(f"{len(lanes)} agent{'s' if len(lanes) != 1 else ''}", "text")]
    for state, (sign, style, said) in LANE_STATES.items():
        if state in states:
            pieces += [("   ", "text"), (sign * 2, style), (f" {said}", "dim")]
    return tuple(pieces)


class LaneRoom(NamedTuple):
    """The widths of a lane's parts."""

    name: int
    """Cells for the agent's name."""
    columns: int
    tail: int
    """Cells for the duration and the cost."""
    folds: Set[int] = frozenset()
    """Columns of time that is left out."""


def lane_line(lane: Lane, name: str, room: LaneRoom, chosen: range, tick: int) -> Line:
    """Return the line of an agent: its name, when it worked, for how long and its cost. ``chosen``: the half columns of
    the request with the cursor."""
    ran = [place for place, state in enumerate(lane.halves) if state]
    first, last = (ran[0], ran[-1]) if ran else (0, -1)
    drawn = []
    for column in range(room.columns):
        left, right = lane.halves[2 * column : 2 * column + 2]
        alive = first <= 2 * column + 1 and 2 * column <= last
        state = State(max(left, right))
        sign, style, _ = LANE_STATES[state]
        if state is State.RAN and not (left and right):
            sign = "╸" if left else "╺"
        marked = state and not {2 * column, 2 * column + 1}.isdisjoint(chosen)
        drawn.append(FOLD[:2] if column in room.folds else (sign if alive else " ", "bright" if marked else style))
    pieces: list[Piece] = [
        (f"{frame(tick)} " if lane.live else "  ", "accent"),
        (fitted(name, room.name - 3), "bright" if chosen else "text"),
        (" ", "text"),
    ]
    pieces += [("".join(sign for sign, _ in group), style) for style, group in groupby(drawn, key=lambda cell: cell[1])]
    cost = amounts.UNKNOWN
    if lane.priced:
        cost = f"≥{amounts.known_part(lane.usd, room.tail - 8)}" if lane.at_least else amounts.money(lane.usd)
    return (
        *pieces,
        (fitted(times.duration(lane.busy_s * 1000), 7, right=True), "dim"),
        (_right(cost, room.tail - 7), "text"),
    )


def _right(text: str, cells: int) -> str:
    return fitted(text, cells, right=True)


def axis(scale: TimeScale, clock: Clock, mark: int | None) -> Line:
    """Return the times below the columns, with ``▲`` below the marked one, and the duration of folded stretches."""
    row: list[Piece] = [(" ", "text")] * scale.columns
    taken = [False] * scale.columns

    def put(column: int, text: str, style: str) -> None:
        end = column + len(text)
        if end <= scale.columns and not any(taken[max(0, column - 1) : end + 1]):
            row[column:end] = [(sign, style) for sign in text]
            taken[column:end] = [True] * len(text)

    for fold in scale.folds:
        put(fold.column, f"┊{times.duration(fold.seconds * 1000)}", "faint")
    for stretch in scale.stretches:
        put(stretch.left, _moment(stretch.start, clock, scale), "dim")
    step = next((step for step in _STEPS_S if step / scale.seconds_a_column >= 14), _STEPS_S[-1])
    for stretch in scale.stretches:
        moment = (stretch.start // step + 1) * step
        while moment < stretch.end:
            put(scale.column(moment), _moment(moment, clock, scale), "dim")
            moment += step
    if mark is not None:
        # If a time is in that place, it is highlighted instead.
        begin = end = mark
        while taken[mark] and begin > 0 and taken[begin - 1]:
            begin -= 1
        while taken[mark] and end + 1 < scale.columns and taken[end + 1]:
            end += 1
        row[begin : end + 1] = [(sign if taken[mark] else "▲", "accent") for sign, _ in row[begin : end + 1]]
    return tuple(
        ("".join(sign for sign, _ in group), style) for style, group in groupby(row, key=lambda piece: piece[1])
    )


def _moment(seconds: float, clock: Clock, scale: TimeScale) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    local = clock.local(moment)
    if scale.stretches[-1].end - scale.stretches[0].start > 86400:
        return f"{local:%b} {local.day} {local:%H:%M}"
    return f"{local:%H:%M:%S}" if scale.seconds_a_column < 5 else f"{local:%H:%M}"
