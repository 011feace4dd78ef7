"""How a budget's window goes on from now."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from candela_tui.rules.budgets.projection import projection_of
from candela_tui.rules.budgets.state import BudgetStanding, BudgetState

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAY = BudgetState(
    name="my day",
    scope="all",
    target=None,
    window="day",
    starts_at=NOW - timedelta(hours=12),
    resets_at=NOW + timedelta(hours=12),
    limit_usd=Decimal(20),
    limit_tokens=None,
    spent_usd=Decimal(8),
    spent_tokens=1000,
    reserved_usd=Decimal(0),
    reserved_tokens=0,
    state=BudgetStanding.OK,
    on_breach="block",
    dry_run=False,
    in_flight=0,
    waiting=0,
    last_hour_usd=Decimal(3),
    last_hour_tokens=500,
)


def test_the_end_is_that_of_the_pace_so_far_and_the_limit_is_reached_at_the_pace_of_the_last_hour() -> None:
    found = projection_of(DAY, NOW)
    assert found.at_end == Decimal(16)
    assert found.reached_at == NOW + timedelta(hours=4)


def test_a_limit_that_is_not_reached_before_the_window_ends_is_not_said_to_be() -> None:
    assert projection_of(replace(DAY, last_hour_usd=Decimal("0.5")), NOW).reached_at is None
    assert projection_of(replace(DAY, last_hour_usd=Decimal(0)), NOW).reached_at is None
    assert projection_of(replace(DAY, spent_usd=Decimal(20)), NOW).reached_at is None


def test_tokens_are_projected_where_they_are_limited() -> None:
    found = projection_of(replace(DAY, limit_usd=None, limit_tokens=3000), NOW)
    assert (found.at_end, found.reached_at) == (Decimal(2000), NOW + timedelta(hours=4))


def test_a_window_that_has_just_begun_or_has_no_end_says_nothing_of_its_end() -> None:
    assert projection_of(DAY, NOW - timedelta(hours=11, minutes=59)).at_end is None
    assert projection_of(replace(DAY, window="total", starts_at=None, resets_at=None), NOW).at_end is None
    assert projection_of(replace(DAY, window="rolling:5h"), NOW).at_end is None


@given(st.decimals(0, 10**9, places=4), st.decimals(0, 10**9, places=4), st.floats(0, 24))
def test_any_window_has_a_projection_that_goes_on_from_what_is_spent(
    spent: Decimal, last_hour: Decimal, hours: float
) -> None:
    now = NOW - timedelta(hours=12 - hours)
    found = projection_of(replace(DAY, spent_usd=spent, last_hour_usd=last_hour), now)
    assert found.at_end is None or found.at_end >= spent
    assert found.reached_at is None or now <= found.reached_at < NOW + timedelta(hours=12)
