"""Checks carried out side by side: one that fails or hangs costs only its own answer."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from candela_tui.diagnosis.check import Check, Topic
from candela_tui.diagnosis.patient import Patient

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Examination:
    """What gives one check or several that belong together."""

    topic: Topic
    """Of what is said where there are no answers."""
    run: Callable[[Patient], Awaitable[Sequence[Check]]]
    limit_s: float = 10.0
    asks_providers: bool = False


def examined(patient: Patient, examinations: Iterable[Examination]) -> list[Check]:
    """``examine`` on a loop of its own, which ends however much hangs."""

    async def run() -> list[Check]:
        asyncio.get_running_loop().set_default_executor(_DaemonThreads())
        return await examine(patient, examinations)

    return asyncio.run(run())


async def examine(patient: Patient, examinations: Iterable[Examination]) -> list[Check]:
    """The checks of all of them, in their order. Never raises for what one of them does."""
    return [
        check
        for checks in await asyncio.gather(*(_carried_out(patient, each) for each in examinations))
        for check in checks
    ]


async def _carried_out(patient: Patient, examination: Examination) -> Sequence[Check]:
    topic = examination.topic
    if examination.asks_providers and not patient.online:
        return [topic.unknown("not asked (--offline)")]
    task = asyncio.ensure_future(examination.run(patient))
    await asyncio.wait({task}, timeout=examination.limit_s)
    if not task.done():
        # Not waited for: what does not end within its time may not end when it is told to, either.
        task.cancel()
        return [topic.unknown(f"no answer within {examination.limit_s:g} s")]
    error = task.exception()
    if error is not None:
        # Its words may quote what was read.
        return [topic.unknown(f"this check itself failed ({type(error).__name__})")]
    return task.result()


def blocking(look: Callable[[Patient], Sequence[Check]]) -> Callable[[Patient], Awaitable[Sequence[Check]]]:
    """The same in a thread."""
    return lambda patient: in_thread(lambda: look(patient))


async def in_thread(call: Callable[[], T]) -> T:
    """What the call returns or raises, from a thread that nobody has to wait for."""
    return await asyncio.wrap_future(_DaemonThreads.start(call))


class _DaemonThreads(ThreadPoolExecutor):
    """A thread of its own for each call, also for those of libraries (names to resolve). The usual executor's are
    joined when the loop and the process end, however long they hang."""

    @staticmethod
    def start(call: Callable[[], T]) -> "Future[T]":
        """Call it in a new thread."""
        answer: Future[T] = Future()
        answer.set_running_or_notify_cancel()

        def run() -> None:
            try:
                result = call()
            except BaseException as error:  # noqa: BLE001 - handed to who waits
                answer.set_exception(error)
            else:
                answer.set_result(result)

        threading.Thread(target=run, name="doctor", daemon=True).start()
        return answer

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        """The same, as an executor is asked."""
        return self.start(partial(fn, *args, **kwargs))
