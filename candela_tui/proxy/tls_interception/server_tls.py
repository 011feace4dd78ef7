"""Speak TLS as a server on a connection whose first bytes have been read already."""

import asyncio
import ssl
from typing import cast

from candela_tui.proxy.access.client_connection import ClientConnection

_HANDSHAKE_S = 20.0


class _Until(asyncio.Protocol):
    """Keeps what a client says in the very step in which the handshake ends."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.has_ended = False

    def data_received(self, data: bytes) -> None:
        self.data += data

    def eof_received(self) -> bool:
        self.has_ended = True
        return False


async def serve_tls(
    transport: asyncio.Transport, early: bytes, context: ssl.SSLContext, handler: ClientConnection
) -> None:
    """Do the handshake, and give the connection to ``handler``. ``early`` are the bytes that were read.

    Raises OSError, with ssl.SSLError, if the client ends the connection or does not accept the certificate.
    """
    loop = asyncio.get_running_loop()
    first = _Until()
    starting = asyncio.ensure_future(
        loop.start_tls(transport, first, context, server_side=True, ssl_handshake_timeout=_HANDSHAKE_S)
    )
    try:
        await asyncio.sleep(0)  # The transport has the protocol of TLS now,
        loop.call_soon(_feed, transport, early)  # and this comes after that has been told of its connection.
        opened = await starting
    except BaseException:
        starting.cancel()
        transport.abort()
        raise
    if opened is None or opened.is_closing():
        raise ConnectionResetError
    opened.set_protocol(handler)
    handler.connection_made(opened)
    if first.data:
        handler.data_received(bytes(first.data))
    if first.has_ended:
        opened.close()


def _feed(transport: asyncio.Transport, data: bytes) -> None:
    """Give a connection's protocol bytes as its transport does."""
    protocol = cast("asyncio.BufferedProtocol", transport.get_protocol())
    while data and not transport.is_closing():
        buffer = memoryview(protocol.get_buffer(len(data)))
        part = data[: len(buffer)]
        buffer[: len(part)] = part
        protocol.buffer_updated(len(part))
        data = data[len(part) :]
