"""Schedule the garbage collector. Its pauses stop every thread, so they are kept short while streams are live.

A collection takes about 1 ms for each 1,000 to 10,000 objects that it looks at. Python up to 3.13 looks at the old ones
all at once, so they are kept few: before they are too many, those in use are exempted (``gc.freeze``). An exempt object
is still freed when nothing refers to it; only cycles of them wait for a thorough collection, at a quiet moment. Python
3.14 looks at the old ones bit by bit, and nothing has to be done for that.
"""

import gc
import time

_YOUNG = 1_000
"""Objects created between two collections of the youngest generation."""
_MIDDLE = 5
"""Collections of the youngest between two of the middle generation: it looks at up to 6,000 objects, which takes 1 to
4 ms."""
_NEVER = 10_000
"""Collections of the middle generation until Python would look at the old one by itself."""
_FEW_OLD = 3_000
"""Old objects that are not worth a collection: what lives for seconds, such as an open dialog, can still be freed."""
_MANY_OLD = 5_000
"""Old objects that can be looked at within 5 ms on a slow machine. A large conversation in the dashboard is more, and
is exempted without a look."""
_QUIET_S = 30.0
"""How long no stream must be live before a thorough collection, so that it does not hit the next request of a busy
client."""
_WORTH_THOROUGH = 50_000
"""Objects exempted since the last thorough collection that make another one worth its 0.1 to 0.5 s."""
_MOST_EXEMPTED = 1_000_000
"""Objects exempted since then that make one necessary even while streams are live: they may hold more than 100 MB. That
takes more than half an hour of seven keys a second without a quiet moment."""
_THOROUGH_EVERY_S = 3600.0


class Collector:
    """Replaces Python's own schedule from ``start``; call ``collect`` every second."""

    def __init__(
        self,
        *,
        few_old: int = _FEW_OLD,
        many_old: int = _MANY_OLD,
        worth_thorough: int = _WORTH_THOROUGH,
        most_exempted: int = _MOST_EXEMPTED,
        quiet_s: float = _QUIET_S,
        thorough_every_s: float = _THOROUGH_EVERY_S,
    ) -> None:
        self._few_old = few_old
        self._many_old = many_old
        self._worth_thorough = worth_thorough
        self._most_exempted = most_exempted
        self._quiet_s = quiet_s
        self._thorough_every_s = thorough_every_s
        self._exempted = 0
        """Objects exempted since the last thorough collection."""
        self._live_at = self._thorough_at = time.monotonic()
        self._incremental = False

    def start(self) -> None:
        """Exempt every object that exists now, and stop Python from scheduling full collections."""
        gc.freeze()
        gc.set_threshold(_YOUNG, _MIDDLE, _NEVER)
        # A collector that works bit by bit has no third generation, and ignores its threshold.
        self._incremental = gc.get_threshold()[2] != _NEVER

    def collect(self, *, quiet: bool) -> None:
        """Keep the old objects few. ``quiet``: no stream is live, so a pause is noticed by nobody."""
        now = time.monotonic()
        if not quiet:
            self._live_at = now
        if self._exempted >= self._most_exempted or (
            quiet
            and now - self._live_at >= self._quiet_s
            and (self._exempted >= self._worth_thorough or now - self._thorough_at >= self._thorough_every_s)
        ):
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            self._exempted, self._thorough_at = 0, now
            return
        if self._incremental:
            return
        old = len(gc.get_objects(generation=2))
        if old < self._few_old:
            return
        if quiet or old <= self._many_old:
            gc.collect()
            old = len(gc.get_objects(generation=2))
        else:
            # What is garbage already must not be exempted with the rest.
            gc.collect(1)
        if old >= self._few_old:
            gc.freeze()
            self._exempted += old
