"""The sparkline of the last hours."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from candela_tui.analysis.spending import Spending
from tests.analysis.exchanges import cost, exchange

NOW = datetime(2026, 11, 20, 12, 20, tzinfo=UTC)


def spent(*ages_in_minutes, zone=UTC, hours=3):
    began = [
        exchange(number, started_at=NOW - timedelta(minutes=age), cost=cost("1"))
        for number, age in enumerate(ages_in_minutes)
    ]
    spending = Spending()
    for each in began:
        spending.change(None, each)
    return [int(each) for each in spending.by_hour(now=NOW, hours=hours, zone=zone)]


def test_a_cost_counts_in_the_hour_of_the_clock_in_which_its_request_began():
    assert spent(0, 20, 21, 80, 81, 140, 141) == [2, 2, 2]


def test_hours_begin_where_the_users_clock_says():
    # 12:20 UTC is 17:50 in Kolkata: its hour began 50 minutes ago.
    assert spent(21, 50, 51, zone=ZoneInfo("Asia/Kolkata")) == [0, 1, 2]


def test_what_is_older_later_or_has_no_price_does_not_count():
    assert spent(141, -1) == [0, 0, 0]
    unpriced = Spending()
    unpriced.change(None, exchange(1, started_at=NOW))
    assert unpriced.by_hour(now=NOW, hours=2, zone=UTC) == [0, 0]


def test_an_exchange_whose_cost_becomes_known_or_another_counts_once():
    spending = Spending()
    live = exchange(1, started_at=NOW)
    known = exchange(1, started_at=NOW, cost=cost("2"))
    spending.change(None, live)
    spending.change(live, known)
    spending.change(known, exchange(1, started_at=NOW, cost=cost("3")))
    assert spending.by_hour(now=NOW, hours=1, zone=UTC) == [3]


@given(st.lists(st.integers(0, 23 * 60), max_size=30), st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York"]))
def test_the_hours_add_up_to_what_was_spent(ages, zone):
    assert sum(spent(*ages, zone=ZoneInfo(zone), hours=24)) == Decimal(len(ages))
