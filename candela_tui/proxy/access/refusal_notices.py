"""Notices about refused requests. There are only a few, as a web page can send thousands of requests."""

from collections import deque
from collections.abc import Callable
from time import monotonic

_MOST_NOTICES = 5
_PERIOD_S = 60.0


class RefusalNotices:
    """Tells the user of refused requests at most five times a minute, and then how many more there were."""

    def __init__(self, notify: Callable[[str], None], now: Callable[[], float] = monotonic) -> None:
        self._notify = notify
        self._now = now
        self._told: deque[float] = deque(maxlen=_MOST_NOTICES)
        self._untold = 0

    def tell(self, words: str) -> None:
        """Tell the user the reason of one refusal, or only count it."""
        now = self._now()
        if len(self._told) == _MOST_NOTICES and now - self._told[0] < _PERIOD_S:
            self._untold += 1
            return
        self._told.append(now)
        before = f" ({self._untold:,} more were refused before it)" if self._untold else ""
        self._untold = 0
        self._notify(f"Refused a request: {words}{before}")
