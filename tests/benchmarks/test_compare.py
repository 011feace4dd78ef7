"""What is said of two commits."""

import pytest

from benchmarks.cases import Case
from benchmarks.compare import TTFB, text, verdict
from benchmarks.figures import THROUGHPUT, Figure, Spread
from benchmarks.load import Measured, Shape
from benchmarks.rounds import Result

MEAN = TTFB[0]


@pytest.mark.parametrize(
    ("figure", "ratio", "rounds", "word"),
    [
        (MEAN, Spread(0.8, 0.7, 0.9), 5, "better"),
        (MEAN, Spread(1.2, 1.1, 1.3), 5, "worse"),
        (MEAN, Spread(1.2, 0.9, 1.3), 5, "no difference seen"),
        (MEAN, Spread(1.2, 1.1, 1.3), 3, "no difference seen"),
        (MEAN, None, 9, "no difference seen"),
        (THROUGHPUT, Spread(1.2, 1.1, 1.3), 5, "better"),
        (THROUGHPUT, Spread(0.8, 0.7, 0.9), 5, "worse"),
    ],
)
def test_only_what_all_rounds_agree_on_is_a_difference(
    figure: Figure, ratio: Spread | None, rounds: int, word: str
) -> None:
    assert verdict(figure, ratio, rounds) == word


def test_each_form_has_a_line_for_the_mean_and_for_the_tail() -> None:
    case = Case("one", "One at a time", Shape("90 KB", 2, 1), TTFB)
    rounds = [{"candela serve, before": Measured([1.0, 3.0]), "candela serve, after": Measured([1.0, 2.0])}] * 5
    assert text([Result(case, rounds)], "aaa (Old)", "bbb (New)").splitlines() == [
        "before: aaa (Old)",
        "after:  bbb (New)",
        "",
        "candela serve, One at a time (90 KB)",
        "  time to the first byte, mean    2.00 to 1.50 ms                   0.75x (0.75 to 0.75)    better",
        "  time to the first byte, p99.9   3.00 to 2.00 ms                   0.67x (0.67 to 0.67)    better",
    ]
