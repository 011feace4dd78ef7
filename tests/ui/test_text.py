"""Amounts, durations and times as the dashboard says them."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from candela_tui.analysis import labels
from candela_tui.exchange import Marks, Outcome
from candela_tui.protocol.errors import ApiError
from candela_tui.text import amounts, times
from candela_tui.text.times import Clock
from candela_tui.ui.style import outcomes
from tests.ui.scene import NOW, Scene


@pytest.mark.parametrize(
    ("usd", "said"),
    [
        (None, "–"),
        ("0", "$0"),
        ("0.0004", "<$0.001"),
        ("0.0312", "$0.031"),
        ("0.0994", "$0.099"),
        ("0.0996", "$0.10"),
        ("0.117", "$0.12"),
        ("4.815", "$4.82"),
        ("999.99", "$999.99"),
        ("1203.7", "$1,204"),
    ],
)
def test_money_has_as_many_digits_as_matter(usd: str | None, said: str) -> None:
    assert amounts.money(None if usd is None else Decimal(usd)) == said


@pytest.mark.parametrize(
    ("usd", "width", "said"),
    [
        ("0", None, "$0"),
        ("0.000960", None, "$0.0009"),
        ("0.000960", 7, "$0.0009"),
        ("0.000960", 6, "$.0009"),
        ("0.000960", 5, "$0"),
        ("0.00006", None, "$0.00006"),
        ("0.000000125", None, "$0.0000001"),
        ("0.0312", None, "$0.031"),
    ],
)
def test_of_a_lower_bound_the_known_part_is_told_and_never_more(usd: str, width: int | None, said: str) -> None:
    assert amounts.known_part(Decimal(usd), width) == said


def test_a_lower_bound_of_little_is_not_nothing() -> None:
    assert amounts.at_least(Decimal("0.0009")) == "≥ $0.0009"


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        (None, "–"),
        (0, "0"),
        (812, "812"),
        (1234, "1.2k"),
        (9960, "10k"),
        (96_400, "96k"),
        (999_600, "1.0M"),
        (1_240_000, "1.2M"),
    ],
)
def test_tokens_are_short(tokens: int | None, said: str) -> None:
    assert amounts.count(tokens) == said


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        (None, "–"),
        (12, "12ms"),
        (812, "0.8s"),
        (9_960, "10s"),
        (59_600, "1m00"),
        (124_000, "2m04"),
        (3_720_000, "1h02"),
        (370_800_000, "4d07"),
    ],
)
def test_durations_are_short(milliseconds: float | None, said: str) -> None:
    assert times.duration(milliseconds) == said


def test_a_share_that_is_not_all_is_never_said_to_be_all() -> None:
    assert [amounts.percent(share) for share in (None, 0.0, 0.004, 0.914, 0.9999, 1.0)] == [
        "–",
        "0%",
        "<1%",
        "91%",
        "99%",
        "100%",
    ]


def test_times_are_local_and_have_a_date_where_it_is_not_today() -> None:
    clock = Clock(lambda: NOW, timezone(timedelta(hours=2)))
    assert times.time_of_day(datetime(2026, 11, 21, 10, 1, 3, tzinfo=UTC), clock) == "12:01:03"
    assert times.time_of_day(datetime(2026, 11, 20, 21, 59, tzinfo=UTC), clock) == "Nov 20 23:59:00"
    assert times.time_of_day(datetime(2026, 11, 20, 21, 59, tzinfo=UTC), clock, seconds=False) == "Nov 20 23:59"
    assert times.time_of_day(datetime(2025, 11, 20, tzinfo=UTC), clock) == "2025-11-20 02:00:00"
    assert times.time_of_day(datetime(2025, 11, 20, tzinfo=UTC), clock, seconds=False) == "2025-11-20"
    # Half past eleven at night in UTC is already today here.
    assert times.time_of_day(datetime(2026, 11, 20, 23, 30, tzinfo=UTC), clock) == "01:30:00"


def test_the_second_of_two_times_has_a_date_where_it_is_another_day() -> None:
    clock = Clock(lambda: NOW, UTC)
    first, later = datetime(2026, 11, 20, 23, 58, 1, tzinfo=UTC), datetime(2026, 11, 20, 23, 59, 2, tzinfo=UTC)
    assert times.time_after(later, first, clock) == "23:59:02"
    assert times.time_after(datetime(2026, 11, 21, 0, 1, tzinfo=UTC), first, clock) == "00:01:00"
    assert times.time_after(first, datetime(2026, 11, 19, tzinfo=UTC), clock) == "Nov 20 23:58:01"


def test_models_go_by_what_tells_them_apart() -> None:
    assert labels.model("claude-opus-4-8") == "opus-4-8"
    assert labels.model("claude-haiku-4-5-20251001") == "haiku-4-5"
    assert labels.model(None) == "–"


def test_a_failure_is_said_in_the_providers_words(scene: Scene) -> None:
    error = ApiError("overloaded_error", "Overloaded")
    failed = scene.make(status=529, outcome=Outcome.ERROR, error=error, retry=2)
    assert outcomes.shortfall(failed) == "try 3 · 529 overloaded"
    assert outcomes.shortfall(scene.make(outcome=Outcome.CUT, status=200)) == "cut off by the provider"
    assert outcomes.shortfall(scene.make()) is None


def test_an_answer_that_came_all_at_once_has_no_speed(scene: Scene) -> None:
    at_once = scene.make(usage=(12, 0, 0, 0, 80), marks=Marks(0.4, 640.0, 812.0, 812.1))
    streamed = scene.make(usage=(12, 0, 0, 0, 80), marks=Marks(0.4, 640.0, 812.0, 1812.0))
    assert at_once.tokens_per_second is None
    assert streamed.tokens_per_second == 80


@pytest.mark.parametrize(
    ("per_second", "said"), [(None, "–"), (7.46, "7.5"), (9.96, "10"), (61.2, "61"), (1649.3, "1.6k")]
)
def test_tokens_a_second_fit_their_column(per_second: float | None, said: str) -> None:
    assert amounts.rate(per_second) == said
