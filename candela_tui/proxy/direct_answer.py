"""Answers that pass through unchanged: from the provider's connection to the client's in the step in which they arrive.

Nothing is between the two: no task switch, no response object. The client's connection says when it has enough, and
the provider's then stops reading.
"""

import asyncio

from aiohttp import web

from candela_tui.network.header_bytes import head
from candela_tui.protocol.headers import HeaderList, header
from candela_tui.providers.attempts import OpenAnswer, broken_off
from candela_tui.proxy.access.client_connection import ClientConnection
from candela_tui.proxy.capture.raw_exchange import RawExchange

_NO_BODY = frozenset({204, 304})


class WrittenResponse(web.StreamResponse):
    """Tells aiohttp that the answer is already with the client."""

    def __init__(self, status: int, *, keep_alive: bool) -> None:
        super().__init__(status=status)
        self._stays_open = keep_alive

    @property
    def prepared(self) -> bool:
        """True: nothing is left to be prepared."""
        return True

    @property
    def keep_alive(self) -> bool:
        """Whether the client's connection serves further requests."""
        return self._stays_open

    async def prepare(self, request: web.BaseRequest) -> None:
        """Do nothing; aiohttp calls this after the handler."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing; aiohttp calls this after the handler."""


class DirectAnswer:
    """Writes one answer to the client's transport, and its chunks to the recording in the same step."""

    def __init__(self, request: web.BaseRequest, answer: OpenAnswer, fields: HeaderList, raw: RawExchange) -> None:
        """``fields`` are the header fields for the client; those that frame the body are added here."""
        connection = request.protocol
        assert isinstance(connection, ClientConnection)
        self._connection = connection
        self._response = answer.response
        self._raw = raw
        self._keep_alive = bool(request.keep_alive)
        self._chunked = header(fields, "Content-Length") is None
        own = [("Transfer-Encoding", "chunked")] if self._chunked else []
        if not self._keep_alive:
            own.append(("Connection", "close"))
        self._unsent = head(f"HTTP/1.1 {answer.status} {answer.reason}", [*fields, *own])
        """The head, until it is written with what has arrived of the body."""
        self._end: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def written(self) -> WrittenResponse:
        """Write the whole answer. Raises BrokenOff, and ConnectionResetError if the client has disconnected."""
        self._connection.begin_answer(self._write)
        self._response.on_progress = self._write
        self._write()
        await self._end
        self._connection.end_answer()
        return WrittenResponse(self._response.status, keep_alive=self._keep_alive)

    def _write(self) -> None:
        """Write what has arrived, unless the client has enough for now. Called at each step on either side."""
        response, connection = self._response, self._connection
        if self._end.done() or connection.writing_paused:
            return
        data = response.read_nowait()
        over = response.has_arrived
        transport = connection.transport
        if transport is None or transport.is_closing():
            self._end.set_exception(ConnectionResetError())
            return
        parts = [self._unsent] if self._unsent else []
        self._unsent = b""
        if data:
            parts += [b"%x\r\n" % len(data), data, b"\r\n"] if self._chunked else [data]
        if over and self._chunked:
            parts.append(b"0\r\n\r\n")
        if parts:
            transport.writelines(parts)
        if data:
            self._raw.chunk(data)
        if over:
            self._end.set_result(None)
        elif response.failure is not None:
            self._end.set_exception(broken_off(response.failure))


def passes_directly(request: web.BaseRequest, answer: OpenAnswer) -> bool:
    """Return whether an answer can be written as it arrives. aiohttp writes the others: to HTTP/1.0, without a body,
    and those of which part was read."""
    return (
        request.version >= (1, 1) and request.method != "HEAD" and answer.status not in _NO_BODY and answer.is_untouched
    )
