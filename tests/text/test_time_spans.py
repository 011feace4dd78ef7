"""The beginning and end of a time span, as users type them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from candela_tui.text.times import Clock, end_of, moment_of

NOW = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
BERLIN = Clock(lambda: NOW, ZoneInfo("Europe/Berlin"))
"""There it is the 22nd already."""


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("today", "2026-11-21T23:00Z", "2026-11-22T23:00Z"),
        ("yesterday", "2026-11-20T23:00Z", "2026-11-21T23:00Z"),
        ("2026-07-01", "2026-06-30T22:00Z", "2026-07-01T22:00Z"),
        ("20260701", "2026-06-30T22:00Z", "2026-07-01T22:00Z"),
        # A day of 23 hours, and one of 25.
        ("2026-03-29", "2026-03-28T23:00Z", "2026-03-29T22:00Z"),
        ("2026-10-25", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
        ("2026-07-01T14:30", "2026-07-01T12:30Z", "2026-07-01T12:30Z"),
        ("2026-07-01T14:30-05:00", "2026-07-01T19:30Z", "2026-07-01T19:30Z"),
    ],
)
def test_a_day_is_that_of_the_user_and_ends_with_the_next(text: str, begin: str, end: str) -> None:
    assert moment_of(text, BERLIN) == datetime.fromisoformat(begin)
    assert end_of(text, BERLIN) == datetime.fromisoformat(end)


def test_a_day_without_a_midnight_begins_when_its_clocks_go_forward() -> None:
    santiago = Clock(lambda: NOW, ZoneInfo("America/Santiago"))
    begin = moment_of("2026-09-06", santiago)
    assert santiago.local(begin).isoformat() == "2026-09-06T01:00:00-03:00"
    assert santiago.local(begin - timedelta(microseconds=1)).date() == date(2026, 9, 5)
