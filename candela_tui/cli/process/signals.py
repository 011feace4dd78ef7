"""Wait for the signal that ends a command."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

SIGNAL_CHECK_S = 0.5
"""The longest wait between checks for a signal: one that arrives just before a wait begins does not end that wait."""


@contextlib.contextmanager
def until_terminated(woken: threading.Event) -> Iterator[threading.Event]:
    """Provide an event that is set, together with ``woken``, by the first SIGTERM, SIGINT or SIGHUP.

    A second signal raises KeyboardInterrupt."""
    told = threading.Event()
    signals = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def tell(_number: int, _frame: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, signal.default_int_handler)
        told.set()
        woken.set()

    before = {each: signal.signal(each, tell) for each in signals}
    try:
        yield told
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
