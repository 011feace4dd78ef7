"""An HTTP proxy that presents a certificate of its own for one host, and hands what is said there to a provider."""

import asyncio
import base64
import ssl
from typing import Self
from urllib.parse import urlsplit

import trustme


class ConnectProxy:
    """Listens while used as an async context manager. ``host`` is taken over; other hosts are refused."""

    def __init__(
        self,
        host: str,
        provider_url: str,
        *,
        also: tuple[str, ...] = (),
        context: ssl.SSLContext | None = None,
        credentials: str = "",
    ) -> None:
        """``also`` are further hosts to take over. ``context`` answers in place of one that ``ca_pem`` signs.
        ``credentials`` are USER:PASSWORD, as in a URL."""
        self._credentials = credentials
        self.authorized: list[str] = []
        """The credentials that came with each request."""
        self._places = {f"{name}:443" for name in (host, *also)}
        self._provider = urlsplit(provider_url)
        authority = trustme.CA()
        self.ca_pem: bytes = authority.cert_pem.bytes()
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(host, *also).configure_cert(self._context)
        if context is not None:
            self._context = context
        self._tasks: set[asyncio.Task[None]] = set()
        self.refused: list[str] = []
        """Hosts that were asked for and not connected."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        at = f"{self._credentials}@" if self._credentials else ""
        self.url = f"http://{at}127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _note_credentials(self, head: str) -> None:
        for line in head.split("\r\n"):
            name, _, value = line.partition(": ")
            if name.lower() == "proxy-authorization":
                self.authorized.append(base64.b64decode(value.removeprefix("Basic ")).decode())

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, _ = head.split(" ", 2)
            self._note_credentials(head)
            if method != "CONNECT" or target not in self._places:
                self.refused.append(target)
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                return
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            await writer.start_tls(self._context)
            onward_reader, onward_writer = await asyncio.open_connection(self._provider.hostname, self._provider.port)
            try:
                await asyncio.gather(_pipe(reader, onward_writer), _pipe(onward_reader, writer))
            finally:
                onward_writer.close()
        except (OSError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            # asyncio's stream server reports a cancelled handler as an error, and nobody else awaits this task.
            pass
        finally:
            writer.close()


async def _pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
    sink.close()
