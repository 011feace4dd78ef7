"""What stands on a port in front of a provider and does what connections can suffer before HTTP begins."""

import asyncio
import datetime
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from typing import Self

import trustme

Meets = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Front:
    """Listens on a port of 127.0.0.1 while used as an async context manager; ``meets`` takes each connection."""

    def __init__(self) -> None:
        self.meets: Meets = closes
        self.connections = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self.meets(reader, writer)
        except OSError:
            pass
        finally:
            writer.close()


async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close each connection. Closed with bytes that were not read, it would be reset."""
    writer.write_eof()
    await reader.read()


async def resets(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reset each connection."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def speaks_no_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a TLS handshake with HTTP."""
    await reader.read(65536)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")


async def closes_in_handshake(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Close each connection after the first message of its TLS handshake."""
    await reader.read(65536)


class Certificates:
    """Certificates of an authority that candela trusts, and of one that it does not."""

    def __init__(self) -> None:
        self._authority = trustme.CA()
        self.ca_pem = self._authority.cert_pem.bytes()

    def valid(self) -> Meets:
        """Shake hands with a certificate that is in order."""
        return _with(self._authority.issue_cert("localhost"))

    def expired(self) -> Meets:
        """Shake hands with one that ended yesterday."""
        now = datetime.datetime.now(datetime.UTC)
        day = datetime.timedelta(days=1)
        return _with(self._authority.issue_cert("localhost", not_before=now - 9 * day, not_after=now - day))

    def of_another_host(self) -> Meets:
        """Shake hands with one for another host."""
        return _with(self._authority.issue_cert("elsewhere.example"))

    def untrusted(self) -> Meets:
        """Shake hands with one of another authority."""
        return _with(trustme.CA().issue_cert("localhost"))


def _with(certificate: trustme.LeafCert) -> Meets:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)

    async def shakes_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.start_tls(context)
        await reader.read(65536)

    return shakes_hands
