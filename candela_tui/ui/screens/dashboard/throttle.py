"""Work that is requested often and done at most once a second."""

import time
from collections.abc import Awaitable, Callable

from textual.timer import Timer
from textual.widget import Widget
from textual.worker import Worker

_SHORTEST_S = 1.0
_SHARE = 20
"""The work takes at most this fraction of the time, as one part in so many."""


class ThrottledWork:
    """Do a widget's work at most once a second, and less often if it takes long. Ends with the widget."""

    def __init__(self, widget: Widget, work: Callable[[], Awaitable[None]]) -> None:
        self._widget = widget
        self._work = work
        self._timer: Timer | None = None
        self._worker: Worker[None] | None = None
        self._next_at = 0.0
        self._again = False

    def schedule(self, *, at_once: bool = False) -> None:
        """Schedule the work again: its input changed. ``at_once``: the input was replaced, so running work is
        cancelled."""
        if at_once:
            self.stop()
            self._run()
        elif self._worker is not None and not self._worker.is_finished:
            self._again = True
        elif self._timer is None:
            wait = self._next_at - time.monotonic()
            if wait > 0:
                self._timer = self._widget.set_timer(wait, self._run)
            else:
                self._run()

    def stop(self) -> None:
        """Stop until the work is scheduled again."""
        self._again = False
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None

    def _run(self) -> None:
        self._timer = None
        self._worker = self._widget.run_worker(self._timed)

    async def _timed(self) -> None:
        begun = time.monotonic()
        await self._work()
        now = time.monotonic()
        self._next_at = now + max(_SHORTEST_S, (now - begun) * _SHARE)
        self._worker = None
        if self._again:
            self._again = False
            self.schedule()
