"""The figures that a benchmark reports, as functions of what was measured."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.load import Measured, quantile


@dataclass(frozen=True, slots=True)
class Spread:
    """The median and the range of one figure over the rounds."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the range of the values."""
    return Spread(statistics.median(values), min(values), max(values))


def ratios(values: Sequence[float], references: Sequence[float]) -> Spread | None:
    """Return the spread of the ratios of each round, or None if there is none: a reference is not above 0."""
    pairs = [value / reference for value, reference in zip(values, references, strict=True) if reference > 0]
    return spread(pairs) if pairs else None


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a load on a target, and what it is compared with."""

    name: str
    unit: str
    better: Literal["less", "more"]
    compared_with: str
    """The id of the target that ratios are to."""
    of: Callable[[Measured, Measured], float]
    """The figure, from what was measured at the target, and at the provider itself in the same round."""


def _added(measured: Measured, straight: Measured) -> float:
    return quantile(measured.first_byte, 0.5) - quantile(straight.first_byte, 0.5)


ADDED_TTFB = Figure("added time to the first byte, p50", "ms", "less", "bare", _added)
INTERCEPTED_TTFB = Figure(
    "time to the first byte on a kept connection, p50",
    "ms",
    "less",
    "serve",
    lambda own, _: quantile(own.first_byte, 0.5),
)
SLOWEST = Figure("slowest first byte", "ms", "less", "straight", lambda own, _: max(own.first_byte))
THROUGHPUT = Figure("throughput", "requests/s", "more", "bare", lambda own, _: own.requests_per_second)
PROCESSOR = Figure(
    "processor time of a request", "ms", "less", "bare", lambda own, _: own.processor_s * 1000 / len(own.first_byte)
)
DELAY_P99 = Figure("delay of a chunk, p99", "ms", "less", "bare", lambda own, _: quantile(own.delay, 0.99))
DELAY_P999 = Figure("delay of a chunk, p99.9", "ms", "less", "bare", lambda own, _: quantile(own.delay, 0.999))


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one target, over all rounds."""

    target: str
    value: Spread
    ratio: Spread | None
    """To the target that the figure is compared with, round by round."""


def rows(figure: Figure, rounds: Sequence[dict[str, Measured]]) -> list[Row]:
    """Return the figure of each target that took part in every round, in the order of the first round."""
    named = [name for name in rounds[0] if all(name in each for each in rounds)]
    values = {name: [figure.of(each[name], each["straight"]) for each in rounds] for name in named}
    references = values.get(figure.compared_with)
    # The provider itself adds nothing to itself: a row of zeros says nothing.
    return [
        Row(name, spread(own), ratios(own, references) if references else None)
        for name, own in values.items()
        if any(own)
    ]
