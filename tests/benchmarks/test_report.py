"""What a benchmark prints."""

import pytest

from benchmarks import report
from benchmarks.cases import Case
from benchmarks.figures import THROUGHPUT, Spread
from benchmarks.load import Measured, Shape
from benchmarks.rounds import Result


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.1719, "0.172"), (8.526, "8.53"), (27.04, "27.0"), (104.4, "104"), (6312.0, "6,312"), (-0.02, "-0.020")],
)
def test_a_figure_has_three_digits(value: float, shown: str) -> None:
    assert report.number(value) == shown


def test_a_spread_shows_the_median_first() -> None:
    assert report.spread_text(Spread(1.5, 1.0, 12.34)) == "1.50 (1.00 to 12.3)"


def test_a_table_has_a_row_for_each_target_and_a_line_for_each_that_gave_up() -> None:
    shape = Shape("90 KB", 2, 1)
    rounds = [
        {"straight": Measured([1.0], [], 0.1), "bare": Measured([1.0], [], 0.2), "serve": Measured([1.0], [], 0.4)},
        {"straight": Measured([1.0], [], 0.1), "bare": Measured([1.0], [], 0.2), "serve": Measured([1.0], [], 0.8)},
    ]
    result = Result(Case("x", "One at a time", shape, (THROUGHPUT,)), rounds, {"litellm": "it closed the connection"})
    assert report.text([result]).splitlines() == [
        "",
        "One at a time (90 KB): throughput, requests/s, more is better",
        "  the provider itself           10.0 (10.0 to 10.0)               2.00x (2.00 to 2.00) of bare aiohttp",
        "  bare aiohttp                  5.00 (5.00 to 5.00)               1.00x (1.00 to 1.00) of bare aiohttp",
        "  candela serve                 1.88 (1.25 to 2.50)               0.38x (0.25 to 0.50) of bare aiohttp",
        "  LiteLLM gave up: it closed the connection",
    ]
