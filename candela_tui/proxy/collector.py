"""When the garbage collector works: its long pauses (tens of ms for a big heap) stay away from live streams."""

import gc
import time

_YOUNG = 2_000
"""Objects made between two looks at the youngest. Every tenth look takes in ten times as many, which holds the
interpreter some 4 ms; with 20,000 it was 40 ms, and chunks of streams waited that long."""
_NEVER = 10_000
_LONG_S = 0.02
_THOROUGH_EVERY_S = 3600.0
_PATIENCE_S = 60.0
"""After so long without a quiet moment garbage is freed all the same: one long pause a minute, not a leak."""


class Collector:
    """Takes over from Python's own schedule at ``start``; ``collect`` is to be called every few seconds."""

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
        """Leave out what was made by now, and never look at everything on its own account."""
        gc.freeze()
        _, middle, _ = gc.get_threshold()
        gc.set_threshold(_YOUNG, middle, _NEVER)

    def collect(self, *, quiet: bool) -> None:
        """Look at everything but what is left out, if the moment is quiet or there was none for long.

        Where that takes long at a quiet moment there is much that stays, such as 50,000 exchanges (0.2 s): it is left
        out from then on. Once an hour nothing is.
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
