"""The figures of a benchmark: quantiles, spreads over rounds, and ratios of pairs."""

import pytest

from benchmarks.figures import ADDED_TTFB, PROCESSOR, THROUGHPUT, Figure, Spread, ratios, rows, spread
from benchmarks.load import Measured, quantile


def _measured(first_byte: float, *, seconds: float = 1.0, processor_s: float = 0.0) -> Measured:
    return Measured([first_byte] * 10, [], seconds, processor_s)


def test_a_quantile_is_the_value_that_this_share_of_the_values_does_not_exceed() -> None:
    values = [float(number) for number in range(1000, 0, -1)]
    assert (quantile(values, 0.5), quantile(values, 0.999), quantile(values, 1.0)) == (501, 1000, 1000)
    assert quantile([7.0], 0.999) == 7


def test_a_spread_is_the_median_and_the_range() -> None:
    assert spread([3.0, 1.0, 10.0]) == Spread(3, 1, 10)


def test_a_ratio_compares_the_values_of_the_same_round() -> None:
    assert ratios([2.0, 30.0, 4.0], [1.0, 10.0, 4.0]) == Spread(2, 1, 3)


def test_there_is_no_ratio_to_nothing() -> None:
    assert ratios([2.0], [0.0]) is None
    assert ratios([2.0, 3.0], [-0.1, 1.0]) == Spread(3, 3, 3)


def test_the_added_time_is_beyond_the_providers_own_in_the_same_round() -> None:
    rounds = [
        {"straight": _measured(1.0), "bare": _measured(2.0), "serve": _measured(1.5)},
        {"straight": _measured(5.0), "bare": _measured(7.0), "serve": _measured(7.0)},
    ]
    by_target = {row.target: row for row in rows(ADDED_TTFB, rounds)}
    assert by_target.keys() == {"bare", "serve"}
    assert by_target["serve"].value == Spread(1.25, 0.5, 2.0)
    assert by_target["serve"].ratio == Spread(0.75, 0.5, 1.0)


def test_a_target_that_gave_up_in_a_round_has_no_row() -> None:
    rounds = [{"straight": _measured(1.0), "bare": _measured(2.0)}, {"straight": _measured(1.0)}]
    assert [row.target for row in rows(THROUGHPUT, rounds)] == ["straight"]


@pytest.mark.parametrize(("figure", "value"), [(THROUGHPUT, 5.0), (PROCESSOR, 30.0)])
def test_figures_of_a_load_are_by_its_requests(figure: Figure, value: float) -> None:
    measured = _measured(1.0, seconds=2.0, processor_s=0.3)
    assert figure.of(measured, measured) == pytest.approx(value)
