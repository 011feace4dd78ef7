"""Wait for the signal that ends a command."""

import contextlib
import queue
import signal
from collections.abc import Iterator
from types import FrameType

SIGNAL_CHECK_S = 0.5
"""The longest wait between checks for a signal: one that arrives just before a wait begins does not end that wait."""


class Waiting:
    """What the main thread waits for: a signal that ends the command, or ``wake`` from any thread.

    A signal's handler runs in the main thread between any two steps of it. Where it needed a lock that the interrupted
    step holds, as the one of a threading.Event, it would wait for ever; a SimpleQueue may be put to at any moment.
    """

    def __init__(self) -> None:
        self.told_to_end = False
        self._woken: queue.SimpleQueue[None] = queue.SimpleQueue()

    def wake(self) -> None:
        """End a wait, or the next one if nobody waits now."""
        self._woken.put(None)

    def wait(self, most_s: float = SIGNAL_CHECK_S) -> None:
        """Return when woken, at the latest after ``most_s`` seconds."""
        with contextlib.suppress(queue.Empty):
            self._woken.get(timeout=most_s)


@contextlib.contextmanager
def until_terminated() -> Iterator[Waiting]:
    """Provide a ``Waiting`` that the first SIGTERM, SIGINT or SIGHUP tells to end, and wakes.

    A second signal raises KeyboardInterrupt."""
    waiting = Waiting()
    signals = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def tell(_number: int, _frame: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, signal.default_int_handler)
        waiting.told_to_end = True
        waiting.wake()

    before = {each: signal.signal(each, tell) for each in signals}
    try:
        yield waiting
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
