"""What the header says of the provider's limits."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.analysis.limits import Allowance, Window, limits_of, tells_limits
from tests.analysis.exchanges import exchange

SUBSCRIPTION = (
    ("anthropic-ratelimit-unified-status", "allowed"),
    ("anthropic-ratelimit-unified-5h-status", "allowed_warning"),
    ("anthropic-ratelimit-unified-5h-utilization", "0.42"),
    ("anthropic-ratelimit-unified-5h-reset", "1795262400"),
    ("anthropic-ratelimit-unified-7d-utilization", "0.17"),
)
RESET = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_a_subscription_has_a_window_of_five_hours_and_one_of_seven_days():
    limits = limits_of(exchange(1, rate_limits=SUBSCRIPTION))
    assert limits is not None
    assert limits.status == "allowed"
    assert limits.five_hour == Window(0.42, RESET, "allowed_warning")
    assert limits.seven_day == Window(0.17)


def test_an_api_key_has_requests_and_tokens_a_minute():
    told = (
        ("anthropic-ratelimit-requests-limit", "50"),
        ("anthropic-ratelimit-requests-remaining", "49"),
        ("anthropic-ratelimit-requests-reset", "2026-11-21T12:00:00Z"),
        ("anthropic-ratelimit-input-tokens-limit", "40000"),
        ("anthropic-ratelimit-input-tokens-remaining", "10000"),
    )
    limits = limits_of(exchange(1, rate_limits=told))
    assert limits is not None
    assert limits.allowances == (Allowance("requests", 50, 49, RESET), Allowance("input-tokens", 40_000, 10_000))
    assert limits.allowances[1].utilization == 0.75


def test_an_answer_that_only_asks_to_wait_tells_nothing_of_the_limits():
    assert tells_limits(exchange(1, rate_limits=SUBSCRIPTION))
    assert not tells_limits(exchange(1, rate_limits=(("retry-after", "7"),)))


def test_a_window_that_has_been_reset_since_is_over():
    assert Window(0.9, RESET).over(RESET)
    assert not Window(0.9, RESET).over(RESET.replace(hour=11))
    assert not Window(0.9).over(RESET)


@pytest.mark.parametrize("used", ["", "nan", "inf", "-0.1", "much", "0x1"])
def test_a_share_that_is_none_makes_no_window(used):
    assert limits_of(exchange(1, rate_limits=(("anthropic-ratelimit-unified-5h-utilization", used),))) is None


def test_more_than_all_of_it_is_all_of_it():
    limits = limits_of(exchange(1, rate_limits=(("anthropic-ratelimit-unified-5h-utilization", "1.07"),)))
    assert limits is not None
    assert limits.five_hour == Window(1.0)


NAMES = st.sampled_from(
    [f"anthropic-ratelimit-unified-{window}-{part}" for window in ("5h", "7d") for part in ("utilization", "reset")]
    + [f"anthropic-ratelimit-tokens-{part}" for part in ("limit", "remaining", "reset")]
)
GARBAGE = (
    st.text(max_size=25)
    | st.floats().map(str)
    | st.integers().map(str)
    | st.datetimes().map(datetime.isoformat)
    | st.just("0001-01-01T00:00:00+14:00")
)


@given(st.lists(st.tuples(NAMES, GARBAGE), max_size=8).map(tuple))
def test_no_header_can_crash_it_or_make_a_share_that_is_none(told):
    limits = limits_of(exchange(1, rate_limits=told))
    for part in (limits.five_hour, limits.seven_day, *limits.allowances) if limits else ():
        assert part is None or 0 <= part.utilization <= 1
