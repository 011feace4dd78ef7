"""Work that is wanted often and done seldom."""

import time
from collections.abc import Awaitable, Callable

from textual.timer import Timer
from textual.widget import Widget
from textual.worker import Worker

_SHORTEST_S = 1.0
_SHARE = 20
"""The work takes at most one part in so many of the time."""


class Paced:
    """Does a widget's work at most once a second, and more seldom where it takes long. The widget's end is its end."""

    def __init__(self, widget: Widget, work: Callable[[], Awaitable[None]]) -> None:
        self._widget = widget
        self._work = work
        self._timer: Timer | None = None
        self._worker: Worker[None] | None = None
        self._next_at = 0.0
        self._again = False

    def want(self, *, at_once: bool = False) -> None:
        """What the work is made of changed. ``at_once``: it is of something else now, so what is under way is void."""
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
        """Do it no more, until it is wanted again."""
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
            self.want()
