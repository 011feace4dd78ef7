"""Runs calls that block and may hang, each in its own thread, and waits for them only for a limited time.

A call that hangs (a metadata server, a keyring that waits for its user) continues in its thread. Unlike an executor,
nothing joins that thread: it ends with the process.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


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
