"""The moments that the option --since takes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from candela_tui.text.times import Clock, moment_of

NOW = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
BERLIN = Clock(lambda: NOW, ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("90m", timedelta(minutes=90)),
        ("12h", timedelta(hours=12)),
        (" 7D ", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_an_age_counts_back_from_now(text: str, age: timedelta) -> None:
    assert moment_of(text, BERLIN) == NOW - age


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("today", "2026-11-21T23:00Z"),
        ("yesterday", "2026-11-20T23:00Z"),
        ("2026-07-01", "2026-06-30T22:00Z"),
        ("2026-07-01T14:30", "2026-07-01T12:30Z"),
        ("2026-07-01T14:30-05:00", "2026-07-01T19:30Z"),
    ],
)
def test_a_day_begins_where_the_user_is(text: str, moment: str) -> None:
    assert moment_of(text, BERLIN) == datetime.fromisoformat(moment)


def test_without_a_zone_of_its_own_the_clock_has_that_of_the_system() -> None:
    assert moment_of("2026-07-01", Clock(lambda: NOW)) == datetime(2026, 7, 1).astimezone()


@pytest.mark.parametrize("text", ["", "soon", "7", "7y", "2026-13-01", "99999999999d"])
def test_anything_else_is_told_with_what_would_do(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a time\. Give an age"):
        moment_of(text, BERLIN)
