"""Maps time to columns of a line, with long idle stretches folded."""

from bisect import bisect_right
from dataclasses import dataclass

_IDLE_S = 600.0
"""Idle time of this length is folded."""
_SHORTEST_S = 5.0
"""The shortest time that a line spans, so that a single request does not look like an hour."""
_COLUMNS_A_FOLD = 12
"""Columns per fold: with more folds than that, the shortest idle stretches are not folded."""


class Stretches:
    """The times in which something happened, added in the order of their start (Unix seconds)."""

    def __init__(self) -> None:
        self.spans: list[tuple[float, float]] = []

    def add(self, start: float, end: float) -> None:
        """Add a time in which something happened."""
        if self.spans and start - self.spans[-1][1] < _IDLE_S:
            first, last = self.spans[-1]
            self.spans[-1] = (first, max(last, end))
        else:
            self.spans.append((start, end))


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the line on which time runs evenly."""

    start: float
    end: float
    left: int
    """The stretch's first column."""
    columns: int


@dataclass(frozen=True, slots=True)
class Fold:
    """A column that stands for idle time."""

    column: int
    seconds: float


class TimeScale:
    """Converts moments (Unix seconds) to columns and back."""

    def __init__(self, stretches: Stretches, columns: int) -> None:
        spans = list(stretches.spans)
        if not spans or columns < 1:
            spans = spans[:1] or [(0.0, 0.0)]
        while len(spans) > 1 and (len(spans) - 1) * _COLUMNS_A_FOLD > columns:
            _join_closest(spans)
        lasting = sum(end - start for start, end in spans)
        if lasting < _SHORTEST_S:
            spans[-1] = (spans[-1][0], spans[-1][1] + _SHORTEST_S - lasting)
        self.columns = max(1, columns)
        self.stretches = tuple(_laid_out(spans, self.columns))
        self.folds = tuple(
            Fold(before.left + before.columns, after.start - before.end)
            for before, after in zip(self.stretches, self.stretches[1:], strict=False)
        )
        self._starts = [stretch.start for stretch in self.stretches]
        self._lefts = [stretch.left for stretch in self.stretches]

    @property
    def seconds_a_column(self) -> float:
        """Return the seconds per column, outside folds."""
        return sum(s.end - s.start for s in self.stretches) / sum(s.columns for s in self.stretches)

    def position(self, moment: float) -> float:
        """Return the distance from the left in columns, 0 to ``columns``. Later moments are never further left."""
        stretch = self.stretches[max(0, bisect_right(self._starts, moment) - 1)]
        share = (moment - stretch.start) / (stretch.end - stretch.start) if stretch.end > stretch.start else 0.0
        return stretch.left + min(max(share, 0.0), 1.0) * stretch.columns

    def column(self, moment: float) -> int:
        """Return the column that contains a moment."""
        stretch = self.stretches[max(0, bisect_right(self._starts, moment) - 1)]
        # The end of a stretch belongs to its last column, not to the fold after it.
        return min(int(self.position(moment)), stretch.left + stretch.columns - 1)

    def moment(self, column: float) -> float:
        """Return the time at which a column begins; for a fold, the end of the time before it."""
        stretch = self.stretches[max(0, bisect_right(self._lefts, column) - 1)]
        share = min((column - stretch.left) / stretch.columns, 1.0)
        return stretch.start + max(0.0, share) * (stretch.end - stretch.start)


def _join_closest(spans: list[tuple[float, float]]) -> None:
    place = min(range(len(spans) - 1), key=lambda place: spans[place + 1][0] - spans[place][1])
    spans[place : place + 2] = [(spans[place][0], max(spans[place][1], spans[place + 1][1]))]


def _laid_out(spans: list[tuple[float, float]], columns: int) -> list[Stretch]:
    """Assign columns by duration, at least one each."""
    room = columns - (len(spans) - 1) - len(spans)
    total = sum(end - start for start, end in spans) or 1.0
    shares = [(end - start) / total * room for start, end in spans]
    extra = [int(share) for share in shares]
    by_remainder = sorted(range(len(spans)), key=lambda place: extra[place] - shares[place])
    for place in by_remainder[: room - sum(extra)]:
        extra[place] += 1
    laid_out: list[Stretch] = []
    left = 0
    for (start, end), more in zip(spans, extra, strict=True):
        laid_out.append(Stretch(start, end, left, 1 + more))
        left += 1 + more + 1
    return laid_out
