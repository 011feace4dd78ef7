"""Schedule the garbage collector: its long pauses (tens of ms for a big heap) must not hit live streams."""

import gc
import time

_YOUNG = 2_000
"""Objects created between two collections of the youngest generation. Every tenth collection covers ten times as many,
which blocks the interpreter for about 4 ms; with 20,000 it was 40 ms, and chunks of streams waited that long."""
_NEVER = 10_000
_LONG_S = 0.02
_THOROUGH_EVERY_S = 3600.0
_PATIENCE_S = 60.0
"""Seconds without a quiet moment after which garbage is freed anyway: one long pause a minute is better than a leak."""


class Collector:
    """Replaces Python's own schedule from ``start``; call ``collect`` every few seconds."""

    def __init__(
        self,
        *,
        long_s: float = _LONG_S,
        thorough_every_s: float = _THOROUGH_EVERY_S,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._long_s = long_s
        self._thorough_every_s = thorough_every_s
        self._patience_s = patience_s
        self._thorough_at = self._collected_at = time.monotonic()

    def start(self) -> None:
        """Exempt every object that exists now, and stop Python from scheduling full collections."""
        gc.freeze()
        _, middle, _ = gc.get_threshold()
        gc.set_threshold(_YOUNG, middle, _NEVER)

    def collect(self, *, quiet: bool) -> None:
        """Collect all but the exempt objects, if the moment is quiet or there has been no quiet one for long.

        If that takes long at a quiet moment, many objects are permanent, such as 50,000 exchanges (0.2 s): these become
        exempt. Once an hour, no object is exempt.
        """
        started = time.monotonic()
        if not quiet and started - self._collected_at < self._patience_s:
            return
        self._collected_at = started
        if quiet and started - self._thorough_at >= self._thorough_every_s:
            self._thorough_at = started
            gc.unfreeze()
        elif not any(gc.get_count()[1:]):
            return
        gc.collect()
        if quiet and time.monotonic() - started >= self._long_s:
            gc.freeze()
