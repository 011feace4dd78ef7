"""The stand-in provider: ``python -m benchmarks.upstream`` prints its port, then answers every POST with a stream.

The request's metadata sets ``events`` (text deltas), ``pace_ms`` (0: as fast as possible) and ``delta_kb`` (text in
each delta, in addition to a few words). Each delta of a paced stream carries the time at which it was sent, in
nanoseconds of the monotonic clock, which all processes of a machine share. It also speaks Vertex AI (the same stream)
and Bedrock (frames), accepts any credentials, and issues Google tokens.
"""

import asyncio
import base64
import functools
import json
import re
import socket
import struct
import time
import zlib
from collections.abc import Callable
from typing import Any

import uvloop

from benchmarks.stream import MESSAGE

_BACKLOG = 4096
"""Connections that may wait to be accepted. asyncio's 100 are fewer than the load opens at once: the system then drops
some, and the client tries again only a second later."""


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _event(kind: str, document: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), document)


_FRAME_HEADERS = b"".join(
    struct.pack(">B", len(name)) + name + struct.pack(">BH", 7, len(value)) + value
    for name, value in (
        (b":event-type", b"chunk"),
        (b":content-type", b"application/json"),
        (b":message-type", b"event"),
    )
)


def _frame(_kind: str, document: bytes) -> bytes:
    payload = b'{"bytes":"%b","p":"abcdefgh"}' % base64.b64encode(document)
    prelude = struct.pack(">II", 16 + len(_FRAME_HEADERS) + len(payload), len(_FRAME_HEADERS))
    head = prelude + struct.pack(">I", zlib.crc32(prelude))
    message = head + _FRAME_HEADERS + payload
    return message + struct.pack(">I", zlib.crc32(message))


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nrequest-id: req_1\r\nTransfer-Encoding: chunked\r\n\r\n"
_SSE, _FRAMES = b"text/event-stream; charset=utf-8", b"application/vnd.amazon.eventstream"
_BEGINNING: tuple[dict[str, Any], ...] = (
    {"type": "message_start", "message": MESSAGE},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
)
_END: tuple[dict[str, Any], ...] = (
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 400}},
    {"type": "message_stop"},
)


def _around(form: Callable[[str, bytes], bytes], content_type: bytes) -> tuple[bytes, bytes]:
    """Return the bytes before the deltas, with the response's head, and the bytes after them."""
    beginning, end = (
        _chunk(b"".join(form(each["type"], json.dumps(each).encode()) for each in documents))
        for documents in (_BEGINNING, _END)
    )
    return _HEAD % content_type + beginning, end + b"0\r\n\r\n"


_IN_EVENTS, _IN_FRAMES = _around(_event, _SSE), _around(_frame, _FRAMES)
_DELTA = (
    b'{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "%bsome words @%020d; "}}'
)
_TOKEN = json.dumps({"access_token": "benchmark", "expires_in": 3600, "token_type": "Bearer"}).encode()
_TOKEN_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(_TOKEN),
    _TOKEN,
)


_ASKED = re.compile(rb"events=(\d+)&pace_ms=(\d+)&delta_kb=(\d+)")
_AT_ONCE = 50


@functools.cache
def _unpaced(form: Callable[[str, bytes], bytes], events: int) -> bytes:
    """Return so many deltas of a stream without pace. It is built once: only its sending is to take time."""
    return _chunk(form("content_block_delta", _DELTA % (b"", 0))) * events


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._buffer = bytearray()
        self._need = 0
        self._streams: set[asyncio.Task[None]] = set()
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._need:
            head_end = self._buffer.find(b"\r\n\r\n")
            if head_end < 0:
                return
            head = bytes(self._buffer[:head_end])
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            if length is None:
                # A relay may send a body in chunks. No body of the benchmarks contains the end mark itself.
                if not self._buffer.endswith(b"0\r\n\r\n"):
                    return
                self._need = len(self._buffer)
            else:
                self._need = head_end + 4 + int(length[1])
        if len(self._buffer) < self._need:
            return
        if self._buffer.startswith(b"POST /token"):
            self._transport.write(_TOKEN_ANSWER)
        else:
            asked = _ASKED.search(self._buffer)
            events, pace_ms, delta_kb = map(int, asked.groups()) if asked else (20, 0, 0)
            in_frames = b"/invoke-with-response-stream " in self._buffer[:1024]
            task = asyncio.get_running_loop().create_task(self._stream(events, pace_ms / 1000, delta_kb, in_frames))
            self._streams.add(task)
            task.add_done_callback(self._streams.discard)
        del self._buffer[: self._need]
        self._need = 0

    async def _stream(self, events: int, pace_s: float, delta_kb: int, in_frames: bool) -> None:
        write, clock = self._transport.write, time.monotonic
        form, (beginning, end) = (_frame, _IN_FRAMES) if in_frames else (_event, _IN_EVENTS)
        write(beginning)
        if not pace_s and not delta_kb:
            for sent in range(0, events, _AT_ONCE):
                write(_unpaced(form, min(_AT_ONCE, events - sent)))
                await asyncio.sleep(0)
            write(end)
            return
        more = b"lorem ipsum dolor sit. " * (delta_kb * 1024 // 23)
        begun = clock()
        for number in range(events):
            if pace_s:
                await asyncio.sleep(max(0.0, begun + (number + 1) * pace_s - clock()))
            if self._transport.is_closing():
                return
            await self._writable.wait()
            write(_chunk(form("content_block_delta", _DELTA % (more, time.monotonic_ns()))))
        write(end)


async def _main() -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0, backlog=_BACKLOG)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_main())
