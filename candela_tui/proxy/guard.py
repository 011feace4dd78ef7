"""Who may use the proxy: programs of this user on this machine, and no web page.

A page in the user's browser can reach a loopback port. It can't set Host to a loopback name after DNS rebinding, and
can't leave out Origin or Sec-Fetch-Site, so these three give it away.
"""

import asyncio
import logging
import os
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Literal

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from candela_tui.network_errors import parser_words
from candela_tui.peer import knows_peers, peer_uid
from candela_tui.protocol.errors import error_body

_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})

logger = logging.getLogger(__name__)


def refusal(headers: Iterable[tuple[str, str]]) -> str | None:
    """Why a request with these headers is refused; None: it may pass."""
    hosts = 0
    for name, value in headers:
        name = name.lower()
        if name == "host":
            hosts += 1
            if not _loopback(value):
                return f"candela answers on loopback names only, and the request's Host is {value[:100]!r}"
        elif name == "origin":
            return f"candela does not answer web pages, and the request has the Origin {value[:100]!r}"
        elif name == "sec-fetch-site" and value.strip().lower() != "none":
            return "candela does not answer web pages, and a browser sent this request for one"
    return None if hosts == 1 else "the request must have one Host header"


def _loopback(host: str) -> bool:
    name, colon, port = host.strip().lower().rpartition(":")
    if not colon or not port.isdigit():
        name = host.strip().lower()
    return name in _LOOPBACK_NAMES


class Connection(RequestHandler):
    """aiohttp's connection, which answers what is no valid request without quoting it."""

    __slots__ = ()

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
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun, so there is no place for an error")
        response = web.Response(status=status, body=error_body(status, words), content_type="application/json")
        response.force_close()
        return response


class GuardedServer(web.Server):
    """aiohttp's low-level server, which asks once a connection whether its peer is the same user."""

    def __init__(self, handler: Any, *, allow: Literal["same-user", "any-local"], **options: Any) -> None:
        super().__init__(handler, **options)
        self._check = allow == "same-user" and knows_peers()
        self._strangers: set[RequestHandler] = set()

    def __call__(self) -> RequestHandler:
        """aiohttp's hook for a new connection's protocol."""
        return Connection(self, loop=self._loop, **self._kwargs)

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """aiohttp's hook for a new connection."""
        super().connection_made(handler, transport)
        if self._check:
            peer, ours = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
            if not peer or not ours or peer_uid(peer[:2], ours[:2]) != os.getuid():
                logger.warning("refused a connection of another user of this machine")
                self._strangers.add(handler)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """aiohttp's hook for a connection's end."""
        self._strangers.discard(handler)
        super().connection_lost(handler, exc)

    def refusal(self, request: web.BaseRequest, headers: Iterable[tuple[str, str]]) -> str | None:
        """Why this request is refused; None: it may pass."""
        if request.protocol in self._strangers:
            return (
                "candela serves the user who started it, and this connection is not known to be theirs; "
                'set [proxy] allow = "any-local" in config.toml to serve every user of this machine'
            )
        return refusal(headers)
