"""Tells the results in words: as text for the terminal, and as tables for the document."""

from collections.abc import Sequence

from benchmarks.figures import Figure, Row, Spread, rows
from benchmarks.rounds import Result
from benchmarks.targets import LABELS


def number(value: float) -> str:
    """Return a figure with about three digits: 0.172, 8.53, 104, 1,039."""
    digits = 3 if abs(value) < 1 else 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:,.{digits}f}"


def spread_text(value: Spread, unit: str = "") -> str:
    """Return a median with its range: ``0.172 ms (0.160 to 0.201)``."""
    return f"{number(value.median)}{unit} ({number(value.low)} to {number(value.high)})"


def _ratio(value: Spread | None) -> str:
    return f"{value.median:.2f}x ({value.low:.2f} to {value.high:.2f})" if value else "–"


def label(target: str) -> str:
    """Return the name of a target for a reader."""
    return LABELS.get(target, target)


def heading(result: Result, figure: Figure) -> str:
    """Return what a table is about."""
    return f"{result.case.title} ({result.case.shape.name}): {figure.name}, {figure.unit}, {figure.better} is better"


def text(results: Sequence[Result]) -> str:
    """Return all results as aligned text."""
    parts = []
    for result in results:
        for figure in result.case.figures:
            parts += ["", heading(result, figure), *_aligned(figure, rows(figure, result.rounds))]
        parts += [f"  {label(name)} gave up: {why}" for name, why in result.failed.items()]
    return "\n".join(parts)


def _aligned(figure: Figure, table: Sequence[Row]) -> list[str]:
    return [
        f"  {label(row.target):30}{spread_text(row.value):34}{_ratio(row.ratio)} of {label(figure.compared_with)}"
        for row in table
    ]
