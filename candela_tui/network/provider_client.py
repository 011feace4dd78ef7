"""The HTTP client towards providers: adds nothing to a request, and gives an answer's bytes in the step they arrive.

aiohttp's connector finds the host and connects (TLS, HTTP proxies, kept-alive connections). Its ClientSession is left
out: the objects that it makes for each request, and its task switches, are most of what a relay costs.
"""

import asyncio
from collections.abc import Callable
from typing import Self

import aiohttp
from aiohttp import ClientRequest, hdrs
from aiohttp.connector import Connection
from yarl import URL

from candela_tui.config import ProxySettings
from candela_tui.network.header_bytes import head
from candela_tui.network.origins import split_target
from candela_tui.network.provider_connection import ProviderConnection, connector
from candela_tui.network.provider_response import ProviderResponse
from candela_tui.network.tls import tls_context
from candela_tui.protocol.headers import HeaderList

# Below the 60 s after which common load balancers drop an idle connection, so that a request rarely meets one
# that is being closed.
_KEEPALIVE_S = 50
_SENT_AGAIN = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""Idempotent methods (RFC 9110, section 9.2.2)."""
_SET_HERE = frozenset({"host", "content-length"})
_NO_LENGTH = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that say nothing of a body they do not have."""


class ProviderClient:
    """Sends requests over kept-alive connections."""

    def __init__(self, settings: ProxySettings) -> None:
        """Raises OSError, which names the file, if certificates can't be read."""
        self._connector = connector(limit=0, keepalive_timeout=_KEEPALIVE_S, ssl=tls_context(settings))
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=settings.connect_timeout_s, sock_connect=settings.connect_timeout_s
        )
        self._idle_s = settings.idle_timeout_s
        self._places: dict[tuple[str, str | None], ClientRequest] = {}
        """What aiohttp needs to know of an origin to connect to it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._connector.close()

    async def send(
        self,
        method: str,
        url: str,
        fields: HeaderList,
        body: bytes,
        proxy: str | None,
        on_connected: Callable[[], None],
        on_sent: Callable[[], None] = lambda: None,
    ) -> ProviderResponse:
        """Send a request and return its answer once the head has arrived. ``proxy`` is the URL of an HTTP proxy.

        ``on_connected`` is called when a connection is open, ``on_sent`` when it has the request. A request whose
        kept-alive connection ends before the answer is sent once more if its method allows. Raises
        aiohttp.ClientError, HttpProcessingError, TimeoutError, OSError; ValueError if the URL or a field can't be
        sent.
        """
        origin, target = split_target(url)
        place = self._place(origin, proxy)
        first = True
        while True:
            connection = await self._connected(place)
            protocol = connection.protocol
            assert isinstance(protocol, ProviderConnection)
            reused = protocol.is_used
            on_connected()
            response: ProviderResponse | None = None
            try:
                whole = _request_head(place, method, target, fields, len(body))
                response = protocol.send(connection, whole, body, without_body=method == "HEAD", idle_s=self._idle_s)
                on_sent()
                await response.head()
            except BaseException as error:
                (response or connection).close()
                ended = isinstance(error, aiohttp.ClientOSError | aiohttp.ServerDisconnectedError)
                if not (ended and reused and first and method in _SENT_AGAIN):
                    raise
                first = False
            else:
                return response

    def _place(self, origin: str, proxy: str | None) -> ClientRequest:
        known = self._places.get((origin, proxy))
        if known is None:
            url = URL(origin, encoded=True)
            if url.scheme not in ("http", "https"):
                raise aiohttp.NonHttpUrlClientError(url)
            loop = asyncio.get_running_loop()
            known = ClientRequest("GET", url, proxy=URL(proxy) if proxy else None, loop=loop)
            self._places[origin, proxy] = known
        return known

    async def _connected(self, place: ClientRequest) -> Connection:
        try:
            return await self._connector.connect(place, [], self._timeout)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError from error


def _request_head(place: ClientRequest, method: str, target: str, fields: HeaderList, length: int) -> bytes:
    """Return the head of a request. Through an HTTP proxy without TLS it names the whole URL (RFC 9112, 3.2.2).

    Host and Content-Length are set where ``fields`` have them, else Host comes first and Content-Length last."""
    known = {"host": place.headers[hdrs.HOST]}
    if length or method not in _NO_LENGTH:
        known["content-length"] = str(length)
    own: list[tuple[str, str]] = []
    if place.proxy and not place.is_ssl():
        target = f"{place.url.scheme}://{place.headers[hdrs.HOST]}{target}"
        if (credentials := place.headers.get(hdrs.PROXY_AUTHORIZATION)) is not None:
            own.append(("Proxy-Authorization", credentials))
    for name, value in fields:
        if (lower := name.lower()) not in _SET_HERE:
            own.append((name, value))
        elif lower in known:
            own.append((name, known.pop(lower)))
    if "host" in known:
        own.insert(0, ("Host", known["host"]))
    if "content-length" in known:
        own.append(("Content-Length", known["content-length"]))
    return head(f"{method} {target} HTTP/1.1", own)
