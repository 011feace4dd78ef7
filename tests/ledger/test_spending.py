"""The sparkline of the last hours."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from candela_tui.ledger.ledger import Ledger
from tests.analysis.exchanges import cost, exchange

NOW = datetime(2026, 11, 20, 12, 20, tzinfo=UTC)


def spent(*ages_in_minutes, zone=UTC, hours=3):
    began = [
        exchange(number, started_at=NOW - timedelta(minutes=age), cost=cost("1"))
        for number, age in enumerate(ages_in_minutes)
    ]
    ledger = Ledger()
    for each in began:
        ledger.change(None, each)
    return [int(each) for each in ledger.cost_by_hour(NOW, hours, lambda moment: moment.astimezone(zone))]


def test_a_cost_counts_in_the_hour_of_the_clock_in_which_its_request_began():
    assert spent(0, 20, 21, 80, 81, 140, 141) == [2, 2, 2]


def test_hours_begin_where_the_users_clock_says():
    # 12:20 UTC is 17:50 in Kolkata: its hour began 50 minutes ago.
    assert spent(21, 50, 51, zone=ZoneInfo("Asia/Kolkata")) == [0, 1, 2]


def test_what_is_older_later_or_has_no_price_does_not_count():
    assert spent(141, -10) == [0, 0, 0]
    unpriced = Ledger()
    unpriced.change(None, exchange(1, started_at=NOW))
    assert unpriced.cost_by_hour(NOW, 2, lambda moment: moment) == [0, 0]


def test_an_exchange_whose_cost_becomes_known_or_another_counts_once():
    ledger = Ledger()
    live = exchange(1, started_at=NOW)
    known = exchange(1, started_at=NOW, cost=cost("2"))
    ledger.change(None, live)
    ledger.change(live, known)
    ledger.change(known, exchange(1, started_at=NOW, cost=cost("3")))
    assert ledger.cost_by_hour(NOW, 1, lambda moment: moment) == [3]


@given(st.lists(st.integers(0, 23 * 60), max_size=30), st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York"]))
def test_the_hours_add_up_to_what_was_spent(ages, zone):
    assert sum(spent(*ages, zone=ZoneInfo(zone), hours=24)) == Decimal(len(ages))
