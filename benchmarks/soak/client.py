"""The soak's clients: they send requests one after the other, and note the end of each and the delay of each delta."""

import asyncio
import hashlib
import re
import socket
import time
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from benchmarks.soak.instruction import HEADER, Instruction
from benchmarks.stream import SENT_AT

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_END_OF_CHUNKS = b"0\r\n\r\n"
_PATIENCE_S = 300.0

Ended = Literal["done", "broken", "left"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as its client saw it."""

    instruction: Instruction
    request: str
    """The digest of the request's body."""
    ended: Ended
    status: int | None
    """None: no answer came."""
    size: int
    digest: str
    """Of the answer's body, as far as it came."""


@dataclass(slots=True)
class Delays:
    """The delays of deltas in ms, from the provider's write to the client's read."""

    values: list[float] = field(default_factory=list)

    def take(self) -> list[float]:
        """Return the delays since the last call."""
        values, self.values = self.values, []
        return values


class _Connection(asyncio.Protocol):
    def __init__(self, delays: Delays | None) -> None:
        self._delays = delays
        self._tail = b""
        self._begin(None)

    def _begin(self, done: asyncio.Future[Ended] | None) -> None:
        self._done = done
        self._got: list[bytes] = []
        self._head_end = -1
        self._length: int | None = None
        self._size = 0

    @property
    def got(self) -> bytes:
        return b"".join(self._got)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        self._got.append(data)
        self._size += len(data)
        if self._delays is not None:
            # A mark may be split between chunks: keep the rest for the next one.
            seen, last = self._tail + data, 0
            for mark in SENT_AT.finditer(seen):
                self._delays.values.append((now - int(mark[1])) / 1e6)
                last = mark.end()
            self._tail = seen[max(last, len(seen) - 24) :]
        if self._head_end < 0:
            head = self.got
            self._head_end = head.find(b"\r\n\r\n")
            length = _LENGTH.search(head, 0, self._head_end + 2) if self._head_end >= 0 else None
            self._length = int(length[1]) if length else None
        if self._head_end >= 0 and (
            self._size - self._head_end - 4 >= self._length
            if self._length is not None
            else b"".join(self._got[-2:]).endswith(_END_OF_CHUNKS)
        ):
            self._end("done")

    def connection_lost(self, exc: Exception | None) -> None:
        self._end("broken")

    def _end(self, ended: Ended) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(ended)

    async def send(self, request: bytes, leave_after_s: float | None) -> Ended:
        done: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._begin(done)
        self.transport.write(request)
        try:
            return await asyncio.wait_for(done, leave_after_s or _PATIENCE_S)
        except TimeoutError:
            if leave_after_s is None:
                raise
            self.transport.abort()
            return "left"

    def answer(self) -> tuple[int | None, bytes]:
        """Return the status and the body, as far as they came."""
        got = self.got
        if self._head_end < 0:
            return None, b""
        body = got[self._head_end + 4 :]
        return int(got[9:12]), body if self._length is not None else _joined(body)


def _joined(chunked: bytes) -> bytes:
    """Return the data of chunks; the last one may be incomplete."""
    parts, at = [], 0
    while (line_end := chunked.find(b"\r\n", at)) >= 0:
        size = int(chunked[at:line_end].partition(b";")[0], 16)
        if size == 0:
            break
        parts.append(chunked[line_end + 2 : line_end + 2 + size])
        at = line_end + 4 + size
    return b"".join(parts)


def _seen(instruction: Instruction, body: bytes, ended: Ended, connection: _Connection) -> Seen:
    status, answer = connection.answer()
    digest = hashlib.sha256(body).hexdigest()
    return Seen(instruction, digest, ended, status, len(answer), hashlib.sha256(answer).hexdigest())


class Client:
    """Sends requests to one target, one at a time, over one connection as long as it lives."""

    def __init__(self, url: str, session: str, delays: Delays | None = None) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 0
        self._session = session
        self._delays = delays
        self._connection: _Connection | None = None

    async def send(self, instruction: Instruction, body: bytes, leave_after_s: float | None = None) -> Seen:
        """Send one request, and return what came. ``leave_after_s``: disconnect then, if it has not ended."""
        request = self._head(instruction, len(body)) + body
        connection = await self._connected()
        ended = await connection.send(request, leave_after_s)
        if ended != "done":
            self.close()
        # In a thread: the digests of large bodies take so long that the other clients would seem delayed.
        return await asyncio.to_thread(_seen, instruction, body, ended, connection)

    async def _connected(self) -> _Connection:
        if self._connection is None or self._connection.transport.is_closing():
            loop = asyncio.get_running_loop()
            _, self._connection = await loop.create_connection(
                lambda: _Connection(self._delays), self._host, self._port
            )
        return self._connection

    def _head(self, instruction: Instruction, length: int) -> bytes:
        lines = (
            "POST /v1/messages HTTP/1.1",
            f"Host: {self._host}:{self._port}",
            "Content-Type: application/json",
            "User-Agent: claude-cli/2.1.332 (external, cli)",
            "x-api-key: sk-ant-benchmark",
            "anthropic-version: 2023-06-01",
            f"X-Claude-Code-Session-Id: {self._session}",
            f"{HEADER}: {instruction.header()}",
            f"Content-Length: {length}",
        )
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.transport.abort()
            self._connection = None
