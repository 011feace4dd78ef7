"""A bounded queue with a thread that processes it."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_MOST_WAITING: Final = 10_000
"""The maximum number of queued snapshots, about 5 KB each."""
_MOST_BYTES: Final = 64 * 2**20
"""The maximum size of what the queued items hold besides, such as bodies."""

logger = logging.getLogger(__name__)


class SinkError(Exception):
    """A sink could not take exchanges. ``str()`` tells the user which sink, why, and what to do."""


class BackgroundQueue(Generic[T]):
    """Passes items in order to ``consume`` in a daemon thread, all that are waiting at a time.

    ``put`` never waits: items that do not fit are dropped. ``consume`` may block, and raises SinkError if it can't
    take the items, which are then lost. In both cases the user gets one notice until it works again. A ``consume`` that
    waits, such as for a server, ends once ``closing`` is set.
    """

    def __init__(
        self,
        name: str,
        consume: Callable[[Sequence[T]], None],
        notify: Callable[[str], None],
        *,
        most_waiting: int = _MOST_WAITING,
        most_bytes: int = _MOST_BYTES,
        tick_s: float | None = None,
        gather_s: float = 0.0,
        finish: Callable[[], None] | None = None,
    ) -> None:
        """``name`` is the section of config.toml; it names the thread and appears in messages.

        ``most_bytes`` bounds the sum of the sizes that ``put`` is told. ``consume`` gets no items if none came for
        ``tick_s`` seconds; None: it is only called with items. Items that come within ``gather_s`` seconds are taken
        together, which costs the other threads less. ``finish`` is called once, after the last items.
        """
        self._name = name
        self._consume = consume
        self._notify = notify
        self._most_waiting = most_waiting
        self._most_bytes = most_bytes
        self._tick_s = tick_s
        self._gather_s = gather_s
        self._finish = finish
        self._changed = threading.Condition()
        self._items: list[T] = []
        self._bytes = 0
        self.closing = threading.Event()
        """Set when no more items come, and what waits has to end soon."""
        self.dropped = 0
        """How many items did not fit."""
        self._full = False
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """The number of items that wait."""
        return len(self._items)

    def put(self, item: T, size: int = 0) -> bool:
        """Queue an item that holds so many bytes, or drop it if the queue is full. Returns whether it was queued."""
        with self._changed:
            fits = len(self._items) < self._most_waiting and self._bytes + size <= self._most_bytes
            tell, self._full = not fits and not self._full, not fits
            if fits:
                self._items.append(item)
                self._bytes += size
                if len(self._items) == 1 or self._is_half_full():
                    self._changed.notify()
            else:
                self.dropped += 1
        if tell:
            self._notify(f"[{self._name}] is slower than requests end: it leaves some out until it has caught up")
        return fits

    def close(self, timeout_s: float) -> bool:
        """Process the queued items, for up to ``timeout_s`` seconds, and end the thread. Returns whether it ended, and
        may be called again if not."""
        until = time.monotonic() + timeout_s
        with self._changed:
            self.closing.set()
            self._changed.notify()
        self._thread.join(max(0.0, until - time.monotonic()))
        return not self._thread.is_alive()

    def _is_half_full(self) -> bool:
        return 2 * len(self._items) > self._most_waiting or 2 * self._bytes > self._most_bytes

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self.closing.is_set(), self._tick_s)
                if self._items and self._gather_s:
                    self._changed.wait_for(lambda: self.closing.is_set() or self._is_half_full(), self._gather_s)
                items, self._items, self._bytes = self._items, [], 0
                closing = self.closing.is_set()
            if items or not closing:
                self._call(partial(self._consume, items))
                continue
            if self._finish is not None:
                self._call(self._finish)
            return

    def _call(self, work: Callable[[], None]) -> None:
        try:
            work()
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
