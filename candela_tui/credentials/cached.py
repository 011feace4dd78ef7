"""A credential with an expiry, cached and refreshed before it expires.

A valid value is returned at once. Shortly before it expires, a task fetches the next one while requests keep using the
old one. Only a request starts a fetch: otherwise a command that needs a touch of a security key would ask all night.
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
"""How many seconds before its expiry a value stops being used, because the request could arrive too late."""
TRY_AGAIN_S = 30.0
"""Seconds until the next early fetch after one that failed or returned the same value."""
AHEAD_PART = 0.25
"""The final fraction of a value's lifetime in which the next one is fetched, unless ``ahead_s`` is shorter."""

_LEAVING = "candela is leaving"


OnState = Callable[[Standing, float | None, str], None]
"""Receives a value's state, its expiry (seconds since the epoch, None if unknown), and what is wrong."""


class SameAgain(CredentialsError):
    """Fetching again returned the value that was refused."""


@dataclass(frozen=True, slots=True)
class Lease(Generic[T]):
    """A cached value and its expiry."""

    value: T
    ends: float | None
    """Seconds since the epoch, or None if unknown."""


class Shared(Generic[T]):
    """Caches and refreshes one value on one event loop."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Lease[T]]],
        *,
        ahead_s: float,
        now: Callable[[], float] = time.time,
        on_state: OnState | None = None,
    ) -> None:
        """``fetch`` returns a new value or raises CredentialsError; only one call runs at a time. ``ahead_s`` is how
        many seconds before expiry the next value is fetched, at the earliest in the last quarter of the lifetime."""
        self._fetch = fetch
        self._ahead_s = ahead_s
        self._now = now
        self._on_state = on_state
        self._lease: Lease[T] | None = None
        self._ahead_from: float | None = None
        self._fetching: asyncio.Task[Lease[T] | CredentialsError] | None = None
        self._closed = False

    async def get(self) -> T:
        """Return the value, waiting for a fetch only if there is no valid one. Raises CredentialsError."""
        lease = self._lease
        if lease is None or (lease.ends is not None and self._now() >= lease.ends - SPARE_S):
            return await self._fetched()
        if self._ahead_from is not None and self._now() >= self._ahead_from and not self._closed:
            self._start()
        return lease.value

    async def renewed(self, refused: T) -> T:
        """Return a value other than the refused one, fetched once for all requests that were refused with it.

        Raises SameAgain if the fetch returns the refused value again, CredentialsError if it fails."""
        if self._lease is not None and self._lease.value != refused:
            return await self.get()
        value = await self._fetched()
        if value == refused:
            self._tell(Standing.REFUSED, None, "refused by the provider")
            raise SameAgain("the credentials were refused, and asking for new ones brought the same again")
        return value

    async def close(self) -> None:
        """Cancel the current fetch. Callers that wait for it or ask later get CredentialsError."""
        self._closed = True
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait({self._fetching})

    async def _fetched(self) -> T:
        fetching = self._start()
        # wait() does not cancel the task: a caller that is cancelled must not end it for the others.
        await asyncio.wait({fetching})
        outcome = CredentialsError(_LEAVING) if fetching.cancelled() else fetching.result()
        if isinstance(outcome, CredentialsError):
            # Each caller gets a new error, because a raised error accumulates its traceback.
            raise CredentialsError(str(outcome), passing=outcome.passing, locked=outcome.locked)
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
                self._tell(Standing.LOCKED if error.locked else Standing.REFUSED, None, str(error))
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
