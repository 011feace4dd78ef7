"""A peer that speaks bytes: for answers that no HTTP server would give."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Self

Play = Callable[["Turn"], Awaitable[None]]


class Turn:
    """One request on one connection, and the means to answer it."""

    def __init__(self, peer: "RawPeer", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._peer = peer
        self._reader = reader
        self._writer = writer
        self.head = b""
        """Of the request, as it arrived."""
        self.number = 0
        """Of the request, over all connections, from 0."""

    async def read_request(self) -> bool:
        """Wait for a whole request; False: the other side closed."""
        try:
            self.head = await self._reader.readuntil(b"\r\n\r\n")
            lines = self.head.lower().split(b"\r\n")
            length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
            await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        self.number = len(self._peer.heads)
        self._peer.heads.append(self.head)
        return True

    async def send(self, data: bytes) -> None:
        """Send these bytes in one piece."""
        self._writer.write(data)
        await self._writer.drain()

    def close(self) -> None:
        """Close the connection where it is."""
        self._writer.close()

    async def left(self) -> None:
        """Wait until the other side has closed."""
        while await self._reader.read(65536):
            pass


class RawPeer:
    """Listens on a free port of 127.0.0.1 while used as an async context manager; ``play`` answers each request."""

    def __init__(self, play: Play, *, tls: ssl.SSLContext | None = None) -> None:
        self._play = play
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self.heads: list[bytes] = []
        """Of each request, in order."""
        self.connections = 0
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._tls)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"https://localhost:{port}" if self._tls else f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        turn = Turn(self, reader, writer)
        try:
            while await turn.read_request():
                await self._play(turn)
        except ConnectionError:
            pass
        except asyncio.CancelledError:
            # asyncio's stream server reports a cancelled handler as an error, and nobody else awaits this task.
            pass
        finally:
            self._tasks.discard(task)
            writer.close()


def plays(*pieces: bytes) -> Play:
    """Answer each request with these pieces, and close the connection."""

    async def play(turn: Turn) -> None:
        for piece in pieces:
            await turn.send(piece)
        turn.close()

    return play
