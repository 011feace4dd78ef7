"""Put load on a target: keep-alive connections over raw sockets, each with one request at a time.

The client does as little as it can for each byte: what it needs itself would hide what the target needs.
"""

import asyncio
import gc
import json
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.stream import SENT_AT

_MARK_BYTES = 22
_BUFFER = 256 * 1024
_PATIENCE_S = 120


class LoadFailed(Exception):
    """A target did not answer as the stand-in provider does. The text says what it did."""


@dataclass(slots=True)
class Measured:
    """The results of a load. All times are in milliseconds, but for the duration and the processor time."""

    first_byte: list[float] = field(default_factory=list)
    """From the sending of the request to the response's first byte, one per request."""
    delay: list[float] = field(default_factory=list)
    """From the sending of a delta to its arrival, one per delta; only of paced streams."""
    seconds: float = 0.0
    """The duration of the whole load."""
    processor_s: float = 0.0
    """The processor time that the target used. Whoever knows its processes adds it."""

    def add(self, other: "Measured") -> None:
        """Add the results of another load on the same target."""
        self.first_byte += other.first_byte
        self.delay += other.delay
        self.seconds += other.seconds
        self.processor_s += other.processor_s

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
    """Between two events; 0: as fast as they are read."""
    delta_kb: int = 0
    """Kilobytes of text in each delta, in addition to a few words."""


WARM_UP = Shape("warm-up", requests=8, connections=2)
QUICK = 0.1
"""The share of the requests that is enough to see that all of it works."""


def smaller(shape: Shape, share: float) -> Shape:
    """Return the shape with this share of the requests, but one for each connection."""
    return replace(shape, requests=max(shape.connections, round(shape.requests * share)))


class _Client(asyncio.BufferedProtocol):
    """Reads into a buffer of its own: otherwise each record of TLS needs a new one."""

    def __init__(self, *, marks: bool) -> None:
        self._buffer = memoryview(bytearray(_BUFFER))
        self._marks = marks
        self._done: asyncio.Future[None] | None = None
        self._tail = b""
        self._first: float | None = None
        self._measured = Measured()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        now = time.monotonic_ns()
        data = bytes(self._buffer[:nbytes])
        if self._first is None:
            if not data.startswith(b"HTTP/1.1 200"):
                status = data.partition(b"\r\n")[0].decode("latin-1")
                self._fail(LoadFailed(f"it answered {status}"))
                return
            self._first = now
        if self._marks:
            # A mark may be split between two pieces: keep the rest for the next one.
            seen = self._tail + data
            last = 0
            for mark in SENT_AT.finditer(seen):
                self._measured.delay.append((now - int(mark[1])) / 1e6)
                last = mark.end()
            self._tail = seen[max(last, len(seen) - _MARK_BYTES) :]
            ended = seen.endswith(b"0\r\n\r\n")
        else:
            self._tail = self._tail[-4:] + data if len(data) < 5 else data
            ended = self._tail.endswith(b"0\r\n\r\n")
        if ended and self._done is not None and not self._done.done():
            self._done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(LoadFailed(f"it closed the connection ({exc or 'without an error'})"))

    def _fail(self, error: Exception) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(error)

    async def run(self, request: bytes, times: int) -> Measured:
        """Send the request ``times`` times, one after the other."""
        loop = asyncio.get_running_loop()
        try:
            for _ in range(times):
                self._done = loop.create_future()
                self._tail, self._first = b"", None
                begun = time.monotonic_ns()
                self._transport.write(request)
                patience = loop.call_later(_PATIENCE_S, self._fail, LoadFailed(f"no end after {_PATIENCE_S} s"))
                await self._done
                patience.cancel()
                assert self._first is not None
                self._measured.first_byte.append((self._first - begun) / 1e6)
        finally:
            self._done = None
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


_INTERCEPTED = "intercepted"
_HOST = "api.anthropic.com"


def intercepted_url(proxy: str, authority: Path) -> str:
    """Return the URL of a target that is an HTTPS proxy, whose certificates are signed by an authority (PEM)."""
    return f"{_INTERCEPTED}://{urlsplit(proxy).netloc}{authority}"


async def _connected(url: str, *, marks: bool) -> _Client:
    """Return a client whose connection is open, so that opening it is not measured."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    client = _Client(marks=marks)
    if parts.scheme != _INTERCEPTED:
        return (await loop.create_connection(lambda: client, parts.hostname or "", parts.port or 80))[1]
    plain = socket.create_connection((parts.hostname or "", parts.port or 80), _PATIENCE_S)
    await asyncio.to_thread(_ask_for_tunnel, plain)
    context = ssl.create_default_context(cafile=parts.path)
    context.set_alpn_protocols(["http/1.1"])
    plain.setblocking(False)
    await loop.create_connection(lambda: client, sock=plain, ssl=context, server_hostname=_HOST)
    return client


def _ask_for_tunnel(plain: socket.socket) -> None:
    plain.sendall(f"CONNECT {_HOST}:443 HTTP/1.1\r\nHost: {_HOST}:443\r\n\r\n".encode())
    answer = plain.recv(4096)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise LoadFailed(f"it answered CONNECT with {answer[:40]!r}")


async def drive(url: str, shape: Shape) -> Measured:
    """Put one round of the shape's load on a target."""
    intercepted = urlsplit(url).scheme == _INTERCEPTED
    request = _request(f"https://{_HOST}" if intercepted else url, shape)
    clients = [await _connected(url, marks=bool(shape.pace_ms)) for _ in range(shape.connections)]
    each = max(1, shape.requests // shape.connections)
    measured = Measured()
    gc.collect()
    gc.disable()
    try:
        begun = time.monotonic()
        for one in await asyncio.gather(*(client.run(request, each) for client in clients)):
            measured.add(one)
        measured.seconds = time.monotonic() - begun
    finally:
        gc.enable()
    return measured


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
