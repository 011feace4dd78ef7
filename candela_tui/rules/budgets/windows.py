"""The windows of budgets: when they begin and end."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache

from candela_tui.text.times import QUARTER_S

_MINUTE_S = 60
_ROLLING = "rolling:"


@dataclass(frozen=True, slots=True)
class Bounds:
    """A window at one moment, in UTC: from ``start`` up to but without ``end``. None: without bound."""

    start: datetime | None
    end: datetime | None

    def hold_at(self, now: datetime) -> bool:
        """Return whether the window at another moment is this one. A rolling one moves on all the time."""
        if self.end is None:
            return self.start is None
        return self.start is not None and self.start <= now < self.end


@dataclass(frozen=True, slots=True)
class Window:
    """A kind of window, as config.toml names it: ``month``, ``rolling:5h``."""

    name: str

    @property
    def span(self) -> timedelta | None:
        """How long a rolling window is; None for another one."""
        return _span(self.name)

    @property
    def step_s(self) -> int:
        """The seconds that amounts are summed up for. Windows begin at such steps, except that a rolling one counts the
        whole step in which it begins."""
        return QUARTER_S if self.span is None else _MINUTE_S

    def bounds(self, now: datetime, zone: tzinfo | None) -> Bounds:
        """Return the window that a moment is in. ``zone`` None is the machine's own time zone."""
        span = self.span
        if span is not None:
            return Bounds(now - span, None)
        local = now.astimezone(zone)
        today = local.date()
        match self.name:
            case "hour":
                start = local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
                return Bounds(start, start + timedelta(hours=1))
            case "day":
                first, last = today, today + timedelta(days=1)
            case "week":
                first = today - timedelta(days=today.weekday())
                last = first + timedelta(days=7)
            case "month":
                first = today.replace(day=1)
                last = (first + timedelta(days=32)).replace(day=1)
            case _:
                return Bounds(None, None)
        return Bounds(_midnight(first, zone), _midnight(last, zone))


@cache
def _span(window: str) -> timedelta | None:
    if not window.startswith(_ROLLING):
        return None
    number, unit = int(window[len(_ROLLING) : -1]), window[-1]
    return timedelta(hours=number) if unit == "h" else timedelta(days=number)


def _midnight(day: date, zone: tzinfo | None) -> datetime:
    # Without a zone, astimezone() takes it for one of the machine's own.
    return datetime.combine(day, time(), zone).astimezone(UTC)
