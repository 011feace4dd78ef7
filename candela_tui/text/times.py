"""Durations and times of day. What is not known is ``–``."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from candela_tui.text.amounts import UNKNOWN

QUARTER_S = 15 * 60
"""Seconds. In every time zone in use, hours and days begin at a quarter of an hour of UTC."""


def utc_now() -> datetime:
    """Return the current time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """The wall clock of the dashboard. ``zone`` None is the system's own time zone."""

    now: Callable[[], datetime] = utc_now
    zone: tzinfo | None = None

    def local(self, moment: datetime) -> datetime:
        """The same moment in the user's time zone."""
        return moment.astimezone(self.zone)

    def today(self, moment: datetime) -> bool:
        """Whether a moment is of the current local day."""
        return self.local(moment).date() == self.local(self.now()).date()

    def day(self, days_ago: int) -> datetime:
        """The beginning of the local day that many days before the current one."""
        today = self.local(self.now()).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
        # Without a time zone in between: a day has 23 or 25 hours when clocks change.
        first = today - timedelta(days=days_ago)
        return first.replace(tzinfo=self.zone) if self.zone else first.astimezone()


def duration(milliseconds: float | None) -> str:
    """``12ms``, ``0.8s``, ``34s``, ``2m04``, ``1h02``, ``4d06``."""
    if milliseconds is None:
        return UNKNOWN
    seconds = milliseconds / 1000
    if seconds < 0.0995:
        return f"{milliseconds:.0f}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}"
    if whole < 2 * 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}"
    return f"{whole // 86400}d{whole % 86400 // 3600:02}"


def exact_duration(milliseconds: float | None) -> str:
    """To the millisecond: ``0.812 s``."""
    return UNKNOWN if milliseconds is None else f"{milliseconds / 1000:.3f} s"


def age(moment: datetime, now: datetime) -> str:
    """``now``, ``12s ago``, ``2m ago``, ``3h ago``, ``5d ago``."""
    seconds = max(0, int((now - moment).total_seconds()))
    if seconds < 5:
        return "now"
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit} ago"
    return f"{seconds}s ago"


_RECENT = timedelta(days=180)
"""How long a date needs no year."""


def time_of_day(moment: datetime, clock: Clock, *, seconds: bool = True) -> str:
    """Return ``12:01:03`` today, ``Nov 20 12:01:03`` on another day, ``2025-01-20 12:01:03`` after half a year.

    Without ``seconds`` other days are shorter: ``Nov 20 12:01``, ``2025-01-20``.
    """
    local = clock.local(moment)
    if clock.today(moment):
        return f"{local:%H:%M:%S}"
    recent = clock.now() - moment < _RECENT
    date = f"{local:%b} {local.day:2}" if recent else f"{local:%Y-%m-%d}"
    if seconds:
        return f"{date} {local:%H:%M:%S}"
    return f"{date} {local:%H:%M}" if recent else date


def to_the_minute(moment: datetime, clock: Clock) -> str:
    """Return ``12:01`` today, ``Dec  1 12:01`` on another day."""
    local = clock.local(moment)
    return f"{local:%H:%M}" if clock.today(moment) else f"{local:%b} {local.day:2} {local:%H:%M}"


def time_after(moment: datetime, before: datetime, clock: Clock) -> str:
    """Return the time of a moment that is named after another one: the date only where it is another day."""
    local = clock.local(moment)
    same_day = local.date() == clock.local(before).date()
    return f"{local:%H:%M:%S}" if same_day else time_of_day(moment, clock)


def local_time(moment: datetime | None, clock: Clock | None = None) -> str:
    """Return ``12:01:03`` today, ``2026-11-20 12:01:03`` on another day: a column of them sorts as text."""
    if moment is None:
        return UNKNOWN
    clock = clock or Clock()
    local = clock.local(moment)
    return f"{local:%H:%M:%S}" if clock.today(moment) else f"{local:%Y-%m-%d %H:%M:%S}"


def exact_time(moment: datetime, clock: Clock) -> str:
    """``12:01:03.250``, with the date where it isn't today."""
    local = clock.local(moment)
    words = f"{local:%H:%M:%S}.{local.microsecond // 1000:03}"
    return words if clock.today(moment) else f"{local:%Y-%m-%d} {words}"


_AGE = re.compile(r"(\d+) ?([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def span_of(text: str) -> timedelta | None:
    """Return the span that a text names (``90m``, ``12h``, ``7d``, ``2w``), or None if it names none."""
    found = _AGE.fullmatch(text.strip().lower())
    try:
        return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found is not None else None
    except OverflowError:
        return None


def moment_of(text: str, clock: Clock) -> datetime:
    """Return the moment that a text names: an age (``90m``, ``12h``, ``7d``, ``2w``), ``today``, ``yesterday``, a day,
    or a day and a time in ISO 8601. What has no time zone is in the clock's own. Raises ValueError."""
    return _moment(text.strip(), clock, days_later=0)


def end_of(text: str, clock: Clock) -> datetime:
    """Return the moment before which a time span ends that a text names: of a day, the beginning of the next one.
    Raises ValueError, and takes what ``moment_of`` takes."""
    return _moment(text.strip(), clock, days_later=1)


def moment_ahead(text: str, clock: Clock) -> datetime:
    """Return the moment to come that a text names: the end of a time span from now (``90m``, ``12h``, ``7d``, ``2w``),
    the beginning of a day, or a day and a time in ISO 8601. Raises ValueError."""
    words = text.strip()
    try:
        span = span_of(words)
        if span is not None:
            return clock.now() + span
        return _in_zone(datetime.fromisoformat(words), clock)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is not a time to come. Give a time span (90m, 12h, 7d, 2w), a day (2026-11-21), or a day and a"
            " time (2026-11-21T14:30)."
        ) from None


def _moment(text: str, clock: Clock, *, days_later: int) -> datetime:
    try:
        age = span_of(text)
        if age is not None:
            return clock.now() - age
        day = _day(text, clock)
        if day is not None:
            return _in_zone(datetime.combine(day + timedelta(days=days_later), time()), clock)
        return _in_zone(datetime.fromisoformat(text), clock)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is not a time. Give an age (90m, 12h, 7d, 2w), today, yesterday, a day (2026-11-21), or a day "
            "and a time (2026-11-21T14:30)."
        ) from None


def _day(text: str, clock: Clock) -> date | None:
    """Return the day that a text names, or None if it names a time of day, or nothing."""
    if text.lower() in ("today", "yesterday"):
        return clock.local(clock.now()).date() - timedelta(days=text.lower() == "yesterday")
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _in_zone(moment: datetime, clock: Clock) -> datetime:
    if moment.tzinfo is None:
        # Without a zone, astimezone() takes a moment for one of the system's own.
        moment = moment.replace(tzinfo=clock.zone) if clock.zone is not None else moment.astimezone()
    return moment.astimezone(UTC)
