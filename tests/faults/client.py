"""A client that sees what any client of HTTP sees. It reads with h11, which shares no code with candela's parsers."""

import asyncio
import contextlib
import json
import socket
from dataclasses import dataclass
from enum import Enum
from typing import Any, Self

import h11

from tests.standin.steps import PATIENCE_S

_OF_CONNECTION = frozenset({b"connection", b"keep-alive", b"transfer-encoding"})
"""RFC 9110, section 7.6.1: fields that each connection has for itself."""
_ADDED = b"x-request-id"
"""The one field that candela adds to an answer."""
_READ_SIZE = 2**20


class End(Enum):
    """How an answer ended, as far as a client can tell."""

    WHOLE = "whole"
    BROKEN_OFF = "broken off"
    NONE = "there was none"
    NOT_HTTP = "not HTTP"


@dataclass(frozen=True, slots=True)
class View:
    """All that a client learns from one answer."""

    end: End
    status: int | None
    fields: tuple[tuple[bytes, bytes], ...]
    """The header fields, sorted, without those of the connection and X-Request-ID."""
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class Client:
    """One connection, and the answers that come on it."""

    def __init__(self, port: int, *, most_unread: int = 4 * _READ_SIZE) -> None:
        """Hold at most about so many bytes that nobody asked for yet."""
        self._port = port
        self._most_unread = most_unread
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=_READ_SIZE)
        self._at_end = False
        self._head: h11.Response | None = None
        self._body = bytearray()

    async def __aenter__(self) -> Self:
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._most_unread)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self._port))
        self.reader, self.writer = await asyncio.open_connection(sock=sock, limit=self._most_unread)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()

    def ask(self, path: str, body: bytes, *fields: tuple[str, str]) -> None:
        """Send a POST, or as much of it as the other side takes."""
        self.begin(path, len(body), *fields)
        data = [self._parser.send(event) for event in (h11.Data(data=body), h11.EndOfMessage())]
        self.writer.writelines(part for part in data if part)

    def begin(self, path: str, size: int, *fields: tuple[str, str]) -> None:
        """Send the head of a POST with a body of so many bytes."""
        headers = [("Host", "127.0.0.1"), ("Content-Length", str(size)), *fields]
        self.writer.write(self._parser.send(h11.Request(method="POST", target=path, headers=headers)) or b"")

    async def has(self, words: bytes = b"") -> None:
        """Read until an answer's head is there, and these words of its body. Raises TimeoutError after PATIENCE_S."""
        async with asyncio.timeout(PATIENCE_S):
            while self._head is None or words not in self._body:
                self._take(await self._next())

    async def answer(self) -> View:
        """Read an answer to its end. Raises TimeoutError after PATIENCE_S."""
        async with asyncio.timeout(PATIENCE_S):
            end = await self._end()
        view = _view(end, self._head, bytes(self._body))
        self._head, self._body = None, bytearray()
        if self._parser.our_state is self._parser.their_state is h11.DONE:
            self._parser.start_next_cycle()
        return view

    async def _end(self) -> End:
        try:
            while not isinstance(event := await self._next(), h11.EndOfMessage | h11.ConnectionClosed):
                self._take(event)
        except (ConnectionError, h11.RemoteProtocolError) as error:
            if self._head is not None:
                return End.BROKEN_OFF
            return End.NONE if self._at_end or isinstance(error, ConnectionError) else End.NOT_HTTP
        return End.WHOLE if isinstance(event, h11.EndOfMessage) else End.NONE

    def _take(self, event: h11.Event) -> None:
        if isinstance(event, h11.Response):
            self._head = event
        elif isinstance(event, h11.Data):
            self._body += event.data

    async def _next(self) -> h11.Event:
        while (event := self._parser.next_event()) is h11.NEED_DATA:
            data = await self.reader.read(_READ_SIZE)
            self._at_end = not data
            self._parser.receive_data(data)
        if isinstance(event, type):
            raise h11.RemoteProtocolError(f"h11 stops with {event}")
        return event


def _view(end: End, head: h11.Response | None, body: bytes) -> View:
    if head is None:
        return View(end, None, (), body)
    fields = [field for field in head.headers.raw_items() if field[0].lower() not in {*_OF_CONNECTION, _ADDED}]
    return View(end, head.status_code, tuple(sorted(fields)), body)


async def asked(port: int, path: str, body: bytes, *fields: tuple[str, str]) -> View:
    """Ask on a connection of its own."""
    async with Client(port) as client:
        client.ask(path, body, *fields)
        return await client.answer()
