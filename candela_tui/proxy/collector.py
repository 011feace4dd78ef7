"""When the garbage collector works: its long pauses (tens of ms for a big heap) stay away from live streams."""

import gc
import time

_YOUNG = 20_000
_NEVER = 10_000
_LONG_S = 0.02
_THOROUGH_EVERY_S = 3600.0


class Collector:
    """Takes over from Python's own schedule at ``start``; ``collect`` is to be called at quiet moments."""

    def __init__(self, *, long_s: float = _LONG_S, thorough_every_s: float = _THOROUGH_EVERY_S) -> None:
        self._long_s = long_s
        self._thorough_every_s = thorough_every_s
        self._thorough_at = time.monotonic()

    def start(self) -> None:
        """Leave out what was made by now, and never look at everything on its own account."""
        gc.freeze()
        _, middle, _ = gc.get_threshold()
        gc.set_threshold(_YOUNG, middle, _NEVER)

    def collect(self) -> None:
        """Look at everything but what is left out.

        Where that takes long there is much that stays, such as 50,000 exchanges (0.2 s): it is left out from then on.
        Once an hour nothing is.
        """
        started = time.monotonic()
        if started - self._thorough_at >= self._thorough_every_s:
            self._thorough_at = started
            gc.unfreeze()
        elif not any(gc.get_count()[1:]):
            return
        gc.collect()
        if time.monotonic() - started >= self._long_s:
            gc.freeze()
