"""Connections to providers: aiohttp's own, made safe against what a provider sends that is no part of an answer.

aiohttp keeps reading on an idle connection and hands what comes there to the next request, which may be another
session's. It loses a whole answer when bytes follow it in the same packet, and waits for ever for the rest of a body
whose chunks are malformed. aiohttp 3.14.5 has no public hook for these; tests/proxy/test_provider_connection.py names
each private attribute that this module relies on.
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
"""As many bytes of what came before can belong to the end of a head."""


class ProviderConnection(ResponseHandler):
    """A connection that is used again only where nothing is left on it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._headed = False
        """The head of the answer came, not only interim ones (1xx)."""
        self._last = b""

    def set_response_params(self, **params: Any) -> None:
        """aiohttp's hook for a request that begins on this connection."""
        self._headed, self._last = False, b""
        super().set_response_params(**params)

    def feed_data(self, data: Any, size: int = 0) -> None:
        """aiohttp's hook for the head of an answer; ``data`` is the message with the stream of its body."""
        code = data[0].code
        self._headed = code >= 200 or code == 101
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        """asyncio's hook for bytes from the provider; without bytes aiohttp's own, to go on with what it holds."""
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
        """Whether aiohttp could read these bytes."""
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

    def is_connected(self) -> bool:
        """Whether a request may use it: aiohttp asks this of a connection that it takes out of its pool."""
        return super().is_connected() and not self.should_close and not self._has_unread()

    @property
    def _over(self) -> bool:
        return self._headed and (self._payload is None or self._payload.is_eof())

    def _has_unread(self) -> bool:
        """Whether bytes, or the end of the connection, wait in the socket for the loop to read them."""
        assert self.transport is not None
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))


def connector(**options: Any) -> aiohttp.TCPConnector:
    """aiohttp's connector with such connections."""
    made = aiohttp.TCPConnector(**options)
    # Of type Any: aiohttp declares the very class here, where any other protocol of this kind does.
    factory: Any = partial(ProviderConnection, asyncio.get_running_loop())
    made._factory = factory
    return made
