"""Cost against size: what is reported of it, and that each case can be measured."""

from benchmarks.growth import growths, markdown, panels
from benchmarks.growth_cases import Cost, measure_one
from benchmarks.machine import this_machine


def _costs(*cpu_ms: float) -> list[Cost]:
    return [Cost("store", "open", 10**place, "requests", ms, 1.0, 90.0) for place, ms in enumerate(cpu_ms, 1)]


def test_what_costs_the_same_at_each_size_does_not_grow() -> None:
    (growth,) = growths(_costs(50, 50, 50))
    assert growth.exponent == 0


def test_growth_in_proportion_is_told_from_growth_as_the_square() -> None:
    (in_proportion,) = growths(_costs(5, 50, 500))
    (as_square,) = growths(_costs(5, 500, 50_000))
    assert (in_proportion.exponent_words, as_square.exponent_words) == ("size^1.0", "size^2.0")


def test_an_operation_that_is_repeated_is_a_row_each_time() -> None:
    again = [cost for cost in _costs(5, 50) for _ in range(2)]
    assert [len(growth.costs) for growth in growths(again)] == [2, 2]


def test_the_section_has_each_size_and_operation() -> None:
    text = markdown(_costs(5, 50, 500), this_machine())
    assert "| requests | 10 | 100 | 1,000 | grows as |" in text
    assert "| open | 5.00 ms | 50.0 ms | 500 ms | size^1.0 |" in text
    (panel,) = panels(_costs(5, 50, 500))
    assert len(panel.marks) == 3


def test_an_operation_is_measured_at_a_size() -> None:
    costs = measure_one("stream", 300)
    assert {"open the dashboard", "open its events"} <= {cost.operation for cost in costs}
    assert all(cost.cpu_ms > 0 and cost.peak_mb > 0 for cost in costs)
