"""What rules cost: ``python -m benchmarks rules``.

One candela without rules, and one with ten of each kind, relay in this process. They take turns with the way straight
to the provider, whose cost is taken off. What counts is the processor time of the loop, which other work of the machine
changes less than the time that passes: until the first byte of an answer, and from the sending of a chunk of one event,
or of 100, to its arrival.
"""

import argparse
import asyncio
import contextlib
import json
import re
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Self

import uvloop

from benchmarks.candelas import ten_rules
from benchmarks.history import fill_small
from benchmarks.load import quantile
from benchmarks.stream import MESSAGE
from candela_tui.config import load
from candela_tui.feed import Feed
from candela_tui.paths import default_paths
from candela_tui.proxy.collector import Collector
from candela_tui.proxy.listen import bind
from candela_tui.proxy.server import Proxy

_STRAIGHT, _NONE, _TEN = "straight", "no rules", "ten of each kind"
_LOW = 0.05
"""The quantile that counts: what disturbs a measurement only makes it longer."""
_EVENTS = 100
_WARM_UP = 30
"""Requests until everything is loaded, and what was spent before is counted."""
_ROUTE = "/proxy/anthropic-direct"
_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")
_LONGEST_MARK = 16
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nrequest-id: req_1\r\nTransfer-Encoding: chunked\r\n\r\n"


def main(arguments: Sequence[str]) -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks rules", description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="requests on each way")
    parser.add_argument("--kb", type=int, nargs="+", default=[90, 1000], help="sizes of the request's body")
    options = parser.parse_args(arguments)
    for kilobytes in options.kb:
        uvloop.run(_measure(kilobytes, options.rounds))


async def _measure(kilobytes: int, rounds: int) -> None:
    provider = _Provider()
    upstream = await provider.listen()
    first: dict[str, list[float]] = {}
    one: dict[str, list[float]] = {}
    many: dict[str, list[float]] = {}
    async with contextlib.AsyncExitStack() as stack:
        ports = {_STRAIGHT: upstream}
        for name, rules in ((_NONE, {}), (_TEN, ten_rules())):
            ports[name] = await stack.enter_async_context(_candela(upstream, rules))
        clients = {name: await _Client.connected(port) for name, port in ports.items()}
        body = _body(kilobytes)
        # As the proxy's own thread does.
        Collector().start()
        for number in range(_WARM_UP + rounds):
            for name, client in clients.items():
                asks = partial(client.write, _request("" if name == _STRAIGHT else _ROUTE, body))
                to_first = await client.until(b"first words", asks)
                to_next = await client.until(b"next words", partial(provider.send, _ONE))
                to_last = await client.until(b"last words", partial(provider.send, _MANY))
                await client.until(b"0\r\n\r\n", partial(provider.send, _END))
                if number >= _WARM_UP:
                    first.setdefault(name, []).append(to_first)
                    one.setdefault(name, []).append(to_next)
                    many.setdefault(name, []).append(to_last)
        for client in clients.values():
            client.close()
    provider.close()
    print(f"{kilobytes} KB, {rounds} requests on each way, {_LOW:.0%} quantile")
    print(compared("until the first byte", first))
    print(compared("a chunk of one event", one))
    print(compared(f"a chunk of {_EVENTS} events", many))


def compared(what: str, spent: Mapping[str, Sequence[float]]) -> str:
    """Return a line with what is added without and with rules. ``spent`` has the seconds of each way."""
    low = {name: quantile(values, _LOW) * 1e6 for name, values in spent.items()}
    none, ten = low[_NONE] - low[_STRAIGHT], low[_TEN] - low[_STRAIGHT]
    return f"  {what:24}{none:7.0f} µs added without rules {ten:7.0f} µs with ten of each kind {ten / none:6.2f}x"


@contextlib.asynccontextmanager
async def _candela(upstream: int, rules: Mapping[str, str]) -> AsyncIterator[int]:
    """Run a candela with these rules, and yield its port."""
    with tempfile.TemporaryDirectory() as directory:
        paths = default_paths(Path(directory) / "config.toml", Path(directory))
        fill_small(paths.store_file, 1000, sessions=10, apart=timedelta(seconds=1))
        environment = {"CANDELA_ANTHROPIC__BASE_URL": f"http://127.0.0.1:{upstream}", **rules}
        settings = load(paths.config, environment)
        sock = bind(0, settings.proxy.listen)
        proxy = Proxy(settings, sock, Feed(), (), paths)
        await proxy.start()
        yield sock.getsockname()[1]
        await proxy.stop(0)


class _Provider:
    """A stand-in for the provider: answers with the beginning of a stream, and sends more of it when it is told to."""

    def __init__(self) -> None:
        self._asked: _ProviderConnection | None = None
        self._server: asyncio.Server | None = None

    async def listen(self) -> int:
        """Start, and return the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _ProviderConnection(self._answer), "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    def _answer(self, connection: "_ProviderConnection") -> None:
        self._asked = connection
        connection.transport.write(_BEGINNING)

    def send(self, data: bytes) -> None:
        """Send more of the latest answer."""
        assert self._asked is not None
        self._asked.transport.write(data)

    def close(self) -> None:
        """Stop."""
        assert self._server is not None
        self._server.close()


class _ProviderConnection(asyncio.Protocol):
    def __init__(self, answer: Callable[["_ProviderConnection"], None]) -> None:
        self._answer = answer
        self._left = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        _without_delay(transport)

    def data_received(self, data: bytes) -> None:
        if not self._left:
            # The head comes in one piece.
            head, _, _ = data.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            assert length is not None
            self._left = len(head) + 4 + int(length[1])
        self._left -= len(data)
        if not self._left:
            self._answer(self)


class _Client(asyncio.Protocol):
    """Sends requests over one connection, and waits for parts of the answers."""

    def __init__(self) -> None:
        self._until = b""
        self._seen = b""
        self._arrived: asyncio.Future[None] | None = None

    @classmethod
    async def connected(cls, port: int) -> Self:
        """Return a client with an open connection."""
        return (await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port))[1]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        _without_delay(transport)

    def data_received(self, data: bytes) -> None:
        self._seen = self._seen[-_LONGEST_MARK:] + data
        if self._arrived is not None and not self._arrived.done() and self._until in self._seen:
            self._arrived.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_exception(exc or ConnectionResetError())

    async def until(self, mark: bytes, act: Callable[[], None]) -> float:
        """Do something, wait until an answer has a mark, and return the processor time of both in seconds."""
        self._until, self._seen = mark, b""
        self._arrived = asyncio.get_running_loop().create_future()
        begun = time.thread_time()
        act()
        await self._arrived
        return time.thread_time() - begun

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._transport.write(data)

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()


def _without_delay(transport: asyncio.Transport) -> None:
    transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _event(document: Mapping[str, object]) -> bytes:
    return f"event: {document['type']}\ndata: {json.dumps(document, separators=(',', ':'))}\n\n".encode()


def _chunk(*documents: Mapping[str, object]) -> bytes:
    data = b"".join(map(_event, documents))
    return b"%x\r\n%b\r\n" % (len(data), data)


def _delta(text: str) -> dict[str, object]:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}


_OPENING = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
_BEGINNING = _HEAD + _chunk({"type": "message_start", "message": MESSAGE}, _OPENING, _delta("first words"))
_ONE = _chunk(_delta("next words"))
_MANY = _chunk(*[_delta("some further words")] * (_EVENTS - 1), _delta("last words"))
_END_TURN = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 400}}
_END = _chunk({"type": "content_block_stop", "index": 0}, _END_TURN, {"type": "message_stop"}) + b"0\r\n\r\n"


def _request(path: str, body: bytes) -> bytes:
    """Return a request as Claude Code sends it."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in _FIELDS.items())
    return f"POST {path}/v1/messages?beta=true HTTP/1.1\r\n{fields}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _body(kilobytes: int) -> bytes:
    """Return a conversation: a system prompt, tools, and messages up to this size."""
    tools = [
        {"name": f"Tool{number}", "description": _WORDS * 60, "input_schema": {"type": "object", "properties": {}}}
        for number in range(20)
    ]
    message = {"role": "user", "content": [{"type": "text", "text": f'"{_WORDS}"\n' * 60}]}
    document = {
        "model": "claude-opus-4-8",
        "max_tokens": 32000,
        "system": [{"type": "text", "text": _WORDS * 700, "cache_control": {"type": "ephemeral"}}],
        "messages": [],
        "tools": tools,
        "metadata": {"user_id": json.dumps({"session_id": _SESSION})},
        "stream": True,
    }
    room = kilobytes * 1024 - len(json.dumps(document))
    document["messages"] = [message] * max(1, room // len(json.dumps(message)))
    return json.dumps(document, separators=(",", ":")).encode()


_WORDS = "lorem ipsum dolor sit amet "
_SESSION = "0b5dd58a-24b4-4bd8-a8d0-6f2b2c8f3a11"
_FIELDS = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": "claude-cli/2.1.332 (external, cli)",
    "X-Claude-Code-Session-Id": _SESSION,
    "X-Stainless-Arch": "x64",
    "X-Stainless-Lang": "js",
    "X-Stainless-OS": "Linux",
    "X-Stainless-Package-Version": "0.94.0",
    "X-Stainless-Retry-Count": "0",
    "X-Stainless-Runtime": "node",
    "X-Stainless-Runtime-Version": "v24.3.0",
    "X-Stainless-Timeout": "600",
    "anthropic-beta": "claude-code-20250219,oauth-2025-04-20,interleaved-thinking-2025-05-14,effort-2025-11-24",
    "anthropic-version": "2023-06-01",
    "authorization": "Bearer sk-ant-oat01-benchmark",
    "x-app": "cli",
    "Host": "127.0.0.1",
    "Accept-Encoding": "gzip, deflate, br, zstd",
}
