"""A bounded queue with a thread that processes it."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_MOST_WAITING: Final = 10_000
"""The maximum number of queued snapshots, about 5 KB each."""

logger = logging.getLogger(__name__)


class SinkError(Exception):
    """A sink could not take exchanges. ``str()`` tells the user which sink, why, and what to do."""


class BackgroundQueue(Generic[T]):
    """Passes items in order to ``consume`` in a daemon thread, all that are waiting at a time.

    ``put`` never waits: items that do not fit are dropped. ``consume`` may block, and raises SinkError if it can't
    take the items, which are then lost. In both cases the user gets one notice until it works again.
    """

    def __init__(
        self,
        name: str,
        consume: Callable[[Sequence[T]], None],
        notify: Callable[[str], None],
        *,
        most_waiting: int = _MOST_WAITING,
    ) -> None:
        """``name`` is the section of config.toml; it names the thread and appears in messages."""
        self._name = name
        self._consume = consume
        self._notify = notify
        self._most_waiting = most_waiting
        self._changed = threading.Condition()
        self._items: list[T] = []
        self._closing = False
        self._full = False
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, item: T) -> None:
        """Queue an item, or drop it if the queue is full."""
        with self._changed:
            fits = len(self._items) < self._most_waiting
            tell, self._full = not fits and not self._full, not fits
            if fits:
                self._items.append(item)
                self._changed.notify()
        if tell:
            self._notify(f"[{self._name}] is slower than requests end: it leaves some out until it has caught up")

    def close(self, timeout_s: float) -> None:
        """Process the queued items, for up to ``timeout_s`` seconds, and end the thread."""
        until = time.monotonic() + timeout_s
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(max(0.0, until - time.monotonic()))
        if self._thread.is_alive():
            logger.warning("[%s] did not finish within %g s", self._name, timeout_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._closing)
                items, self._items = self._items, []
            if not items:
                return
            try:
                self._consume(items)
            except SinkError as error:
                self._tell(str(error))
            except Exception:
                logger.exception("[%s] failed", self._name)
                self._tell(f"[{self._name}] failed, and requests are missing from it (the log says why)")
            else:
                self._trouble = ""

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self._notify(trouble)
