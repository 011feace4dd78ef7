"""The provider itself: a small HTTP/1.1 server on asyncio streams that can break every rule."""

import asyncio
import json
import socket
import ssl
import struct
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import brotli
import trustme
import zstandard

from tests.standin.answers import Answer, error, json_answer, message, text, whole_message
from tests.standin.steps import CLOSE, PATIENCE_S, RESET, STALL, Hold, Raw, Step


@dataclass(slots=True)
class ReceivedRequest:
    """One request exactly as it arrived, and what was sent in answer."""

    method: str
    target: str
    """Path and query as on the request line."""
    headers: tuple[tuple[str, str], ...]
    """In their order and spelling."""
    body: bytes
    """Without chunk framing; a Content-Encoding stays on."""
    connection: int
    """Number of the connection it came on, from 0."""
    parts: list[bytes] = field(default_factory=list)
    """Body bytes sent so far, one entry a step, after compression, without chunk framing."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the other side closed the connection before the answer was complete."""
    done: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the answer is over, however it ended."""

    @property
    def sent(self) -> bytes:
        """The exact bytes of the answer's body sent so far."""
        return b"".join(self.parts)

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """The first value of a field, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    async def finished(self) -> None:
        """Wait until the answer is over. Raises TimeoutError after PATIENCE_S."""
        async with asyncio.timeout(PATIENCE_S):
            await self.done.wait()

    async def left(self) -> None:
        """Wait until the other side has gone away in the middle. Raises TimeoutError after PATIENCE_S."""
        async with asyncio.timeout(PATIENCE_S):
            await self.gone.wait()


class _Compressor(Protocol):
    def part(self, data: bytes) -> bytes: ...
    def end(self) -> bytes: ...


class _Deflate:
    def __init__(self, window: int) -> None:
        self._state = zlib.compressobj(wbits=window)

    def part(self, data: bytes) -> bytes:
        return self._state.compress(data) + self._state.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        return self._state.flush(zlib.Z_FINISH)


class _Brotli:
    def __init__(self) -> None:
        self._state = brotli.Compressor(quality=4)

    def part(self, data: bytes) -> bytes:
        return bytes(self._state.process(data) + self._state.flush())

    def end(self) -> bytes:
        return bytes(self._state.finish())


class _Zstd:
    def __init__(self) -> None:
        self._state = zstandard.ZstdCompressor().compressobj()

    def part(self, data: bytes) -> bytes:
        return self._state.compress(data) + self._state.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def end(self) -> bytes:
        return self._state.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH)


_COMPRESSORS: dict[str, Callable[[], _Compressor]] = {
    "gzip": lambda: _Deflate(16 + zlib.MAX_WBITS),
    "deflate": lambda: _Deflate(zlib.MAX_WBITS),
    "br": _Brotli,
    "zstd": _Zstd,
}


class _Broken(Exception):
    """The script broke off, or the other side left: the connection is of no more use."""


Respond = Callable[[ReceivedRequest], Answer | None]


class Provider:
    """Listens on a free port of 127.0.0.1 while used as an async context manager."""

    def __init__(self, *, tls: bool = False) -> None:
        self.requests: list[ReceivedRequest] = []
        """Everything that arrived, in order."""
        self.connections = 0
        """How many connections were accepted."""
        self.respond: Respond | None = None
        """Chooses the answer to a request that no scripted one is queued for; None from it: the usual one."""
        self.early: Answer | None = None
        """The answer to every request as soon as its head is there. Its body is left unread, and not in the record."""
        self.url = ""
        """Base URL, without a slash at its end."""
        self._queue: deque[Answer] = deque()
        self._arrived = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._authority = trustme.CA() if tls else None

    def answer(self, *answers: Answer) -> None:
        """Queue answers for the next ``POST …/v1/messages`` requests, one each."""
        self._queue.extend(answers)

    @property
    def ca_pem(self) -> bytes:
        """The certificate of the authority that signed the provider's own (only with TLS)."""
        assert self._authority is not None, "a provider without TLS has no authority"
        return self._authority.cert_pem.bytes()

    async def request(self, number: int) -> ReceivedRequest:
        """The request of this number, from 0; waits until it has arrived. Raises TimeoutError after PATIENCE_S."""
        async with asyncio.timeout(PATIENCE_S), self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) > number)
        return self.requests[number]

    async def messages_request(self, number: int = 0) -> ReceivedRequest:
        """Like ``request``, counting only ``POST …/v1/messages``."""

        def found() -> list[ReceivedRequest]:
            return [request for request in self.requests if _is_messages(request)]

        async with asyncio.timeout(PATIENCE_S), self._arrived:
            await self._arrived.wait_for(lambda: len(found()) > number)
        return found()[number]

    async def __aenter__(self) -> Self:
        context = None
        if self._authority is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=context, limit=2**20)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"https://localhost:{port}" if context else f"http://127.0.0.1:{port}"
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
        number, self.connections = self.connections, self.connections + 1
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(reader, writer)
        try:
            while (request := await connection.read_request(number, with_body=self.early is None)) is not None:
                async with self._arrived:
                    self.requests.append(request)
                    self._arrived.notify_all()
                try:
                    if self.early is None:
                        await connection.play(request, self._choose(request))
                    else:
                        await connection.play_early(request, self.early)
                finally:
                    request.done.set()
        except (_Broken, ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        except asyncio.CancelledError:
            # asyncio's stream server reports a cancelled handler as an error, and nobody else awaits this task.
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    def _choose(self, request: ReceivedRequest) -> Answer:
        if self._queue and _is_messages(request):
            return self._queue.popleft()
        return (self.respond(request) if self.respond else None) or usual_answer(request)


def _is_messages(request: ReceivedRequest) -> bool:
    return request.method == "POST" and request.path.endswith("/v1/messages")


def usual_answer(request: ReceivedRequest) -> Answer:
    """What a provider in good health would say."""
    if request.method == "HEAD":
        return Answer(framing="length")
    if request.path.endswith("/count_tokens"):
        return json_answer({"input_tokens": 2095})
    if request.path.endswith("/v1/models"):
        model = {
            "type": "model",
            "id": "claude-opus-4-8",
            "display_name": "Opus 4.8",
            "created_at": "2026-04-01T00:00:00Z",
        }
        return json_answer({"data": [model], "has_more": False, "first_id": model["id"], "last_id": model["id"]})
    if _is_messages(request):
        asked = request.json
        return (message if asked.get("stream") else whole_message)(text("Hi", " there"), model=asked["model"])
    return error(404, f"no such path: {request.path}")


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._early = b""

    async def read_request(self, number: int, *, with_body: bool = True) -> ReceivedRequest | None:
        """The next request, or None when the other side has closed."""
        try:
            head = self._early + await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        self._early = b""
        line, *fields = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        method, target, _version = line.split(" ", 2)
        headers = tuple((name, value.strip()) for name, _, value in (field.partition(":") for field in fields))
        known = {name.lower(): value for name, value in headers}
        if not with_body:
            return ReceivedRequest(method, target, headers, b"", number)
        if known.get("expect", "").lower() == "100-continue":
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in known.get("transfer-encoding", "").lower():
            body = await self._read_chunks()
        else:
            body = await self._reader.readexactly(int(known.get("content-length", "0")))
        return ReceivedRequest(method, target, headers, body, number)

    async def _read_chunks(self) -> bytes:
        body = b""
        while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        while await self._reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return body

    async def play(self, request: ReceivedRequest, answer: Answer) -> None:
        """Send the answer. Raises _Broken where the connection can't be used for another one."""
        script = asyncio.ensure_future(self._script(request, answer))
        leaving = asyncio.ensure_future(self._reader.read(1))
        try:
            await asyncio.wait({script, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not script.done() and leaving.exception() is None and leaving.result():
                self._early = leaving.result()
                await script
            elif not script.done():
                request.gone.set()
                raise _Broken
            script.result()
        except ConnectionError as broken:
            request.gone.set()
            raise _Broken from broken
        finally:
            for task in (script, leaving):
                task.cancel()
            await asyncio.gather(script, leaving, return_exceptions=True)
            if not leaving.cancelled() and leaving.exception() is None:
                self._early = leaving.result()

    async def play_early(self, request: ReceivedRequest, answer: Answer) -> None:
        """Send the answer to a request whose body is still arriving. Raises _Broken at its end."""
        await self._script(request, answer)
        raise _Broken

    async def _script(self, request: ReceivedRequest, answer: Answer) -> None:
        for hold in answer.before_head:
            await self._hold(hold)
        steps: Sequence[Step] = answer.steps
        compressor = _COMPRESSORS[answer.encoding]() if answer.encoding else None
        if compressor is not None:
            steps = [*(compressor.part(step) if isinstance(step, bytes) else step for step in steps), compressor.end()]
        chunked = answer.status is not None and answer.framing == "chunked"
        if answer.status is not None:
            self._writer.write(_head(answer, steps))
            await self._writer.drain()
        for step in steps:
            if isinstance(step, Raw):
                self._writer.write(step.data)
            elif isinstance(step, bytes):
                if step and request.method != "HEAD":
                    self._writer.write(b"%x\r\n%b\r\n" % (len(step), step) if chunked else step)
                    request.parts.append(step)
            else:
                await self._hold(step)
            await self._writer.drain()
        if chunked and request.method != "HEAD":
            self._writer.write(b"0\r\n\r\n")
            await self._writer.drain()
        if answer.status is None or answer.framing == "close":
            raise _Broken

    async def _hold(self, hold: Hold) -> None:
        if hold is STALL:
            await asyncio.Event().wait()
        elif hold is RESET:
            raw = self._writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._writer.transport.abort()
            raise _Broken
        elif hold is CLOSE:
            raise _Broken
        else:
            await hold.pass_through()  # type: ignore[union-attr]


def _head(answer: Answer, steps: Sequence[Step]) -> bytes:
    assert answer.status is not None
    try:
        reason = HTTPStatus(answer.status).phrase
    except ValueError:
        reason = "Overloaded"
    fields = list(answer.headers)
    if answer.encoding:
        fields.append(("Content-Encoding", answer.encoding))
    if answer.framing == "chunked":
        fields.append(("Transfer-Encoding", "chunked"))
    elif answer.framing == "length":
        length = sum(len(step) for step in steps if isinstance(step, bytes))
        declared = length if answer.declared_length is None else answer.declared_length
        fields.append(("Content-Length", str(declared)))
    else:
        fields.append(("Connection", "close"))
    lines = [f"HTTP/1.1 {answer.status} {reason}", *(f"{name}: {value}" for name, value in fields)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
