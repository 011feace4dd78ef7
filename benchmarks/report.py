"""Formats the results of a run as text for the terminal."""

from collections.abc import Sequence

from benchmarks.figures import Figure, Spread, rows
from benchmarks.rounds import Result
from benchmarks.targets import LABELS


def number(value: float) -> str:
    """Return a figure with about three digits: 0.172, 8.53, 104, 1,039."""
    digits = 3 if abs(value) < 1 else 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:,.{digits}f}"


def spread_text(value: Spread) -> str:
    """Return a median with its range: ``0.172 (0.160 to 0.201)``."""
    return f"{number(value.median)} ({number(value.low)} to {number(value.high)})"


def ratio_text(value: Spread | None) -> str:
    """Return a ratio with its range: ``0.31x (0.29 to 0.40)``."""
    return f"{value.median:.2f}x ({value.low:.2f} to {value.high:.2f})" if value else "–"


def label(target: str) -> str:
    """Return the name of a target for a reader."""
    return LABELS.get(target, target)


def text(results: Sequence[Result]) -> str:
    """Return all figures of all cases as aligned text."""
    parts = []
    for result in results:
        for figure in result.case.figures:
            title = f"{result.case.title} ({result.case.shape.name}): {figure.name}"
            parts += ["", f"{title}, {figure.unit}, {figure.better} is better", *_aligned(result, figure)]
        parts += [f"  {label(name)} gave up: {why}" for name, why in result.failed.items()]
    return "\n".join(parts)


def _aligned(result: Result, figure: Figure) -> list[str]:
    return [
        f"  {label(row.target):30}{spread_text(row.value):34}{ratio_text(row.ratio)} of {label(figure.compared_with)}"
        for row in rows(figure, result.rounds)
    ]
