"""Notices about refused requests: few, as a web page can send thousands of them."""

from collections import deque
from collections.abc import Callable
from time import monotonic

_MOST = 5
_WITHIN_S = 60.0


class RefusalNotices:
    """Tells the user of refused requests, five times a minute at most, and then how many there were besides."""

    def __init__(self, notify: Callable[[str], None], now: Callable[[], float] = monotonic) -> None:
        self._notify = notify
        self._now = now
        self._told: deque[float] = deque(maxlen=_MOST)
        self._untold = 0

    def tell(self, words: str) -> None:
        """Give the reason of one refusal."""
        now = self._now()
        if len(self._told) == _MOST and now - self._told[0] < _WITHIN_S:
            self._untold += 1
            return
        self._told.append(now)
        before = f" ({self._untold:,} more were refused before it)" if self._untold else ""
        self._untold = 0
        self._notify(f"Refused a request: {words}{before}")
