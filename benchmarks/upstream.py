"""A fast canned provider: ``python benchmarks/upstream.py`` prints its port, then answers every POST with a stream.

The request's query says how: ``events`` (text deltas) and ``pace_ms`` (0: as fast as it goes). Each delta carries
the time at which it was sent, in nanoseconds of the monotonic clock, which all processes of a machine share.
"""

import asyncio
import json
import re
import socket
import time
from typing import Any

import uvloop

_USAGE = {"input_tokens": 12, "cache_creation_input_tokens": 3072, "cache_read_input_tokens": 4096, "output_tokens": 1}
_MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-4-8",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": _USAGE,
}


def _event(document: dict[str, Any]) -> bytes:
    return f"event: {document['type']}\ndata: {json.dumps(document)}\n\n".encode()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nrequest-id: req_1\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
_BEGINNING = _chunk(
    _event({"type": "message_start", "message": _MESSAGE})
    + _event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
)
_END = (
    _chunk(
        _event({"type": "content_block_stop", "index": 0})
        + _event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 400}})
        + _event({"type": "message_stop"})
    )
    + b"0\r\n\r\n"
)
_DELTA = (
    b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0, '
    b'"delta": {"type": "text_delta", "text": "some words @%020d; "}}\n\n'
)


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._buffer = bytearray()
        self._need = 0
        self._streams: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._need:
            head_end = self._buffer.find(b"\r\n\r\n")
            if head_end < 0:
                return
            head = bytes(self._buffer[:head_end])
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            if length is None:
                # A relay may pass a body on in chunks. None of the benchmark's bodies holds the end mark itself.
                if not self._buffer.endswith(b"0\r\n\r\n"):
                    return
                self._need = len(self._buffer)
            else:
                self._need = head_end + 4 + int(length[1])
        if len(self._buffer) < self._need:
            return
        asked = re.match(rb"POST [^ ]*events=(\d+)&pace_ms=(\d+)", self._buffer)
        events, pace_ms = (int(asked[1]), int(asked[2])) if asked else (20, 0)
        del self._buffer[: self._need]
        self._need = 0
        task = asyncio.get_running_loop().create_task(self._stream(events, pace_ms / 1000))
        self._streams.add(task)
        task.add_done_callback(self._streams.discard)

    async def _stream(self, events: int, pace_s: float) -> None:
        write, clock = self._transport.write, time.monotonic
        write(_HEAD + _BEGINNING)
        begun = clock()
        for number in range(events):
            if pace_s:
                await asyncio.sleep(max(0.0, begun + (number + 1) * pace_s - clock()))
            elif number % 50 == 49:
                await asyncio.sleep(0)
            if self._transport.is_closing():
                return
            write(_chunk(_DELTA % time.monotonic_ns()))
        write(_END)


async def _main() -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_main())
