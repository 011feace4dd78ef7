"""Speak TLS as a server, also on a connection whose first bytes have been read already."""

import asyncio
import mmap
import ssl
from typing import cast

from candela_tui.proxy.access.client_connection import ClientConnection

HANDSHAKE_S = 20.0
"""How long a client may take for the handshake."""
_BUFFER = 256 * 1024
"""As much as asyncio and uvloop read from a connection of TLS at once."""


class Decrypted(asyncio.BufferedProtocol):
    """Gives a connection what its client says. What it says before it has one is kept.

    To a protocol without a buffer, asyncio and uvloop read each record of 16 KB into a new one of 256 KB.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._has_begun = False
        # The system gives the pages of a mapping as they are used: most connections need few.
        self._buffer = memoryview(mmap.mmap(-1, _BUFFER))
        self._early = bytearray()
        self._has_ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's hook for the end of the handshake, except of ``start_tls``, after which the caller calls it."""
        self._has_begun = True
        self._connection.connection_made(transport)
        if self._early:
            self._connection.data_received(bytes(self._early))
            self._early.clear()
        if self._has_ended:
            transport.close()

    def get_buffer(self, sizehint: int) -> memoryview:
        """asyncio's hook: where bytes are to be put."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """asyncio's hook for bytes."""
        data = self._buffer[:nbytes]
        if self._has_begun:
            self._connection.data_received(bytes(data))
        else:
            self._early += data

    def pause_writing(self) -> None:
        """asyncio's hook: the client has enough."""
        if self._has_begun:
            self._connection.pause_writing()

    def resume_writing(self) -> None:
        """asyncio's hook: the client takes more again."""
        if self._has_begun:
            self._connection.resume_writing()

    def eof_received(self) -> bool:
        """asyncio's hook for the end of what the client sends."""
        self._has_ended = True
        return self._has_begun and self._connection.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's hook for the end of the connection."""
        if self._has_begun:
            self._connection.connection_lost(exc)


async def serve_tls(
    transport: asyncio.Transport, early: bytes, context: ssl.SSLContext, handler: ClientConnection
) -> None:
    """Do the handshake, and give the connection to ``handler``. ``early`` are the bytes that were read.

    Raises OSError, with ssl.SSLError, if the client ends the connection or does not accept the certificate.
    """
    loop = asyncio.get_running_loop()
    decrypted = Decrypted(handler)
    starting = asyncio.ensure_future(
        loop.start_tls(transport, decrypted, context, server_side=True, ssl_handshake_timeout=HANDSHAKE_S)
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
    decrypted.connection_made(opened)


def _feed(transport: asyncio.Transport, data: bytes) -> None:
    """Give a connection's protocol bytes as its transport does."""
    protocol = cast("asyncio.BufferedProtocol", transport.get_protocol())
    while data and not transport.is_closing():
        buffer = memoryview(protocol.get_buffer(len(data)))
        part = data[: len(buffer)]
        buffer[: len(part)] = part
        protocol.buffer_updated(len(part))
        data = data[len(part) :]
