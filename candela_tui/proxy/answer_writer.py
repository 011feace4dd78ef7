"""Write a provider's answer to the client in the step in which it arrives.

Nothing is between the two connections: no task switch, no response object. The client's connection says when it has
enough, and the provider's then stops reading.
"""

import asyncio
import contextlib
from typing import Protocol

from aiohttp import web

from candela_tui.network.header_bytes import head
from candela_tui.protocol.encoding import BadEncoding
from candela_tui.protocol.errors import Untranslatable
from candela_tui.protocol.headers import HeaderList, header
from candela_tui.providers.attempts import BrokenOff, OpenAnswer, not_encoded_so
from candela_tui.providers.upstream import Translation
from candela_tui.proxy.access.client_connection import ClientConnection
from candela_tui.proxy.capture.raw_exchange import RawExchange

_IDLE_S = 10.0
"""Seconds of silence after which a stream gets a ping, as Anthropic's own streams do."""
_LENGTH = "content-length"
_NO_CONTENT, _NOT_MODIFIED = 204, 304


class Body(Protocol):
    """The body of an answer for the client."""

    @property
    def ping(self) -> bytes | None:
        """What may be written while the provider is silent, or empty bytes; None if that never changes."""

    def take(self) -> tuple[bytes, bool]:
        """Return what is new, and whether it is the last of it. Raises BrokenOff if no more will come."""


class UntouchedBody:
    """The provider's bytes as they are."""

    ping = None

    def __init__(self, answer: OpenAnswer) -> None:
        self._answer = answer

    def take(self) -> tuple[bytes, bool]:
        """Return the bytes that have arrived."""
        return self._answer.take(), self._answer.has_arrived


class TranslatedBody:
    """The provider's bytes, decoded and translated to the client's format."""

    def __init__(self, answer: OpenAnswer, translation: Translation, raw: RawExchange) -> None:
        """Raises BrokenOff if the body has an unknown Content-Encoding."""
        self._answer = answer
        self._translation = translation
        self._raw = raw
        self._decoder = answer.decoder()
        if not translation.ping:
            raw.may_be_alike()

    @property
    def ping(self) -> bytes:
        """What may be written between two events."""
        return self._translation.ping

    def take(self) -> tuple[bytes, bool]:
        """Return the translation of the bytes that have arrived."""
        translation = self._translation
        try:
            data = self._answer.take()
            translated = b""
            if data:
                self._raw.received(data)
                translated = translation.feed(self._decoder.feed(data))
            if self._answer.has_arrived and not translation.over:
                translated += translation.feed(self._decoder.finish())
            if over := self._answer.has_arrived or translation.over:
                translated += translation.finish()
            self._raw.translated(data, translated)
        except BadEncoding as error:
            raise BrokenOff(not_encoded_so(error)) from error
        except Untranslatable as error:
            raise BrokenOff(str(error), error.error) from error
        return translated, over


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


class AnswerWriter:
    """Writes one answer to the client's transport, and its body to the recording in the same step."""

    def __init__(
        self, request: web.BaseRequest, answer: OpenAnswer, fields: HeaderList, body: Body, raw: RawExchange
    ) -> None:
        """``fields`` are the header fields for the client; those that frame the body are added here."""
        connection = request.protocol
        assert isinstance(connection, ClientConnection)
        self._connection = connection
        self._speaks_tls = connection.speaks_tls
        self._answer = answer
        self._body = body
        self._raw = raw
        self._has_body = request.method != "HEAD" and answer.status not in (_NO_CONTENT, _NOT_MODIFIED)
        if answer.status == _NO_CONTENT:
            fields = [field for field in fields if field[0].lower() != _LENGTH]
        framed = not self._has_body or header(fields, _LENGTH) is not None
        # A client of HTTP/1.0 knows no chunks: there the end of the connection is that of the body.
        self._chunked = not framed and request.version >= (1, 1)
        self._keep_alive = bool(request.keep_alive) and (framed or self._chunked)
        self._head = head(
            f"HTTP/1.{request.version.minor} {answer.status} {answer.reason}", [*fields, *self._framing(request)]
        )
        self._is_begun = False
        self._was_paused = False
        """Whether what is to be written waited for the client."""
        loop = self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[None] = loop.create_future()
        self._wrote_at = loop.time()
        self._pinging: asyncio.TimerHandle | None = None

    def _framing(self, request: web.BaseRequest) -> HeaderList:
        framing = [("Transfer-Encoding", "chunked")] if self._chunked else []
        if not self._keep_alive:
            framing.append(("Connection", "close"))
        elif request.version < (1, 1):
            framing.append(("Connection", "keep-alive"))
        return framing

    async def written(self) -> WrittenResponse:
        """Write the whole answer. Raises BrokenOff, and ConnectionResetError if the client has disconnected."""
        self._connection.begin_answer(self._write)
        self._answer.on_progress(self._write)
        if self._body.ping is not None:
            self._pinging = self._loop.call_later(_IDLE_S, self._ping)
        whole = False
        try:
            self._write()
            await self._end
            whole = True
        finally:
            if self._pinging is not None:
                self._pinging.cancel()
            self._connection.end_answer(whole=whole)
        return WrittenResponse(self._answer.status, keep_alive=self._keep_alive)

    def _write(self) -> None:
        """Write what has arrived, unless the client has enough for now. Called at each step on either side."""
        if self._end.done():
            return
        if self._connection.writing_paused:
            self._was_paused = True
            return
        try:
            if not self._is_begun:
                self._send(b"", over=False)
                self._raw.head_written(self._answer.headed_at)
            arrived_at = None if self._was_paused else self._answer.arrived_at
            self._was_paused = False
            data, over = self._body.take()
            self._send(data if self._has_body else b"", over, arrived_at)
            if over:
                self._end.set_result(None)
            elif (broken := self._answer.broken_off) is not None:
                self._end.set_exception(broken)
        except Exception as error:  # noqa: BLE001 - of this answer, not of the connection that called
            self._end.set_exception(error)

    def _send(self, data: bytes, over: bool, arrived_at: float | None = None) -> None:
        transport = self._connection.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError
        parts = [] if self._is_begun else [self._head]
        self._is_begun = True
        if data:
            parts += [b"%x\r\n" % len(data), data, b"\r\n"] if self._chunked else [data]
        if over and self._chunked:
            parts.append(b"0\r\n\r\n")
        if parts:
            # TLS would make a record of each part.
            transport.writelines([b"".join(parts)] if self._speaks_tls else parts)
            self._wrote_at = self._loop.time()
        if data:
            self._raw.chunk(data, arrived_at)

    def _ping(self) -> None:
        left = self._wrote_at + _IDLE_S - self._loop.time()
        if left <= 0:
            left = _IDLE_S
            if (ping := self._body.ping) and not self._connection.writing_paused and not self._end.done():
                with contextlib.suppress(ConnectionResetError):  # The end of the request follows at once.
                    self._send(ping, over=False)
        self._pinging = self._loop.call_later(left, self._ping)
