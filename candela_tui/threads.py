"""Runs calls that block and may hang, each in its own thread, and waits for them only for a limited time.

A call that hangs (a metadata server, a keyring that waits for its user) continues in its thread. Unlike an executor,
nothing joins that thread: it ends with the process. ``Pace`` is for long work in a thread of its own.
"""

import asyncio
import math
import threading
import time
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Future
from typing import Final, TypeVar

T = TypeVar("T")

_SLICE_S: Final = 0.002
"""Work without a rest, in seconds. The relay and the dashboard share the interpreter with it."""
_REST: Final = 4
"""How many times longer than the work the rest after it is."""
_REST_WHILE_BUSY: Final = 49
"""The same while streams are live: so rarely that the delays of their chunks stay what they are."""
_QUIET_S: Final = 0.5
"""For so many seconds no stream was live where it is quiet. Agents send one request after the other: with work in
between, the first byte of each came half a millisecond later, which is as much as all of candela adds."""
_PATIENCE_S: Final = 3.0
"""How long work waits until it is quiet, in seconds. Agents may work all day."""
_LOOK_S: Final = 0.1
"""Seconds between two looks at whether it is quiet."""


class Stopped(Exception):
    """The work was told to end."""


class Pace:
    """Slows work in a thread down, so that the relay and the dashboard are not held up by it."""

    def __init__(self, stop: threading.Event, quiet_s: Callable[[], float] = lambda: math.inf) -> None:
        """``stop`` ends the work when it is set. ``quiet_s`` says for how many seconds no stream has been live."""
        self._stop = stop
        self._quiet_s = quiet_s
        self._since = time.monotonic()

    def begin(self) -> None:
        """Wait until it is quiet, but not for long. Raises Stopped."""
        ends = time.monotonic() + _PATIENCE_S
        while self._busy() and time.monotonic() < ends:
            if self._stop.wait(_LOOK_S):
                raise Stopped
        self._since = time.monotonic()

    def pause(self) -> None:
        """Rest if enough was done since the last rest. Raises Stopped."""
        worked = time.monotonic() - self._since
        if worked < _SLICE_S and not self._stop.is_set():
            return
        if self._stop.wait(worked * (_REST_WHILE_BUSY if self._busy() else _REST)):
            raise Stopped
        self._since = time.monotonic()

    def _busy(self) -> bool:
        return self._quiet_s() < _QUIET_S


class NoAnswer(Exception):
    """The call did not return within its time limit."""


def call_in_thread(call: Callable[[], T], name: str) -> "Future[T]":
    """Start a call in a new daemon thread with this name."""
    answer: Future[T] = Future()
    answer.set_running_or_notify_cancel()

    def run() -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
            answer.set_exception(error)
        else:
            answer.set_result(result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return answer


def answer_within(answer: "Future[T]", limit_s: float) -> T:
    """Block until the call returns, and return its result or raise its error. Raises NoAnswer after ``limit_s``."""
    if not futures.wait((answer,), limit_s).done:
        raise NoAnswer
    return answer.result()


async def answer_awaited(answer: "Future[T]", limit_s: float | None = None) -> T:
    """Return the call's result or raise its error. Raises NoAnswer after ``limit_s``; None waits indefinitely."""
    waited = asyncio.wrap_future(answer)
    try:
        await asyncio.wait({waited}, timeout=limit_s)
        if not waited.done():
            raise NoAnswer
        return waited.result()
    finally:
        waited.cancel()
