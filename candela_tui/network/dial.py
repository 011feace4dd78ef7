"""Open connections for bytes that pass unread: to a host, or through the HTTP proxy that leads to it."""

import asyncio
import base64
import socket
import ssl
from collections.abc import Callable
from typing import cast
from urllib.parse import unquote, urlsplit

from candela_tui.network.errors import described

_MOST_HEAD = 64 * 1024
_END = b"\r\n\r\n"


class DialError(Exception):
    """There is no connection. ``str()`` says why."""


async def dial(
    host: str,
    port: int,
    protocol_factory: Callable[[], asyncio.Protocol],
    *,
    proxy: str | None,
    limit_s: float,
    tls: ssl.SSLContext | None = None,
) -> tuple[asyncio.Transport, asyncio.Protocol]:
    """Return a connection and its protocol, which is told of it like any other.

    ``proxy`` is the URL of an HTTP proxy, with its user and password if it wants them. ``tls``: speak TLS with the
    host. Raises DialError.
    """
    place = f"{host}:{port}"
    try:
        async with asyncio.timeout(limit_s):
            if proxy is not None:
                transport = await _through(proxy, host, port)
            else:
                transport, _ = await asyncio.get_running_loop().create_connection(_Silent, host, port)
            try:
                if tls is not None:
                    transport = await _with_tls(transport, tls, host)
            except BaseException:
                transport.abort()
                raise
    except socket.gaierror:
        raise DialError(f"{place}: the host name can't be resolved") from None
    except (OSError, ValueError) as error:
        way = f" through the HTTP proxy {_shown(proxy)}" if proxy is not None else ""
        raise DialError(f"{place}{way}: {described(error)}") from None
    protocol = protocol_factory()
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    transport.resume_reading()
    return transport, protocol


class _Silent(asyncio.Protocol):
    """Stops reading, so that nothing of what comes first is lost."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).pause_reading()  # uvloop's own is not a subclass of it.


async def _with_tls(transport: asyncio.Transport, context: ssl.SSLContext, host: str) -> asyncio.Transport:
    made = await asyncio.get_running_loop().start_tls(transport, asyncio.Protocol(), context, server_hostname=host)
    if made is None:
        raise ConnectionResetError
    made.pause_reading()
    return made


async def _through(proxy: str, host: str, port: int) -> asyncio.Transport:
    """Return a tunnel to the host. Raises DialError, OSError, ValueError."""
    parts = urlsplit(proxy)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DialError(f"{_shown(proxy)}: not the URL of an HTTP proxy, which is the only kind that candela can use")
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    loop = asyncio.get_running_loop()
    transport, head = await loop.create_connection(
        _Head, parts.hostname, parts.port or (443 if tls is not None else 80), ssl=tls
    )
    try:
        transport.write(_connect_request(host, port, parts.username, parts.password))
        status = await head.status
    except BaseException:
        transport.abort()
        raise
    if not 200 <= status < 300:
        transport.abort()
        raise DialError(f"{host}:{port}: the HTTP proxy {_shown(proxy)} refused the connection with status {status}")
    return transport


def _connect_request(host: str, port: int, user: str | None, password: str | None) -> bytes:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
    if user is not None:
        pair = f"{unquote(user)}:{unquote(password or '')}".encode()
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair).decode()}")
    return "\r\n".join([*lines, "", ""]).encode()


def _shown(proxy: str | None) -> str:
    """Return the URL of a proxy without its user and password."""
    parts = urlsplit(proxy or "")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


class _Head(asyncio.Protocol):
    """Reads the head of the proxy's answer to CONNECT, then stops reading."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is not a subclass of it.

    def data_received(self, data: bytes) -> None:
        if self.status.done():
            return
        self._data += data
        if _END in self._data:
            self._transport.pause_reading()
            self._judge()
        elif len(self._data) > _MOST_HEAD:
            self.status.set_exception(ValueError("a head that is too long"))

    def _judge(self) -> None:
        first, _, rest = bytes(self._data).partition(_END)
        words = first.split(b"\r\n", 1)[0].split()
        if rest or len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
            # What a proxy says of its own accord before the host was asked is not the host's.
            self.status.set_exception(ValueError("not an answer of HTTP"))
        else:
            self.status.set_result(int(words[1]))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.status.done():
            self.status.set_exception(ConnectionResetError())
