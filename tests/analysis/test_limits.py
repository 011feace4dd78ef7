"""What the header says of the provider's limits."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.analysis.limits import Allowance, ExtraUsage, Window, extra_usage, limits_of, tells_limits
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
    assert limits.windows == (Window("5h", 0.42, RESET, "allowed_warning"), Window("7d", 0.17))


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
    assert Window("5h", 0.9, RESET).over(RESET)
    assert not Window("5h", 0.9, RESET).over(RESET.replace(hour=11))
    assert not Window("5h", 0.9).over(RESET)


@pytest.mark.parametrize("used", ["", "nan", "inf", "-0.1", "much", "0x1"])
def test_a_share_that_is_none_makes_no_window(used):
    assert limits_of(exchange(1, rate_limits=(("anthropic-ratelimit-unified-5h-utilization", used),))) is None


def test_more_than_all_of_it_is_all_of_it():
    limits = limits_of(exchange(1, rate_limits=(("anthropic-ratelimit-unified-5h-utilization", "1.07"),)))
    assert limits is not None
    assert limits.windows == (Window("5h", 1.0),)


def unified(**told: str) -> tuple[tuple[str, str], ...]:
    return tuple((f"anthropic-ratelimit-unified-{name.replace('__', '-')}", value) for name, value in told.items())


FABLE_SPENT = (
    *unified(status="rejected", reset="1795262400", representative__claim="seven_day_overage_included"),
    *unified(overage__status="rejected", overage__disabled__reason="org_level_disabled", fallback__percentage="0.5"),
    ("anthropic-ratelimit-unified-5h-utilization", "0.0"),
    ("anthropic-ratelimit-unified-5h-status", "allowed"),
    ("anthropic-ratelimit-unified-7d-utilization", "0.94"),
    ("anthropic-ratelimit-unified-7d-status", "allowed_warning"),
    ("anthropic-ratelimit-unified-7d-surpassed-threshold", "0.75"),
    ("anthropic-ratelimit-unified-7d_oi-utilization", "1.02"),
    ("anthropic-ratelimit-unified-7d_oi-status", "rejected"),
    ("anthropic-ratelimit-unified-7d_oi-reset", "1795262400"),
)
"""Of a refusal as users recorded it, the reset moved."""


def test_every_window_that_the_headers_name_is_told_and_the_claim_says_which_one_refuses():
    limits = limits_of(exchange(1, rate_limits=FABLE_SPENT, status=429))
    assert limits is not None
    assert limits.windows == (
        Window("5h", 0.0, None, "allowed"),
        Window("7d", 0.94, None, "allowed_warning"),
        Window("7d_oi", 1.0, RESET, "rejected"),
    )
    assert (limits.decisive, limits.refusing) == ("7d_oi", {"7d_oi"})
    assert limits.extra_usage == ExtraUsage(status="rejected", disabled_because="org_level_disabled")


PAID = (
    *unified(status="allowed", overage__in__use="true", overage__utilization="0.3", overage__status="allowed"),
    ("anthropic-ratelimit-unified-5h-utilization", "1.0"),
    ("anthropic-ratelimit-unified-5h-status", "rejected"),
)


@pytest.mark.parametrize("status", ["allowed", "allowed_warning", "rejected"])
def test_no_window_refuses_while_requests_pass_as_extra_usage(status):
    told = tuple((name, status if name.endswith("unified-status") else value) for name, value in PAID)
    limits = limits_of(exchange(1, rate_limits=told, status=200))
    assert limits is not None
    assert limits.refusing == frozenset()
    assert limits.extra_usage == ExtraUsage(in_use=True, utilization=0.3, status="allowed")


def test_the_claim_of_extra_usage_means_that_it_is_in_use():
    told = unified(status="allowed", representative__claim="overage", overage__utilization="0.85")
    assert extra_usage(told) == ExtraUsage(in_use=True, utilization=0.85)
    refused = unified(status="rejected", representative__claim="overage", overage__status="rejected")
    assert extra_usage(refused) == ExtraUsage(status="rejected")
    assert extra_usage(unified(status="allowed")) is None


def test_a_window_without_a_share_is_told_by_its_status():
    told = (
        *unified(status="rejected"),
        ("anthropic-ratelimit-unified-7d_opus-status", "rejected"),
        ("anthropic-ratelimit-unified-slow-budget-reset", "1795262400"),
    )
    limits = limits_of(exchange(1, rate_limits=told, status=429))
    assert limits is not None
    assert limits.windows == (Window("7d_opus", None, None, "rejected"),)
    assert limits.refusing == {"7d_opus"}


def test_a_refusal_for_the_limits_needs_no_status_of_the_whole():
    told = (("anthropic-ratelimit-unified-5h-utilization", "1.0"),)
    refused, served = (limits_of(exchange(1, rate_limits=told, status=status)) for status in (429, 200))
    assert refused is not None
    assert served is not None
    assert (refused.refusing, served.refusing) == ({"5h"}, frozenset())


NAMES = st.sampled_from(
    [
        f"anthropic-ratelimit-unified-{window}-{part}"
        for window in ("5h", "7d", "7d_oi", "overage")
        for part in ("utilization", "reset", "status")
    ]
    + [f"anthropic-ratelimit-unified-{name}" for name in ("status", "representative-claim", "overage-in-use")]
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
    for part in (*limits.windows, *limits.allowances) if limits else ():
        assert part.utilization is None or 0 <= part.utilization <= 1
    assert limits is None or limits.refusing <= {window.name for window in limits.windows}
