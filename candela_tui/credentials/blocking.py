"""Calls of the clouds' SDKs, which block: in threads, and waited for only so long."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from candela_tui.credentials.errors import CredentialsError

T = TypeVar("T")

_MOST = 3


class BlockingCalls:
    """Calls for one kind of credentials. A call that hangs (a metadata server, a command that waits for its user) goes
    on in its thread, which no longer matters and ends with the process."""

    def __init__(self, what: str, limit_s: float) -> None:
        """``what`` the calls are for, as in "Google credentials"; none is waited for longer than ``limit_s``."""
        self._what = what
        self._limit_s = limit_s
        self._answers: list[Future[Any]] = []

    async def run(self, call: Callable[[], T]) -> T:
        """What the call returns or raises. Raises CredentialsError where it hangs."""
        self._answers = [answer for answer in self._answers if not answer.done()]
        if len(self._answers) >= _MOST:
            raise CredentialsError(
                f"{self._what}: {_MOST} earlier attempts still hang; end the command or server that they wait for"
            )
        answer: Future[T] = Future()
        answer.set_running_or_notify_cancel()
        self._answers.append(answer)
        # A thread of its own, no executor's: those are joined when the process ends, however long they hang.
        threading.Thread(target=_answer, args=(call, answer), name=self._what, daemon=True).start()
        waited = asyncio.wrap_future(answer)
        try:
            await asyncio.wait({waited}, timeout=self._limit_s)
            if not waited.done():
                raise CredentialsError(
                    f"{self._what}: no answer within {self._limit_s:g} s from the command or server that gives them"
                )
            return waited.result()
        finally:
            waited.cancel()


def _answer(call: Callable[[], T], answer: "Future[T]") -> None:
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 - handed to who waits
        answer.set_exception(error)
    else:
        answer.set_result(result)
