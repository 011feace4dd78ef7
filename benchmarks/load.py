"""Put load on a target: keep-alive connections over raw sockets, each with one request at a time."""

import asyncio
import json
import re
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_SENT_AT = re.compile(rb"@(\d{20});")
_PATIENCE_S = 120


@dataclass(slots=True)
class Measured:
    """The results of a load. All times are in milliseconds."""

    first_byte: list[float] = field(default_factory=list)
    """From the request's last byte to the response's first, one per request."""
    delay: list[float] = field(default_factory=list)
    """From the sending of a delta to its arrival, one per delta."""
    seconds: float = 0.0
    """The duration of the whole load."""

    def add(self, other: "Measured") -> None:
        """Add the results of another load on the same target."""
        self.first_byte += other.first_byte
        self.delay += other.delay
        self.seconds += other.seconds

    @property
    def requests_per_second(self) -> float:
        return len(self.first_byte) / self.seconds


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a load: ``requests`` in total over ``connections`` at once."""

    name: str
    requests: int
    connections: int
    body_kb: int = 90
    events: int = 100
    pace_ms: int = 0
    delta_kb: int = 0
    """Kilobytes of text in each delta, in addition to a few words."""


class _Client(asyncio.Protocol):
    def __init__(self) -> None:
        self._done: asyncio.Future[None] | None = None
        self._tail = b""
        self._first: float | None = None
        self._measured = Measured()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        if self._first is None:
            if not data.startswith(b"HTTP/1.1 200"):
                self._fail(RuntimeError(f"the target answered {data[:300]!r}"))
                return
            self._first = now
        # A mark may be split between chunks: keep the rest for the next one.
        seen = self._tail + data
        last = 0
        for mark in _SENT_AT.finditer(seen):
            self._measured.delay.append((now - int(mark[1])) / 1e6)
            last = mark.end()
        self._tail = seen[max(last, len(seen) - 24) :]
        if data.endswith(b"0\r\n\r\n") and self._done is not None and not self._done.done():
            self._done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionError("the target closed the connection"))

    def _fail(self, error: Exception) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(error)

    async def run(self, request: bytes, times: int) -> Measured:
        """Send the request ``times`` times, one after the other."""
        for _ in range(times):
            self._done = asyncio.get_running_loop().create_future()
            self._tail, self._first = b"", None
            begun = time.monotonic_ns()
            self._transport.write(request)
            await asyncio.wait_for(self._done, _PATIENCE_S)
            assert self._first is not None
            self._measured.first_byte.append((self._first - begun) / 1e6)
        self._transport.close()
        return self._measured


def _request(url: str, shape: Shape) -> bytes:
    parts = urlsplit(url)
    words = "lorem ipsum dolor sit amet " * (shape.body_kb * 1024 // 27)
    body = json.dumps(
        {
            "metadata": {"user_id": f"events={shape.events}&pace_ms={shape.pace_ms}&delta_kb={shape.delta_kb}"},
            "model": "claude-opus-4-8",
            "max_tokens": 1024,
            "stream": True,
            "messages": [{"role": "user", "content": words}],
        }
    ).encode()
    lines = (
        f"POST {parts.path}/v1/messages HTTP/1.1",
        f"Host: {parts.netloc}",
        "Content-Type: application/json",
        "x-api-key: sk-ant-benchmark",
        "anthropic-version: 2023-06-01",
        "X-Claude-Code-Session-Id: benchmark",
        f"Content-Length: {len(body)}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def drive(url: str, shape: Shape) -> Measured:
    """Put one round of the shape's load on a target."""
    parts = urlsplit(url)
    request = _request(url, shape)
    loop = asyncio.get_running_loop()
    clients = [(await loop.create_connection(_Client, parts.hostname, parts.port))[1] for _ in range(shape.connections)]
    begun = time.monotonic()
    each = max(1, shape.requests // shape.connections)
    measured = Measured()
    for one in await asyncio.gather(*(client.run(request, each) for client in clients)):
        measured.add(one)
    measured.seconds = time.monotonic() - begun
    return measured


def quantile(values: list[float], share: float) -> float:
    """Return the value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
