"""One value that ends, shared by every request that needs it.

A value that still has time is given at once. In its last part a task fetches the next one while requests go on with
the old. Nothing is fetched while nobody asks: a command that asks for a touch of a key would ask all night.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from candela_tui.credentials.errors import CredentialsError

T = TypeVar("T")

_SPARE_S = 10.0
_TRY_AGAIN_S = 30.0
_AHEAD_PART = 0.25


@dataclass(frozen=True, slots=True)
class Lease(Generic[T]):
    """A value, and when it ends."""

    value: T
    ends: float | None
    """Seconds since the epoch; None: it has no known end."""


class Shared(Generic[T]):
    """The owner of one such value, on one loop."""

    def __init__(
        self, fetch: Callable[[], Awaitable[Lease[T]]], *, ahead_s: float, now: Callable[[], float] = time.time
    ) -> None:
        """``fetch`` gets a new value or raises CredentialsError. ``ahead_s``: so many seconds before a value's end
        the next one is fetched, but not before the last quarter of its time."""
        self._fetch = fetch
        self._ahead_s = ahead_s
        self._now = now
        self._lease: Lease[T] | None = None
        self._ahead_from: float | None = None
        self._fetching: asyncio.Task[Lease[T] | CredentialsError] | None = None
        self._closed = False

    async def get(self) -> T:
        """The value, waiting only where there is none that still has time. Raises CredentialsError."""
        lease = self._lease
        if lease is None or (lease.ends is not None and self._now() >= lease.ends - _SPARE_S):
            return await self._fetched()
        if self._ahead_from is not None and self._now() >= self._ahead_from:
            self._start()
        return lease.value

    async def renewed(self, refused: T) -> T:
        """Another value than the one that was refused: however many were refused with it, it is fetched once. Raises
        CredentialsError, also where the new value is the refused one."""
        if self._lease is not None and self._lease.value != refused:
            return await self.get()
        value = await self._fetched()
        if value == refused:
            raise CredentialsError("the credentials were refused, and asking for new ones gave the same again")
        return value

    async def close(self) -> None:
        """End a fetch that is under way. Who waits for it, or asks later, gets CredentialsError."""
        self._closed = True
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait({self._fetching})

    async def _fetched(self) -> T:
        fetching = self._start()
        # Not awaited itself: who gives up waiting must not end it for the others.
        await asyncio.wait({fetching})
        outcome = CredentialsError("candela is leaving") if fetching.cancelled() else fetching.result()
        if isinstance(outcome, CredentialsError):
            raise CredentialsError(str(outcome)) from outcome
        return outcome.value

    def _start(self) -> "asyncio.Task[Lease[T] | CredentialsError]":
        if self._closed:
            raise CredentialsError("candela is leaving")
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._run(), name="credentials")
        return self._fetching

    async def _run(self) -> Lease[T] | CredentialsError:
        try:
            lease = await self._fetch()
        except CredentialsError as error:
            self._ahead_from = self._now() + _TRY_AGAIN_S
            return error
        now = self._now()
        same = self._lease is not None and self._lease.value == lease.value
        self._lease = lease
        if lease.ends is None:
            self._ahead_from = None
        elif same:
            self._ahead_from = now + _TRY_AGAIN_S
        else:
            self._ahead_from = lease.ends - min(self._ahead_s, _AHEAD_PART * max(0.0, lease.ends - now))
        return lease
