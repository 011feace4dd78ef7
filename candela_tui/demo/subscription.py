"""The demo's subscription: its limits and their use, as stated in response headers."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_HOUR_S = 3600


@dataclass(slots=True)
class _Window:
    name: str
    length_s: int
    size: float
    """The units that it allows."""
    used: float
    """The share used, 0 to 1."""
    resets_at: float
    """The time of the next reset, in seconds since 1970."""


class Subscription:
    """Two windows that fill up as requests are answered."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        begin = now()
        self._windows = (
            _Window("5h", 5 * _HOUR_S, 20e6, 0.38, begin + 1.98 * _HOUR_S),
            _Window("7d", 7 * 24 * _HOUR_S, 300e6, 0.16, begin + 75 * _HOUR_S),
        )

    def spend(self, usage: dict[str, Any], output: int) -> None:
        """Count an answer, weighting each kind of token by about what it costs."""
        read, written = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
        units = usage["input_tokens"] + 1.25 * written + 0.1 * read + 5 * output
        for window in self._windows:
            if window.resets_at <= self._now():
                window.used, window.resets_at = 0.0, window.resets_at + window.length_s
            window.used = min(1.0, window.used + units / window.size)

    def headers(self) -> dict[str, str]:
        """Return the response headers that state the limits."""
        prefix = "anthropic-ratelimit-unified"
        told = {f"{prefix}-status": "allowed", f"{prefix}-representative-claim": "five_hour"}
        for window in self._windows:
            told[f"{prefix}-{window.name}-status"] = "allowed" if window.used < 0.9 else "allowed_warning"
            told[f"{prefix}-{window.name}-utilization"] = f"{window.used:.4f}"
            told[f"{prefix}-{window.name}-reset"] = f"{window.resets_at:.0f}"
        return told
