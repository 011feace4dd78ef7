"""One value that ends, shared by every request that needs it.

A value that still has time is given at once. In its last part a task fetches the next one while requests go on with
the old. Nothing is fetched while nobody asks: a command that wants a key touched would want it all night.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.state import Standing

T = TypeVar("T")

SPARE_S = 10.0
"""A value this near to its end is not given any more: the request would arrive too late."""
TRY_AGAIN_S = 30.0
"""How long a fetch ahead of the end rests after one that failed or brought nothing new."""
AHEAD_PART = 0.25
"""The last part of a value's time in which the next one is fetched, where ``ahead_s`` is not less."""

_LEAVING = "candela is leaving"


OnState = Callable[[Standing, float | None, str], None]
"""Told how a value stands: when it ends (seconds since the epoch; None: no end is known), and what is wrong."""


class SameAgain(CredentialsError):
    """What was refused is all that there is."""


@dataclass(frozen=True, slots=True)
class Lease(Generic[T]):
    """A value, and when it ends."""

    value: T
    ends: float | None
    """Seconds since the epoch; None: nobody knows of an end."""


class Shared(Generic[T]):
    """The owner of one such value, on one loop."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Lease[T]]],
        *,
        ahead_s: float,
        now: Callable[[], float] = time.time,
        on_state: OnState | None = None,
    ) -> None:
        """``fetch`` brings a new value or raises CredentialsError; it never runs twice at a time. ``ahead_s``: so
        many seconds before its end a value's successor is fetched, but not before the last quarter of its time."""
        self._fetch = fetch
        self._ahead_s = ahead_s
        self._now = now
        self._on_state = on_state
        self._lease: Lease[T] | None = None
        self._ahead_from: float | None = None
        self._fetching: asyncio.Task[Lease[T] | CredentialsError] | None = None
        self._closed = False

    async def get(self) -> T:
        """The value; waits only where there is none that still has time. Raises CredentialsError."""
        lease = self._lease
        if lease is None or (lease.ends is not None and self._now() >= lease.ends - SPARE_S):
            return await self._fetched()
        if self._ahead_from is not None and self._now() >= self._ahead_from and not self._closed:
            self._start()
        return lease.value

    async def renewed(self, refused: T) -> T:
        """Another value than the refused one, fetched once for all that were refused with it. Raises SameAgain where
        there is no other, CredentialsError where there is none."""
        if self._lease is not None and self._lease.value != refused:
            return await self.get()
        value = await self._fetched()
        if value == refused:
            self._tell(Standing.REFUSED, None, "refused by the provider")
            raise SameAgain("the credentials were refused, and asking for new ones brought the same again")
        return value

    async def close(self) -> None:
        """End a fetch that is under way. Who waits for it, or for one later, gets CredentialsError."""
        self._closed = True
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait({self._fetching})

    async def _fetched(self) -> T:
        fetching = self._start()
        # wait() leaves the task alone: who gives up waiting must not end it for the others.
        await asyncio.wait({fetching})
        outcome = CredentialsError(_LEAVING) if fetching.cancelled() else fetching.result()
        if isinstance(outcome, CredentialsError):
            # One of its own for each who waits: a raised error gathers the traceback of where it passed.
            raise CredentialsError(str(outcome), passing=outcome.passing)
        return outcome.value

    def _tell(self, standing: Standing, ends: float | None, words: str) -> None:
        if self._on_state is not None:
            self._on_state(standing, ends, words)

    def _start(self) -> "asyncio.Task[Lease[T] | CredentialsError]":
        if self._closed:
            raise CredentialsError(_LEAVING)
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._run(), name="credentials")
        return self._fetching

    async def _run(self) -> Lease[T] | CredentialsError:
        try:
            lease = await self._fetch()
        except CredentialsError as error:
            self._ahead_from = self._now() + TRY_AGAIN_S
            held = self._lease
            if held is not None and (held.ends is None or self._now() < held.ends - SPARE_S):
                self._tell(Standing.EXPIRES_SOON, held.ends, str(error))
            else:
                self._tell(Standing.REFUSED, None, str(error))
            return error
        before, self._lease = self._lease, lease
        now = self._now()
        same = lease == before and lease.ends is not None
        self._tell(Standing.EXPIRES_SOON if same else Standing.SIGNED_IN, lease.ends, "")
        if lease.ends is None:
            self._ahead_from = None
        elif before is not None and before.value == lease.value:
            self._ahead_from = now + TRY_AGAIN_S
        else:
            self._ahead_from = lease.ends - min(self._ahead_s, AHEAD_PART * max(0.0, lease.ends - now))
        return lease
