"""Waiting for the signal that ends a command."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

SIGNAL_CHECK_S = 0.5
"""A signal that comes just before the main thread begins to wait does not end the wait, so no wait is without end."""


@contextlib.contextmanager
def told_to_end(woken: threading.Event) -> Iterator[threading.Event]:
    """An event that the first SIGTERM, SIGINT or SIGHUP sets, ``woken`` too; a second one is a KeyboardInterrupt."""
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
