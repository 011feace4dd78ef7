"""When the windows of budgets begin and end."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.rules.budgets.windows import Window
from candela_tui.text.times import QUARTER_S
from tests.rules.budgets.making import NOON

BERLIN = ZoneInfo("Europe/Berlin")
NAMES = ["hour", "day", "week", "month"]


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("hour", "2026-11-18T12:00Z", "2026-11-18T13:00Z"),
        ("day", "2026-11-17T23:00Z", "2026-11-18T23:00Z"),
        ("week", "2026-11-15T23:00Z", "2026-11-22T23:00Z"),
        ("month", "2026-10-31T23:00Z", "2026-11-30T23:00Z"),
    ],
)
def test_a_window_begins_in_the_time_zone(name: str, start: str, end: str) -> None:
    bounds = Window(name).bounds(NOON, BERLIN)
    assert (bounds.start, bounds.end) == (datetime.fromisoformat(start), datetime.fromisoformat(end))


def test_a_day_is_as_long_as_its_clock_makes_it() -> None:
    bounds = Window("day").bounds(datetime(2026, 10, 25, 12, tzinfo=UTC), BERLIN)
    assert bounds.start is not None
    assert bounds.end is not None
    assert bounds.end - bounds.start == timedelta(hours=25)


def test_a_rolling_window_ends_now_and_total_never_begins() -> None:
    assert Window("rolling:5h").bounds(NOON, BERLIN).start == NOON - timedelta(hours=5)
    assert Window("rolling:7d").bounds(NOON, None).start == NOON - timedelta(days=7)
    assert Window("total").bounds(NOON, BERLIN).start is None


@given(
    st.sampled_from(NAMES),
    st.integers(1_577_836_800, 2_051_222_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]),
)
def test_every_moment_is_in_its_window_which_begins_at_a_step(name: str, now: datetime, zone: str) -> None:
    window = Window(name)
    bounds = window.bounds(now, ZoneInfo(zone))
    assert bounds.start is not None
    assert bounds.end is not None
    assert bounds.start <= now < bounds.end
    assert bounds.start.timestamp() % QUARTER_S == 0
    assert window.step_s == QUARTER_S
