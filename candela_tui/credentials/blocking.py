"""Run blocking calls of the cloud SDKs in threads, with limits on their time and number."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from candela_tui.credentials.errors import CredentialsError
from candela_tui.threads import NoAnswer, answer_awaited, call_in_thread

T = TypeVar("T")

_MOST = 3
"""The most calls that may be running at once."""


class BlockingCalls:
    """Runs the calls for one kind of credentials. Once a few of them hang, it starts no more."""

    def __init__(self, what: str, limit_s: float) -> None:
        """``what`` names the purpose of the calls, such as "Google credentials". Each may take ``limit_s`` seconds."""
        self._what = what
        self._limit_s = limit_s
        self._answers: list[Future[Any]] = []

    async def run(self, call: Callable[[], T]) -> T:
        """Run the call in a thread and return its result or raise its error. Raises CredentialsError if it hangs."""
        self._answers = [answer for answer in self._answers if not answer.done()]
        if len(self._answers) >= _MOST:
            raise CredentialsError(
                f"{self._what}: {_MOST} earlier attempts still hang; end the command or server that they wait for"
            )
        answer = call_in_thread(call, self._what)
        self._answers.append(answer)
        try:
            return await answer_awaited(answer, self._limit_s)
        except NoAnswer:
            raise CredentialsError(
                f"{self._what}: no answer within {self._limit_s:g} s from the command or server that gives them"
            ) from None
