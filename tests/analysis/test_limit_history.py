"""How a subscription's windows filled, and which session and agent filled them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from candela_tui.analysis.limit_history import (
    LimitedRequest,
    WindowPeriod,
    pace_of,
    weighted_tokens,
    window_periods,
)
from candela_tui.analysis.limits import Window, window_length
from candela_tui.exchange import Imported, Outcome
from candela_tui.protocol.usage import Usage
from tests.reports.exchanges import exchange

BEGUN = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ENDS = BEGUN + timedelta(hours=5)


def at(minutes: float) -> datetime:
    return BEGUN + timedelta(minutes=minutes)


def request(minutes: float, used: float | None = None, usd: str | None = "1", **changes: Any) -> LimitedRequest:
    """A request whose answer begins at a time, and ends a minute later."""
    name, ends = changes.pop("window", "5h"), changes.pop("ends", ENDS)
    fields: dict[str, Any] = {
        "session_id": "s",
        "agent_id": None,
        "model": "claude-opus-4-8",
        "answered_at": at(minutes),
        "ended_at": at(minutes + 1),
        "windows": (Window(name, used, ends, "allowed"),) if used is not None else (),
        "usd": Decimal(usd) if usd is not None else None,
        "weighted_tokens": 1000,
    }
    return LimitedRequest(**{**fields, **changes})


def only(*requests: LimitedRequest) -> WindowPeriod:
    (period,) = window_periods(requests)
    return period


def rises(period: WindowPeriod) -> dict[tuple[str | None, str | None], float]:
    return {key: round(share.rise, 9) for key, share in period.shares.items() if share.rise}


def test_a_rise_between_two_answers_is_shared_out_by_cost() -> None:
    period = only(
        request(0, 0.10),
        request(2, 0.10, "3", agent_id="explore"),
        request(10, 0.18, "9"),
    )
    assert rises(period) == {("s", None): 0.02, ("s", "explore"): 0.06}
    assert (period.earlier, period.elsewhere, period.by_tokens) == (0.10, 0.0, False)
    assert period.levels == [(at(0), 0.10), (at(10), 0.18)]


def test_without_a_price_a_rise_is_shared_out_by_weighted_tokens() -> None:
    period = only(request(0, 0.1), request(2, 0.1, None, session_id="other", weighted_tokens=3000), request(10, 0.2))
    assert rises(period) == {("s", None): 0.025, ("other", None): 0.075}
    assert period.by_tokens


def test_a_request_without_a_usage_has_no_share() -> None:
    period = only(request(0, 0.1), request(2, 0.1, None, session_id="refused", weighted_tokens=0), request(10, 0.2))
    assert rises(period) == {("s", None): 0.1}
    assert not period.by_tokens
    assert period.shares["refused", None].requests == 1


def test_a_rise_without_a_recorded_request_is_from_elsewhere() -> None:
    slow = request(0, 0.1, ended_at=at(90))
    period = only(slow, request(60, 0.3))
    assert (rises(period), round(period.elsewhere, 9)) == ({}, 0.2)


def test_a_window_whose_beginning_was_recorded_is_shared_out_from_zero() -> None:
    before = request(-400, 0.9, ends=BEGUN - timedelta(hours=1))
    _, period = window_periods([before, request(1, 0.0), request(10, 0.05)])
    assert (period.earlier, rises(period)) == (0.0, {("s", None): 0.05})
    assert period.levels[0] == (BEGUN, 0.0)


def test_a_lower_statement_that_comes_late_takes_nothing_back() -> None:
    period = only(request(0, 0.1), request(5, 0.2), request(6, 0.15), request(9, 0.2))
    assert rises(period) == {("s", None): 0.1}
    assert period.utilization == 0.2


def test_ends_that_differ_by_seconds_are_one_window_and_other_ends_another() -> None:
    periods = window_periods(
        [request(0, 0.1), request(5, 0.2, ends=ENDS + timedelta(seconds=2)), request(6, 0.7, ends=at(900))]
    )
    assert [period.utilization for period in periods] == [0.2, 0.7]


def test_a_window_of_one_model_counts_its_requests_alone() -> None:
    period = only(
        request(0, 0.1, window="7d_opus"),
        request(2, session_id="small", model="claude-haiku-4-5"),
        request(10, 0.2, window="7d_opus"),
    )
    assert rises(period) == {("s", None): 0.1}
    assert ("small", None) not in period.shares


def test_shorter_windows_come_first_and_a_name_without_a_length_is_left_out() -> None:
    periods = window_periods([request(0, 0.1, window=name) for name in ("7d_opus", "7d", "5h", "overage")])
    assert [period.name for period in periods] == ["5h", "7d", "7d_opus"]


@given(
    some.lists(
        some.tuples(
            some.floats(0, 290),
            some.none() | some.floats(0, 1),
            some.none() | some.integers(0, 9),
            some.sampled_from("abc"),
        ),
        max_size=20,
    )
)
def test_the_parts_sum_up_to_what_is_used(drawn: list[tuple[float, float | None, int | None, str]]) -> None:
    requests = [
        request(minutes, used, None if usd is None else str(usd), session_id=session)
        for minutes, used, usd, session in drawn
    ]
    for period in window_periods(requests):
        known = sum(share.rise for share in period.shares.values()) + period.earlier + period.elsewhere
        assert known == pytest.approx(period.utilization)
        assert sum(share.requests for share in period.shares.values()) == len(requests)
        assert [used for _, used in period.levels] == sorted({used for _, used in period.levels})


def test_the_pace_of_the_last_hour_leads_to_the_wall() -> None:
    period = only(request(0, 0.2), request(60, 0.3), request(120, 0.6))
    pace = pace_of(period, at(120))
    assert pace is not None
    assert (pace.over, round(pace.per_hour, 9), round(pace.at_reset, 9)) == (timedelta(hours=1), 0.3, 1.5)
    assert pace.full_at is not None
    assert round((pace.full_at - at(120)) / timedelta(minutes=1)) == 80


def test_a_slow_pace_meets_the_reset_first_and_a_pause_is_no_pace() -> None:
    period = only(request(0, 0.2), request(60, 0.25))
    slow, paused = pace_of(period, at(60)), pace_of(period, at(200))
    assert slow is not None
    assert (slow.full_at, round(slow.at_reset, 9)) == (None, 0.45)
    assert paused is not None
    assert (paused.per_hour, paused.full_at, paused.at_reset) == (0.0, None, 0.25)


def test_the_pace_of_a_week_is_that_of_a_day() -> None:
    ends = BEGUN + timedelta(days=6)
    period = only(*(request(day * 1440, 0.1 * day, window="7d", ends=ends) for day in range(1, 4)))
    pace = pace_of(period, at(3 * 1440))
    assert pace is not None
    assert (pace.over, round(pace.per_hour * 24, 9)) == (timedelta(days=1), 0.1)


@pytest.mark.parametrize("minutes", [0.5, 301])
def test_there_is_no_pace_in_the_first_minute_or_after_the_end(minutes: float) -> None:
    assert pace_of(only(request(0, 0.2)), at(minutes)) is None


def test_a_used_up_window_is_full_now() -> None:
    pace = pace_of(only(request(0, 0.5), request(30, 1.0)), at(40))
    assert pace is not None
    assert pace.full_at == at(40)


@pytest.mark.parametrize(
    ("name", "length"), [("5h", timedelta(hours=5)), ("7d_oi", timedelta(days=7)), ("overage", None), ("5hours", None)]
)
def test_a_windows_name_says_its_length(name: str, length: timedelta | None) -> None:
    assert window_length(name) == length


def test_tokens_weigh_what_they_cost() -> None:
    assert weighted_tokens(Usage(1, 1, 1, 1, 1)) == 187
    assert weighted_tokens(Usage()) == 0


STATED = (
    ("anthropic-ratelimit-unified-5h-utilization", "0.42"),
    ("anthropic-ratelimit-unified-5h-reset", "1795276800"),
)


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({"rate_limits": STATED}, True),
        ({"subscription": True}, True),
        ({}, False),
        ({"rate_limits": (("retry-after", "3"),)}, False),
        ({"rate_limits": STATED, "outcome": Outcome.LIVE}, False),
        ({"subscription": True, "imported": Imported.TRANSCRIPT}, False),
    ],
)
def test_what_counts_is_what_ended_on_a_subscription(changes: dict[str, Any], counts: bool) -> None:
    assert (LimitedRequest.of(exchange(1, **changes)) is not None) == counts
