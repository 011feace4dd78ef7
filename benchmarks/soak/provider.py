"""The soak's provider: answers as each request asks, and writes a line of JSON about each to a log.

``python -m benchmarks.soak.provider LOG`` prints its port. Each delta carries the time at which it was sent, in
nanoseconds of the monotonic clock, which all processes of a machine share.
"""

import asyncio
import contextlib
import gc
import hashlib
import json
import re
import socket
import struct
import sys
import time
from pathlib import Path
from typing import TextIO

import uvloop

from benchmarks.soak.instruction import HEADER, Behaviour, Instruction, read_instruction
from benchmarks.stream import MESSAGE

_LARGEST_HEAD = 64 * 1024
_INSTRUCTION = re.compile(rb"(?i)\r\n%b: *([^\r]+)" % HEADER.encode())
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_HEAD = b"HTTP/1.1 %b\r\nContent-Type: %b\r\nrequest-id: req_%b\r\n%b\r\n\r\n"
_CHUNKED = b"Transfer-Encoding: chunked"
_OVERLOADED = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
_GARBAGE = bytes(range(256)) * 8
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of zero: closing the socket then resets the connection."""


def _event(document: dict[str, object]) -> bytes:
    return f"event: {document['type']}\ndata: {json.dumps(document)}\n\n".encode()


_BEGINNING = _event({"type": "message_start", "message": MESSAGE}) + _event(
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
)
_DELTA = (
    b"event: content_block_delta\n"
    b'data: {"type": "content_block_delta", "index": 0, '
    b'"delta": {"type": "text_delta", "text": "%bwords @%020d; "}}\n\n'
)
_END = (
    _event({"type": "content_block_stop", "index": 0})
    + _event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 400}})
    + _event({"type": "message_stop"})
)


class _Answer:
    """Writes one answer, and knows what it has written of its body."""

    def __init__(self, writer: asyncio.StreamWriter, instruction: Instruction) -> None:
        self._writer = writer
        self._instruction = instruction
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def _body(self, data: bytes, *, chunked: bool = True) -> None:
        self._hash.update(data)
        self.size += len(data)
        self._writer.write(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)

    def _head(self, framing: bytes, status: bytes = b"200 OK", kind: bytes = b"text/event-stream") -> None:
        self._writer.write(_HEAD % (status, kind, self._instruction.id.encode(), framing))

    async def write(self) -> bool:
        """Answer as instructed. Return whether the connection can be kept."""
        instruction = self._instruction
        match instruction.behaviour:
            case Behaviour.RESET_BEFORE:
                self._reset()
                return False
            case Behaviour.OVERLOADED:
                self._head(b"Content-Length: %d" % len(_OVERLOADED), b"529 Overloaded", b"application/json")
                self._body(_OVERLOADED, chunked=False)
                return True
            case Behaviour.GARBAGE:
                self._head(b"Content-Length: %d" % len(_GARBAGE))
                self._body(_GARBAGE, chunked=False)
                return True
            case Behaviour.SHORT:
                self._head(b"Content-Length: 1000000")
                self._body(_BEGINNING, chunked=False)
                return False
        self._head(_CHUNKED)
        self._body(_BEGINNING)
        await self._deltas()
        if instruction.behaviour is Behaviour.RESET_WITHIN:
            # What was written has to arrive first.
            await asyncio.sleep(0.05)
            self._reset()
            return False
        self._body(_END if instruction.behaviour is Behaviour.STREAM else _END[:-20])
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()
        return True

    async def _deltas(self) -> None:
        instruction, clock, pace_s = self._instruction, time.monotonic, self._instruction.pace_ms / 1000
        more = b"lorem ipsum dolor sit. " * (instruction.delta_kb * 1024 // 23)
        begun = clock()
        for number in range(instruction.events):
            if pace_s:
                await asyncio.sleep(max(0.0, begun + (number + 1) * pace_s - clock()))
            self._body(_DELTA % (more, time.monotonic_ns()))
            await self._writer.drain()

    def _reset(self) -> None:
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._writer.transport.abort()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, log: TextIO) -> None:
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    kept = True
    while kept:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length, instructed = _LENGTH.search(head), _INSTRUCTION.search(head)
            body = await reader.readexactly(int(length[1])) if length else b""
        except (asyncio.IncompleteReadError, ConnectionError):
            break
        if instructed is None:
            # Such as a connection check of candela's own.
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            continue
        instruction = read_instruction(instructed[1].decode())
        answer = _Answer(writer, instruction)
        try:
            kept = await answer.write()
            ended = "done"
        except (ConnectionError, RuntimeError, asyncio.CancelledError):
            # uvloop raises RuntimeError for a write to a connection that is gone.
            kept, ended = False, "left"
        facts = {
            "id": instruction.id,
            "behaviour": instruction.behaviour,
            "request": hashlib.sha256(body).hexdigest(),
            "ended": ended,
        }
        log.write(json.dumps({**facts, "size": answer.size, "digest": answer.digest}) + "\n")
    with contextlib.suppress(ConnectionError, RuntimeError):
        writer.close()
        await writer.wait_closed()


async def _main(log: TextIO) -> None:
    gc.freeze()
    server = await asyncio.start_server(
        lambda reader, writer: _serve(reader, writer, log), "127.0.0.1", 0, limit=_LARGEST_HEAD
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    # Line by line, so that it is complete however this process ends.
    with Path(sys.argv[1]).open("w", buffering=1, encoding="utf-8") as file:
        uvloop.run(_main(file))
