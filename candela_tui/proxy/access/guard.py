"""Decide who may use the proxy: programs of this user on this machine, and from elsewhere those with a key of candela's
(``key_gate.py``), but no web pages except candela's own.

A page in the user's browser can reach a loopback port. It can't set Host to a loopback name after DNS rebinding, and
can't omit Origin or Sec-Fetch-Site, so these three headers reveal it. Sec-Fetch-Site is ``none`` for an address
that the user typed or that another program opened, even if a site then redirected it to this port.

candela's own page (``proxy/browser/``) has the origin that its Host names. It reaches only what belongs to it.
"""

import asyncio
import logging
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from candela_tui.api_root import of_page
from candela_tui.network.errors import described
from candela_tui.network.peer import knows_peers, peer_uid
from candela_tui.proxy.access.client_connection import ClientConnection, NamedHost
from candela_tui.proxy.access.request_target import authority, origin_form
from candela_tui.proxy.listen import is_loopback

_NOT_FROM_BEYOND = "candela is an HTTP proxy for programs on this machine only"
_FOR_BROWSERS = frozenset({"/healthz", "/readyz"})
"""What a user may open in a browser, by typing its address."""
_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason to refuse a request, and the status of the response."""

    status: int
    words: str


def refusal(
    headers: Iterable[tuple[str, str]],
    target: str = "/",
    *,
    from_beyond: bool = False,
    named: str | None = None,
    for_browsers: bool = False,
) -> str | None:
    """Return the reason to refuse a request with these headers, or None if it may pass.

    A machine elsewhere knows candela by any name, and gets no page. What a page could reach by rebinding a name needs a
    key there. ``for_browsers``: browsers come to this page from other sites, and it checks itself where from.
    ``named`` is the host and port of a request that names its whole URL, as to an HTTP proxy."""
    fields = [(name.lower(), value) for name, value in headers]
    hosts = [value for name, value in fields if name == "host"]
    own_page = of_page(target) and not from_beyond
    for name, value in fields:
        if name == "host":
            if not from_beyond and not loopback(value) and (named is None or value.strip().lower() != named.lower()):
                return f"candela answers on loopback names only, and the request's Host is {value[:100]!r}"
        elif for_browsers:
            continue
        elif name == "origin":
            if not (own_page and [value.strip().lower()] == [f"http://{host.strip().lower()}" for host in hosts]):
                return f"candela does not answer web pages, and the request has the Origin {value[:100]!r}"
        elif name == "sec-fetch-site":
            site = value.strip().lower()
            if not ((site == "none" and (own_page or target in _FOR_BROWSERS)) or (site == "same-origin" and own_page)):
                return "candela does not answer web pages, and a browser sent this request"
    return None if len(hosts) == 1 else "the request must have one Host header"


def loopback(host: str) -> bool:
    """Return whether a host, with or without a port, is a name of this machine for itself."""
    name, colon, port = host.strip().lower().rpartition(":")
    if not colon or not port.isdigit():
        name = host.strip().lower()
    return name in _LOOPBACK_NAMES


class GuardedServer(web.Server):
    """An aiohttp low-level server that checks once per connection whether its peer is the same user."""

    def __init__(
        self,
        handler: Any,
        *,
        allow: Literal["same-user", "any-local"],
        open_paths: Collection[str] = (),
        browser_paths: Collection[str] = (),
        **options: Any,
    ) -> None:
        """``open_paths`` are for every user of this machine, ``browser_paths`` for browsers from other sites."""
        self._open_paths = open_paths
        self._browser_paths = browser_paths
        super().__init__(handler, **options)
        self._check = allow == "same-user" and knows_peers()
        self._strangers: set[RequestHandler] = set()
        self._from_beyond: set[RequestHandler] = set()
        self._unchecked: dict[RequestHandler, OSError] = {}
        """Connections whose peer could not be looked up, and the reason."""
        self._addressed: dict[RequestHandler, tuple[str, int]] = {}
        """Where the peers of redirected connections believe to be connected to."""

    def __call__(self) -> RequestHandler:
        """aiohttp's hook for a new connection's protocol."""
        return self.accepted()

    def accepted(self) -> ClientConnection:
        """Return the protocol of a new connection."""
        return ClientConnection(self, loop=self._loop, **self._kwargs)

    def opened(self, named: NamedHost, addressed: tuple[str, int] | None = None) -> ClientConnection:
        """Return the protocol of a connection on which candela stands in for a host.

        ``addressed`` is where the peer believes to be connected to, if the system redirected it."""
        handler = self.accepted()
        handler.named = named
        if addressed is not None:
            self._addressed[handler] = addressed
        return handler

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """aiohttp's hook for a new connection."""
        super().connection_made(handler, transport)
        ours = transport.get_extra_info("sockname")
        if ours and not is_loopback(ours[0]):
            self._from_beyond.add(handler)
        elif self._check:
            self._ask_for_peer(handler, transport)

    def admits(self, transport: asyncio.Transport, addressed: tuple[str, int]) -> bool:
        """Return whether the peer of a redirected connection may use candela. Raises OSError if that can't be known."""
        peer = transport.get_extra_info("peername")
        return not self._check or (bool(peer) and peer_uid(peer[:2], addressed) == os.getuid())

    def _ask_for_peer(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        peer, ours = transport.get_extra_info("peername"), self._addressed.get(handler)
        ours = ours or transport.get_extra_info("sockname")
        self._unchecked.pop(handler, None)
        try:
            is_user = bool(peer and ours) and peer_uid(peer[:2], ours[:2]) == os.getuid()
        except OSError as error:
            self._unchecked[handler] = error
            return
        if not is_user:
            logger.warning("refused a connection of another user of this machine")
            self._strangers.add(handler)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """aiohttp's hook for a connection's end."""
        self._strangers.discard(handler)
        self._from_beyond.discard(handler)
        self._unchecked.pop(handler, None)
        self._addressed.pop(handler, None)
        super().connection_lost(handler, exc)

    def is_from_beyond(self, request: web.BaseRequest) -> bool:
        """Return whether a request came to another address than the loopback ones, and needs a key."""
        return request.protocol in self._from_beyond

    def refusal(self, request: web.BaseRequest, headers: Iterable[tuple[str, str]]) -> Refusal | None:
        """Return the reason to refuse this request, or None if it may pass."""
        connection = request.protocol
        opened = connection.named if isinstance(connection, ClientConnection) else None
        target, named = origin_form(request.raw_path), authority(request.raw_path)
        for_candela = request.method != "CONNECT" and opened is None and (named is None or loopback(named))
        if not for_candela or target.partition("?")[0] not in self._open_paths:
            refused = self._of_peer(request)
            if refused is not None:
                return refused
        if request.version.major != 1:
            # aiohttp's parser reads a first line without a version as HTTP/0.9, with header fields behind it.
            return Refusal(505, "candela speaks HTTP/1.1, and the request's first line names another version or none")
        from_beyond = self.is_from_beyond(request)
        if request.method == "CONNECT":
            return Refusal(405, _NOT_FROM_BEYOND) if from_beyond else None
        if opened is not None:
            return _misdirected(headers, opened.host.name)
        for_browsers = target.partition("?")[0] in self._browser_paths
        words = refusal(headers, target, from_beyond=from_beyond, named=named, for_browsers=for_browsers)
        return Refusal(403, words) if words is not None else None

    def _of_peer(self, request: web.BaseRequest) -> Refusal | None:
        connection = request.protocol
        if connection in self._unchecked and request.transport is not None:
            self._ask_for_peer(connection, request.transport)
        if connection in self._unchecked:
            why = described(self._unchecked[connection])
            return Refusal(503, f"candela could not find out which user this connection belongs to: {why}")
        if connection in self._strangers:
            return Refusal(
                403,
                "candela serves the user who started it, and this connection is not known to be theirs; "
                'set [proxy] allow = "any-local" in config.toml to serve every user of this machine',
            )
        return None


def _misdirected(headers: Iterable[tuple[str, str]], name: str) -> Refusal | None:
    """Refuse a request for another host than the one that its connection was opened for."""
    hosts = [value.strip().lower() for field, value in headers if field.lower() == "host"]
    if len(hosts) == 1 and hosts[0].removesuffix(":443") == name:
        return None
    return Refusal(421, f"this connection is for {name}, and the request must have one Host header that says so")
