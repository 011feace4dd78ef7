"""Put off a call, as ``functools.partial`` does, for work that Textual runs in the background."""

from collections.abc import Awaitable, Callable
from typing import ParamSpec

P = ParamSpec("P")


def deferred(
    function: Callable[P, Awaitable[None]], *args: P.args, **kwargs: P.kwargs
) -> Callable[[], Awaitable[None]]:
    """Return a function that makes this call.

    Textual describes each worker by the repr of its function. That of a partial has all arguments: of 20,000 requests,
    it takes a quarter of a second on the dashboard's loop, and parts of it stop every thread.
    """

    async def call() -> None:
        await function(*args, **kwargs)

    return call
