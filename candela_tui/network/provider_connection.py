"""Connections to providers: aiohttp connects and keeps them, httptools parses, and one answer belongs to one request.

Bytes that belong to no answer close a connection: the next request may be another session's. aiohttp 3.14.5 has no
public way to give its connector another protocol; tests/proxy/test_provider_connection.py names each private attribute
that this module relies on.
"""

import asyncio
import select
from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError

from candela_tui.network.provider_response import ProviderResponse

_ASLEEP_S = 10.0
"""A timer that is late by so many seconds means that the machine slept, or was paused."""


class ProviderConnection(ResponseHandler):
    """A connection that serves one request after the other, and is reused only if nothing is left on it.

    Until the first request it is aiohttp's own, which asks an HTTP proxy for a tunnel."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.is_used = False
        """Whether a request was sent on it."""
        self._response: ProviderResponse | None = None
        self._owner: Connection | None = None
        self._idle_s = 0.0
        self._idle_since: float | None = None
        """When the provider last sent something or was to send; None if it does not have to."""
        self._limit: asyncio.TimerHandle | None = None

    def send(
        self, owner: Connection, head: bytes, body: bytes, *, without_body: bool, idle_s: float
    ) -> ProviderResponse:
        """Send a request and return its answer, of which nothing has arrived yet.

        ``owner`` returns the connection to its pool. The provider may be silent for ``idle_s`` seconds once the system
        has taken all but a buffer of the request. Raises aiohttp.ServerDisconnectedError if the connection is lost,
        HttpProcessingError if the provider has sent something before it was asked."""
        if self.transport is None:
            raise aiohttp.ServerDisconnectedError
        if self._tail:
            raise HttpProcessingError(code=400, message="")
        self.is_used = True
        self._owner = owner
        self._response = ProviderResponse(without_body=without_body, on_pause=self._pause, on_end=self._end)
        self.transport.writelines([head, body] if body else [head])
        self._idle_s = idle_s
        if not self.writing_paused:
            self._idle_since = self._loop.time()
        self._limit = self._loop.call_later(idle_s, self._check_limit)
        return self._response

    def data_received(self, data: bytes) -> None:
        """asyncio's hook for bytes from the provider."""
        if not self.is_used:
            super().data_received(data)
        elif self._response is not None:
            self._idle_since = self._loop.time()
            self._response.feed(data)
        else:
            self.force_close()
            if self.transport is not None:
                self.transport.close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio's hook for the end of the connection."""
        response = self._response
        super().connection_lost(exc)
        if response is not None:
            response.lost(exc)

    def resume_writing(self) -> None:
        """asyncio's hook: the system has taken what was written."""
        super().resume_writing()
        if self._response is not None and self._idle_since is None:
            self._idle_since = self._loop.time()

    def is_connected(self) -> bool:
        """Return whether a request may use this connection; aiohttp asks when it takes one from its pool."""
        return super().is_connected() and not self.should_close and not self._has_unread()

    def _pause(self, paused: bool) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        if paused:
            self.transport.pause_reading()
            self._idle_since = None
        else:
            self.transport.resume_reading()
            self._idle_since = self._loop.time()

    def _end(self, reusable: bool) -> None:
        """Give the connection back: nothing more is expected of it for this request."""
        owner, self._owner, self._response, self._idle_since = self._owner, None, None, None
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
        if owner is None:
            return
        # Where the answer came before the whole request was sent, the rest would be taken for the next request.
        if reusable and self.transport is not None and not self.transport.get_write_buffer_size():
            owner.release()
        else:
            owner.close()

    def _check_limit(self) -> None:
        now = self._loop.time()
        if self._idle_since is not None and self._limit is not None and now - self._limit.when() > _ASLEEP_S:
            # The clock of uvloop goes on in a machine that sleeps, and nothing could arrive there.
            self._idle_since = now
        left = self._idle_s if self._idle_since is None else self._idle_since + self._idle_s - now
        if left > 0:
            self._limit = self._loop.call_later(left, self._check_limit)
        elif self._response is not None:
            self._response.fail(aiohttp.SocketTimeoutError())

    def _has_unread(self) -> bool:
        """Return whether the socket has bytes, or the end of the connection, that the loop has not read."""
        assert self.transport is not None
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))


def connector(**options: Any) -> aiohttp.TCPConnector:
    """Return an aiohttp connector that makes such connections."""
    made = aiohttp.TCPConnector(**options)
    # Of type Any: aiohttp declares its own class here, although any protocol of this kind works.
    factory: Any = partial(ProviderConnection, asyncio.get_running_loop())
    made._factory = factory
    return made
