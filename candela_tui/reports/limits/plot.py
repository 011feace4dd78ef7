"""A window as a plot: how much of it was used over its time, and where the pace leads. Here as text; the dashboard adds
colours."""

import math
from dataclasses import dataclass
from datetime import timedelta

from candela_tui.analysis.limit_history import WindowPace, WindowPeriod
from candela_tui.reports.limits.reading import LimitsReport

_LEVELS = " ▁▂▃▄▅▆▇█"
_AHEAD = "·"
_LABEL = 5
_NARROWEST = 10
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PlotLine:
    """One line of a plot."""

    label: str
    """What stands before it, the axis included."""
    used: str
    ahead: str
    """What follows if the pace stays."""


def plot_lines(
    report: LimitsReport, period: WindowPeriod, pace: WindowPace | None, width: int, height: int
) -> list[PlotLine]:
    """Return so many lines of a plot, and one with the times of its beginning and end."""
    cells = max(_NARROWEST, width - _LABEL - 2)
    step = (period.ends_at - period.starts_at) / cells
    until = min(report.now, period.ends_at)
    known = min(cells, math.ceil((until - period.starts_at) / step))
    moments = [period.starts_at + (place + 1) * step for place in range(cells)]
    used = [period.level_at(min(until, moment)) for moment in moments[:known]]
    ahead = [_ahead(period, pace, moment - until) for moment in moments[known:]]
    lines = [
        PlotLine(
            f"{'100%' if row == height - 1 else '0%' if not row else '':>{_LABEL}} │",
            "".join(_filled(level, row, height) for level in used),
            "".join(_AHEAD if level is not None and int(level * height) == row else " " for level in ahead),
        )
        for row in reversed(range(height))
    ]
    begin, end = report.time(period.starts_at), report.time(period.ends_at)
    return [*lines, PlotLine(" " * (_LABEL + 2), begin, f"{end:>{max(len(end) + 1, cells - len(begin))}}")]


def _ahead(period: WindowPeriod, pace: WindowPace | None, later: timedelta) -> float | None:
    """Return the used share so much later, or None where the window is used up, or the pace is not known."""
    if pace is None:
        return None
    used = period.utilization + pace.per_hour * (later / _HOUR)
    return used if used < 1 else None


def _filled(level: float | None, row: int, height: int) -> str:
    """Return the sign of a cell of a column that is filled up to a level. What is used has at least the lowest bar."""
    if not level:
        return " "
    eighths = round(level * height * 8) - row * 8
    return _LEVELS[max(1 if not row else 0, min(8, eighths))]
