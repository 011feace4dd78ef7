"""Stand between a client and hosts that it names itself: open the connections of a table, and tunnel all others.

A connection comes by CONNECT, or the system redirected it (``redirected``). What is opened is served by the same server
as candela's own address, so that guard, recording, rules and relay are the same. What is not opened passes unread.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable

from aiohttp import web

from candela_tui.config import Settings
from candela_tui.network.dial import DialError, dial
from candela_tui.network.origins import Origins
from candela_tui.network.tls import tls_context
from candela_tui.protocol.arrival import Arrival
from candela_tui.providers.opened_hosts import TLS_PORT, OpenedHost, opened_host
from candela_tui.proxy.access.client_connection import ClientConnection, NamedHost
from candela_tui.proxy.access.guard import GuardedServer
from candela_tui.proxy.access.server_tls import serve_tls
from candela_tui.proxy.answer_writer import WrittenResponse
from candela_tui.proxy.client_answer import refused
from candela_tui.proxy.tls_interception.client_hello import MOST_BYTES, ClientHello, NotTls, client_hello
from candela_tui.proxy.tls_interception.contexts import Contexts
from candela_tui.proxy.tls_interception.files import AuthorityError
from candela_tui.proxy.tls_interception.place import BadPlace, Place, place_of
from candela_tui.proxy.tls_interception.tunnel import EarlyBytes, TunnelEnd, join

_HELLO_S = 10.0
"""Seconds to wait for a ClientHello. After that the connection is tunnelled: its server may have to speak first."""
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_DISTRUST = frozenset({"TLSV1_ALERT_UNKNOWN_CA", "SSLV3_ALERT_CERTIFICATE_UNKNOWN", "SSLV3_ALERT_BAD_CERTIFICATE"})
"""What OpenSSL says of the alerts of a client that does not trust the certificate."""

logger = logging.getLogger(__name__)


class Interception:
    """Serves the connections of one proxy."""

    def __init__(
        self,
        settings: Settings,
        contexts: Contexts | None,
        origins: Origins,
        server: GuardedServer,
        notify: Callable[[str], None],
    ) -> None:
        """``contexts``: None opens nothing. ``server`` serves the connections that are opened."""
        self._settings = settings
        self._contexts = contexts
        self._origins = origins
        self._server = server
        self._notify = notify
        self._told: set[str] = set()
        self._onward_tls: ssl.SSLContext | None = None

    async def connect(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer CONNECT, and serve the connection to its end."""
        try:
            place = place_of(request.raw_path)
        except BadPlace as error:
            return refused(request, 400, str(error))
        host = opened_host(place.host)
        if host is not None and place.port != TLS_PORT:
            if self._settings.intercept.ports == "refuse":
                words = f"[intercept] ports refuses connections to {host.name} on other ports than {TLS_PORT}"
                return refused(request, 403, words)
            host = None
        context = await self._context(host)
        connection = _connection(request)
        try:
            if host is None or context is None:
                return await self._tunnelled(request, place)
            named = NamedHost(host, Arrival.INTERCEPTED)
            early, transport = self._taken(request)
            transport.write(_ESTABLISHED)
            await self._decide(transport, early, place, named, context, _ender(connection))
        except ConnectionResetError:
            pass  # The client has gone.
        finally:
            _end(connection)
        return WrittenResponse(200, keep_alive=False)

    async def redirected(self, transport: asyncio.Transport, early: EarlyBytes, place: Place) -> None:
        """Serve a connection that the system redirected here on its way to a place. Returns at its end."""
        try:
            hello = await _hello(early)
        except NotTls:
            hello = None
        host = opened_host(hello.server_name) if hello is not None and hello.server_name is not None else None
        if host is not None and place.port != TLS_PORT:
            if self._settings.intercept.ports == "refuse":
                transport.abort()
                return
            host = None
        context = await self._context(host)
        try:
            if host is None or context is None or hello is None or not hello.speaks_http_1:
                await self._joined(transport, early, place, _nothing)
            else:
                named = NamedHost(host, Arrival.TRANSPARENT)
                await self._opened(transport, early, named, context, _nothing, (place.host, place.port))
        finally:
            transport.close()

    async def upgrade(self, request: web.BaseRequest, host: OpenedHost, head: bytes) -> web.StreamResponse:
        """Pass a request for another protocol, such as WebSocket, and all that follows it, to the host."""
        connection = _connection(request)
        try:
            if self._onward_tls is None:
                self._onward_tls = await asyncio.to_thread(tls_context, self._settings.proxy)
            onward = await self._dialled(Place(host.name, TLS_PORT), self._onward_tls)
        except (DialError, OSError) as error:
            return refused(request, 502, f"candela could not reach {error}")
        try:
            early, transport = self._taken(request)
            assert onward.transport is not None
            onward.transport.write(head)
            await _spliced(transport, early, onward, _ender(connection))
        except ConnectionResetError:
            pass  # The client has gone.
        finally:
            _abort(onward)
            _end(connection)
        return WrittenResponse(101, keep_alive=False)

    async def _context(self, host: OpenedHost | None) -> ssl.SSLContext | None:
        if host is None or self._contexts is None:
            return None
        try:
            return await self._contexts.of(host)
        except AuthorityError as error:
            self._tell(f"Connections to {host.name} pass unseen: {error}")
            return None

    async def _tunnelled(self, request: web.BaseRequest, place: Place) -> web.StreamResponse:
        try:
            onward = await self._dialled(place)
        except DialError as error:
            logger.info("no tunnel to %s: %s", place, error)
            return refused(request, 502, f"candela could not reach {error}")
        connection = _connection(request)
        try:
            early, transport = self._taken(request)
            transport.write(_ESTABLISHED)
            await _spliced(transport, early, onward, _ender(connection))
        finally:
            _abort(onward)
        return WrittenResponse(200, keep_alive=False)

    async def _decide(
        self,
        transport: asyncio.Transport,
        early: EarlyBytes,
        place: Place,
        named: NamedHost,
        context: ssl.SSLContext,
        on_lost: Callable[[], None],
    ) -> None:
        """Open the connection if its first bytes allow it, or tunnel it."""
        try:
            hello = await _hello(early)
        except NotTls:
            hello = None
        fits = hello is not None and hello.server_name in (None, named.host.name) and hello.speaks_http_1
        if fits:
            await self._opened(transport, early, named, context, on_lost)
        else:
            await self._joined(transport, early, place, on_lost)

    async def _opened(
        self,
        transport: asyncio.Transport,
        early: EarlyBytes,
        named: NamedHost,
        context: ssl.SSLContext,
        on_lost: Callable[[], None],
        addressed: tuple[str, int] | None = None,
    ) -> None:
        handler = self._server.opened(named, addressed)
        ended = asyncio.Event()

        def lost() -> None:
            ended.set()
            on_lost()

        handler.on_lost = lost
        try:
            await serve_tls(transport, bytes(early.data), context, handler)
        except ssl.SSLError as error:
            logger.info("TLS with a client that asked for %s: %s", named.host.name, error.reason)
            if error.reason in _DISTRUST:
                self._tell(
                    f"A program does not trust candela's certificate for {named.host.name}: its NODE_EXTRA_CA_CERTS"
                    " must be what `candela ca path` prints. Start it with `candela claude --intercept`"
                )
        except (OSError, TimeoutError):
            logger.info("a client that asked for %s ended the connection", named.host.name)
        else:
            await ended.wait()

    async def _joined(
        self, transport: asyncio.Transport, early: EarlyBytes, place: Place, on_lost: Callable[[], None]
    ) -> None:
        try:
            onward = await self._dialled(place)
        except DialError as error:
            logger.info("no tunnel to %s: %s", place, error)
            transport.abort()
            return
        try:
            await _spliced(transport, early, onward, on_lost)
        finally:
            _abort(onward)

    async def _dialled(self, place: Place, tls: ssl.SSLContext | None = None) -> TunnelEnd:
        _, end = await dial(
            place.host,
            place.port,
            TunnelEnd,
            proxy=self._origins.proxy_for(f"https://{place}"),
            limit_s=self._settings.proxy.connect_timeout_s,
            tls=tls,
        )
        assert isinstance(end, TunnelEnd)
        return end

    def _taken(self, request: web.BaseRequest) -> tuple[EarlyBytes, asyncio.Transport]:
        """Take the client's transport from the server."""
        connection = _connection(request)
        transport, data = connection.hand_over(request)
        early = EarlyBytes(data, _ender(connection))
        transport.set_protocol(early)
        return early, transport

    def _tell(self, words: str) -> None:
        if words not in self._told:
            self._told.add(words)
            self._notify(words)


async def _hello(early: EarlyBytes) -> ClientHello | None:
    """Return what the client says first, or None if it says nothing for a while. Raises NotTls."""
    try:
        async with asyncio.timeout(_HELLO_S):
            while (found := client_hello(bytes(early.data))) is None:
                if early.has_ended or len(early.data) > 2 * MOST_BYTES:
                    return None
                await early.more()
    except TimeoutError:
        return None
    return found


async def _spliced(
    transport: asyncio.Transport, early: EarlyBytes, onward: TunnelEnd, on_lost: Callable[[], None]
) -> None:
    """Pass bytes both ways until the client's connection ends."""
    ended = asyncio.Event()

    def lost() -> None:
        ended.set()
        on_lost()

    if early.has_ended:
        raise ConnectionResetError
    client = TunnelEnd(lost)
    client.connection_made(transport)
    transport.set_protocol(client)
    join(client, onward)
    if early.data:
        client.data_received(bytes(early.data))
    await ended.wait()


def _abort(end: TunnelEnd) -> None:
    """Close the onward connection. What was to be written to it still is, unless the tunnel was cancelled."""
    if end.transport is not None:
        end.transport.close()


def _connection(request: web.BaseRequest) -> ClientConnection:
    connection = request.protocol
    assert isinstance(connection, ClientConnection)
    return connection


def _ender(connection: ClientConnection) -> Callable[[], None]:
    """Return what tells the server that a connection has ended that it had handed over."""
    return lambda: connection.connection_lost(None)


def _end(connection: ClientConnection) -> None:
    """Tell the server of the end of a connection if it had handed it over."""
    if connection.transport is not None and connection.is_handed_over:
        connection.connection_lost(None)


def _nothing() -> None: ...
