"""Run the checks concurrently: one that fails or hangs costs only its own result."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.context import DoctorContext
from candela_tui.threads import answer_awaited, call_in_thread

T = TypeVar("T")

_THREAD = "doctor"
"""The name of the threads."""


@dataclass(frozen=True, slots=True)
class Check:
    """A function that gives one result, or several that belong together."""

    topic: Topic
    """The subject of the result if the function fails or takes too long."""
    run: Callable[[DoctorContext], Awaitable[Sequence[CheckResult]]]
    limit_s: float = 10.0
    asks_providers: bool = False


def run_checks(context: DoctorContext, checks: Iterable[Check]) -> list[CheckResult]:
    """Run the checks on an event loop of their own, which ends even if some of them hang."""

    async def run() -> list[CheckResult]:
        asyncio.get_running_loop().set_default_executor(_DaemonThreads())
        return await gather_results(context, checks)

    return asyncio.run(run())


async def gather_results(context: DoctorContext, checks: Iterable[Check]) -> list[CheckResult]:
    """Return the results of all checks, in the order of the checks. A check that raises becomes a result."""
    return [
        result
        for results in await asyncio.gather(*(_carried_out(context, each) for each in checks))
        for result in results
    ]


async def _carried_out(context: DoctorContext, check: Check) -> Sequence[CheckResult]:
    topic = check.topic
    if check.asks_providers and not context.online:
        return [topic.unknown("not asked (--offline)")]
    task = asyncio.ensure_future(check.run(context))
    await asyncio.wait({task}, timeout=check.limit_s)
    if not task.done():
        # Not waited for: what does not end within its time may not end when it is told to, either.
        task.cancel()
        return [topic.unknown(f"no answer within {check.limit_s:g} s")]
    error = task.exception()
    if error is not None:
        # Its words may quote what was read.
        return [topic.unknown(f"this check itself failed ({type(error).__name__})")]
    return task.result()


def blocking(
    look: Callable[[DoctorContext], Sequence[CheckResult]],
) -> Callable[[DoctorContext], Awaitable[Sequence[CheckResult]]]:
    """The same in a thread."""
    return lambda context: in_thread(lambda: look(context))


async def in_thread(call: Callable[[], T]) -> T:
    """Return or raise what the call does, in a thread that does not keep the process from ending."""
    return await answer_awaited(call_in_thread(call, _THREAD))


class _DaemonThreads(ThreadPoolExecutor):
    """A thread of its own for each call that a library hands to the loop's executor, such as names to resolve. The
    usual executor's threads are joined when the loop and the process end, however long they hang."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        """Start the call in a new thread."""
        return call_in_thread(partial(fn, *args, **kwargs), _THREAD)
