"""Client connections: aiohttp's own, with responses to malformed requests and support for half-closed connections."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.web_protocol import RequestHandler

from candela_tui.network.errors import parser_words
from candela_tui.network.peer import peer_holds
from candela_tui.protocol.arrival import Arrival
from candela_tui.protocol.errors import error_body
from candela_tui.providers.opened_hosts import OpenedHost

_LOOK_AGAIN_S = 0.5


@dataclass(frozen=True, slots=True)
class NamedHost:
    """The host that candela stands in for on a connection that it opened."""

    host: OpenedHost
    arrival: Arrival


logger = logging.getLogger(__name__)


class ClientConnection(RequestHandler):
    """An aiohttp connection that never quotes a malformed request, and answers half-closed clients."""

    __slots__ = ("_answering", "_newest", "_on_room", "is_handed_over", "named", "on_lost")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._answering = False
        self._on_room: Callable[[], None] | None = None
        self._newest: StreamReader | None = None
        """The body of the newest request."""
        self.named: NamedHost | None = None
        """The host that the client asked for, if candela stands in for it on this connection."""
        self.on_lost: Callable[[], None] | None = None
        """Called when the connection has ended."""
        self.is_handed_over = False
        """Whether the transport has another protocol now."""

    @property
    def speaks_tls(self) -> bool:
        """Whether it is a connection of TLS."""
        return self.transport is not None and self.transport.get_extra_info("sslcontext") is not None

    def data_received(self, data: bytes) -> None:
        """asyncio's hook for bytes from the client."""
        super().data_received(data)
        if self._messages:
            self._newest = self._messages[-1][1]

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio's hook for the end of the connection."""
        super().connection_lost(exc)
        if self.on_lost is not None:
            self.on_lost()

    def hand_over(self, request: web.BaseRequest) -> tuple[asyncio.Transport, bytes]:
        """Return the transport, and the bytes behind a request that asks for another protocol. It is for the caller to
        give the transport another protocol in the same step, and to call ``connection_lost`` in the end."""
        transport = self.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError
        early = request.content.read_nowait(-1) + self._message_tail
        self._message_tail = b""
        if request.method == "CONNECT":
            request.content.feed_eof()  # aiohttp takes all bytes after the head for its body.
        transport.resume_reading()
        self.is_handed_over = True
        return transport, early

    def begin_answer(self, on_room: Callable[[], None]) -> None:
        """Note that an answer is being written to the transport. ``on_room`` is called when it takes more again."""
        self._answering = True
        self._on_room = on_room

    def end_answer(self, *, whole: bool) -> None:
        """Note that no more of the answer will be written, and whether it is whole."""
        self._answering = not whole
        self._on_room = None

    def resume_writing(self) -> None:
        """asyncio's hook: the client has taken what was written."""
        super().resume_writing()
        if self._on_room is not None:
            self._on_room()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """aiohttp's hook for a malformed request and for a fault of the handler. aiohttp's own quotes the bytes in the
        answer and in the log, and they may hold a key."""
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.error("a request could not be answered", exc_info=exc)
            words = "candela could not answer this request: a fault of its own (the log says more)"
        else:
            words = f"this is not a request that candela can read: {parser_words(message or '')}"
            logger.warning("answered %d: %s", status, words)
        if self._answering or request.writer.output_size > 0:
            raise ConnectionError("the answer has begun, so there is no place for an error")
        response = web.Response(status=status, body=error_body(status, words), content_type="application/json")
        response.force_close()
        return response

    def eof_received(self) -> bool:  # type: ignore[override]  # aiohttp never keeps it open, asyncio lets it
        """asyncio's hook for the end of what the client sends. True keeps the connection open for the answer.

        Usually the client is gone, and its request must end at once. But it may have closed only its own side (a
        half-closed connection, RFC 9293 section 3.6) and wait for the answer.
        """
        if self.speaks_tls or not self._has_whole_request() or not self._client_waits():
            return False  # asyncio can't half-close a connection of TLS.
        self.close()  # After this answer, as no further request can come.
        self._loop.call_later(_LOOK_AGAIN_S, self._end_when_gone)
        return True

    def _has_whole_request(self) -> bool:
        waits_for_next = self._waiter is not None and not self._waiter.done()
        return not waits_for_next and self._newest is not None and self._newest.is_eof()

    def _client_waits(self) -> bool:
        if self.transport is None:
            return False
        peer, ours = self.transport.get_extra_info("peername"), self.transport.get_extra_info("sockname")
        return bool(peer and ours) and peer_holds(peer[:2], ours[:2])

    def _end_when_gone(self) -> None:
        """Watch a half-closed client: nothing more arrives that would show that it went away."""
        if self.transport is None:
            return
        if self._client_waits():
            self._loop.call_later(_LOOK_AGAIN_S, self._end_when_gone)
        else:
            self.transport.abort()
