"""Gauges and sparklines: shares and series drawn in a few cells of text."""

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"


def gauge(share: float, cells: int) -> str:
    """Draw a gauge, ``▓▓░░░░``. Only a share of 0 looks empty, and only a share of 1 looks full."""
    filled = round(min(max(share, 0.0), 1.0) * cells)
    if share > 0:
        filled = max(filled, 1)
    if share < 1:
        filled = min(filled, cells - 1)
    return "▓" * filled + "░" * (cells - filled)


def limit_style(share: float) -> str:
    """Return the style for the used share of a limit: a warning from 80%, an alarm from 95%."""
    return "bad" if share >= 0.95 else "warn" if share >= 0.8 else "text"


def sparkline(values: Sequence[float]) -> str:
    """Draw one bar per value, relative to the highest: ``▁▂▅▇``. A value of 0 is the lowest bar."""
    highest = max(values, default=0)
    if highest <= 0:
        return _BARS[0] * len(values)
    steps = len(_BARS) - 1
    return "".join(_BARS[round(value / highest * steps)] if value > 0 else _BARS[0] for value in values)
