"""Connections to providers: aiohttp's own, made safe against bytes that belong to no answer.

aiohttp keeps reading on an idle connection and gives what arrives there to the next request, which may be another
session's. It loses a whole answer when bytes follow it in the same packet, and waits forever for the rest of a body
whose chunks are malformed. It takes a reset for the end of a body that lasts until the connection is closed, and loses
what it has of a body that breaks off. aiohttp 3.14.5 has no public hook for these;
tests/proxy/test_provider_connection.py names each private attribute that this module relies on.
"""

import asyncio
import re
import select
from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

_HEAD_END = re.compile(rb"\n\r?\n")
"""aiohttp's parser takes a bare line feed for the end of a line, too."""
_BEFORE_END = 2
"""How many earlier bytes can be part of the end of a head."""


class ProviderConnection(ResponseHandler):
    """A connection that is reused only if nothing is left on it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._headed = False
        """Whether the head of the answer has arrived, not only interim ones (1xx)."""
        self._last = b""

    def set_response_params(self, **params: Any) -> None:
        """Prepare for a request on this connection; aiohttp calls this."""
        self._headed, self._last = False, b""
        super().set_response_params(**params)

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Take the head of an answer; aiohttp calls this with the message and the stream of its body."""
        code = data[0].code
        self._headed = code >= 200 or code == 101
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the provider. aiohttp calls this without bytes to continue with those that it holds."""
        # Bytes behind an answer are an error to the parser, which loses a head that came with them.
        while data and not self._headed:
            end = _HEAD_END.search(self._last + data)
            cut = end.end() - len(self._last) if end is not None else len(data)
            self._last = data[:cut][-_BEFORE_END:]
            if not self._parsed(data[:cut]) or cut == len(data):
                return
            data = data[cut:]
        if data and self._over:
            self.force_close()
            if self.transport is not None:
                self.transport.close()
        else:
            self._parsed(data)

    def _parsed(self, data: bytes) -> bool:
        """Feed aiohttp these bytes, and return whether it could read them."""
        before = self.exception()
        super().data_received(data)
        failure = self.exception()
        if failure is before or failure is None:
            return True
        if self._payload is not None and not self._payload.is_eof():
            # aiohttp reports this only to a caller that waits for a head.
            broken = aiohttp.ClientPayloadError()
            broken.__cause__ = failure
            self._payload.set_exception(broken)
        return False

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio's hook for the end of the connection; ``exc`` is set if it broke."""
        if exc is not None and self._payload is not None and not self._payload.is_eof():
            # aiohttp takes the end of the connection for that of a body without a length.
            broken = aiohttp.ClientPayloadError()
            broken.__cause__ = exc
            self._payload.set_exception(broken)
        super().connection_lost(exc)

    def is_connected(self) -> bool:
        """Return whether a request may use this connection; aiohttp asks when it takes one from its pool."""
        return super().is_connected() and not self.should_close and not self._has_unread()

    @property
    def _over(self) -> bool:
        return self._headed and (self._payload is None or self._payload.is_eof())

    def _has_unread(self) -> bool:
        """Return whether the socket has bytes, or the end of the connection, that the loop has not read."""
        assert self.transport is not None
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))


def unread(body: aiohttp.StreamReader) -> bytes:
    """Return what has arrived of a body that broke off and was not read; aiohttp's own methods only raise the error."""
    return body._read_nowait(-1)


def connector(**options: Any) -> aiohttp.TCPConnector:
    """Return an aiohttp connector that makes such connections."""
    made = aiohttp.TCPConnector(**options)
    # Of type Any: aiohttp declares its own class here, although any protocol of this kind works.
    factory: Any = partial(ProviderConnection, asyncio.get_running_loop())
    made._factory = factory
    return made
