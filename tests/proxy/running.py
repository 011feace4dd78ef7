"""A proxy with its real feed and store, and a client that sees bytes."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from candela_tui.analysis.repricing import Repricing
from candela_tui.client_telemetry.intake import ClientTelemetry
from candela_tui.config import Settings
from candela_tui.exchange import Exchange
from candela_tui.feed import Feed
from candela_tui.paths import default_paths
from candela_tui.pricing import Pricer
from candela_tui.providers.identity import ROUTES, Route
from candela_tui.proxy.listen import bind
from candela_tui.proxy.server import Proxy
from candela_tui.sinks.context import SinkContext
from candela_tui.sinks.feed import FeedSink
from candela_tui.sinks.store import StoreSink
from candela_tui.sinks.table import forward_to, open_sinks, telemetry_states
from candela_tui.store.reader import StoreReader
from candela_tui.store.writer import StoreWriter
from tests.standin import Provider

PATIENCE_S = 30.0
BODY = b'{"model":"claude-opus-4-8","max_tokens":64,"stream":true,"messages":[{"role":"user","content":"hi"}]}'


class RunningProxy:
    """The proxy on a free port, towards a base URL, while used as an async context manager."""

    def __init__(
        self,
        base_url: str,
        data: Path,
        *,
        flush_s: float = PATIENCE_S,
        listen_on: int = 0,
        sections: Mapping[str, Any] | None = None,
        dashboard: Sequence[str] = (),
        redirected: Sequence[socket.socket] = (),
        **proxy_settings: Any,
    ) -> None:
        """``sections`` are further sections of config.toml, ``proxy_settings`` the keys of [proxy]. ``dashboard``
        is the command for a dashboard in a browser."""
        self.settings = Settings.model_validate(
            {"anthropic": {"base_url": base_url}, "proxy": proxy_settings, **(sections or {})}
        )
        self.feed = Feed()
        self.notices: list[str] = []
        self.problems: list[str] = []
        self._latest: dict[str, Exchange] = {}
        self._stored: set[str] = set()
        self._changed = asyncio.Event()
        self._path = data / "candela.db"
        self._writer = StoreWriter(
            self._path,
            on_problem=self.problems.append,
            on_stored=self._was_stored,
            on_part_stored=self._part_stored,
            on_removed=self.feed.tell_removed,
        )
        self._reported: set[str] = set()
        self._writer.on_reported = self._were_reported
        self._sock = bind(listen_on, self.settings.proxy.listen)
        self.port: int = self._sock.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.origin}/proxy/anthropic-direct"
        self.paths = default_paths(data / "config.toml", data)
        self._sinks = open_sinks(SinkContext(self.settings, self.feed.notify, self.port, self.paths))
        self.feed.telemetry = lambda: telemetry_states(self._sinks)
        sinks = (FeedSink(self.feed), StoreSink(self._writer), *self._sinks)
        self._client_telemetry = ClientTelemetry(self._writer.add_reports, forward_to(self._sinks), self.feed.notify)
        self.proxy = Proxy(
            self.settings,
            self._sock,
            self.feed,
            sinks,
            self.paths,
            self.paths.config,
            dashboard,
            redirected=redirected,
            client_telemetry=self._client_telemetry,
        )
        self._flush_s = flush_s
        self._stopped = False

    async def __aenter__(self) -> Self:
        loop = self._loop = asyncio.get_running_loop()
        # As the engine does. The token is made there, before the writer's thread has made the directory.
        self.paths.make_data_directory()
        self._writer.start()
        self._follower = self.feed.follow(lambda: loop.call_soon_threadsafe(self._drain))
        await self.proxy.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop(0)

    async def stop(self, grace_s: float) -> None:
        """Stop, once, and let the store settle."""
        if not self._stopped:
            self._stopped = True
            await self.proxy.stop(grace_s)
            for sink in (self._client_telemetry, self._writer, *self._sinks):
                await asyncio.to_thread(sink.close, self._flush_s)
            self._drain()

    async def stop_store(self) -> None:
        """Nothing is stored any more."""
        await asyncio.to_thread(self._writer.close, self._flush_s)

    def pending_in_transports(self) -> list[int]:
        """Bytes that wait to be taken, by connection."""
        assert self.proxy._web is not None
        transports = [connection.transport for connection in self.proxy._web.connections]
        return [transport.get_write_buffer_size() for transport in transports if transport is not None]

    @property
    def reader(self) -> StoreReader:
        """The store that it writes to."""
        return StoreReader(self._path)

    def _was_stored(self, exchange_id: str) -> None:
        self.feed.release(exchange_id)
        self._stored.add(exchange_id)
        # The writer may outlive the test and its loop, as where it waits for a lock.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._changed.set)

    async def stored(self, exchange_id: str) -> None:
        """Wait until an exchange that ended is in the store, or was given up."""
        await self.until(lambda: exchange_id in self._stored)

    def _were_reported(self, exchange_ids: Sequence[str]) -> None:
        self._reported.update(exchange_ids)
        self._loop.call_soon_threadsafe(self._changed.set)

    async def reported(self, exchange_id: str) -> Exchange:
        """Wait until what the client's telemetry says of an exchange is stored, and return it."""
        await self.until(lambda: exchange_id in self._reported)
        self._reported.discard(exchange_id)
        found = self.reader.exchange(exchange_id)
        assert found is not None
        return found

    def _part_stored(self, exchange_id: str, chunks: int, provider_chunks: int) -> None:
        self.feed.let_go(exchange_id, chunks, provider_chunks)
        self._loop.call_soon_threadsafe(self._changed.set)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for what the store's writer brings about."""
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    def _drain(self) -> None:
        news = self._follower.drain()
        self._latest.update((exchange.id, exchange) for exchange in news.exchanges)
        self.notices.extend(notice.text for notice in news.notices)
        self._changed.set()

    async def noticed(self, words: str) -> None:
        """Wait for a notice that has these words."""
        await self.until(lambda: any(words in notice for notice in self.notices))

    async def exchange(self, wanted: Callable[[Exchange], bool] = lambda exchange: not exchange.live) -> Exchange:
        """The first exchange of which this is true; waits for it."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = next((exchange for exchange in self._latest.values() if wanted(exchange)), None)
                if found is not None:
                    self._require_same_cost_when_priced_again(found)
                    return found
                self._changed.clear()
                await self._changed.wait()

    async def ended(self, count: int) -> list[Exchange]:
        """Every exchange that ended, as soon as there are so many."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                over = [exchange for exchange in self._latest.values() if not exchange.live]
                if len(over) >= count:
                    for each in over:
                        self._require_same_cost_when_priced_again(each)
                    return over
                self._changed.clear()
                await self._changed.wait()

    def _require_same_cost_when_priced_again(self, exchange: Exchange) -> None:
        """Fail if what is recorded does not suffice to calculate the cost again, as `candela reprice` does."""
        assert Repricing().check(exchange, Pricer(self.settings.pricing)) is None


class WireClient:
    """One connection, raw: what is sent and received is bytes."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def post(
        self, path: str = "/proxy/anthropic-direct/v1/messages", body: bytes = BODY, headers: str = ""
    ) -> None:
        """Send a request."""
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        self.writer.write(head.encode() + body)
        await self.writer.drain()

    async def until(self, part: bytes) -> bytes:
        """Everything up to and with these bytes."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.readuntil(part)

    async def rest(self) -> bytes:
        """Everything until the connection ends; a reset ends it too."""
        got = b""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while part := await self.reader.read(65536):
                    got += part
            except ConnectionResetError:
                pass
        return got


async def status_of(port: int, head: str) -> tuple[int, bytes]:
    """Send a request head as it is; the answer's status and everything it said."""
    async with WireClient(port) as client:
        client.writer.write(head.replace("\n", "\r\n").encode())
        first = await client.until(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in first.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
        )
        async with asyncio.timeout(PATIENCE_S):
            body = await client.reader.readexactly(length)
    return int(first.split(b" ")[1]), body


def route_speaking(dialect: str) -> Route:
    """The first route with this dialect."""
    return next(route for route in ROUTES if route.dialect == dialect)


def running(provider: Provider, data: Path, **settings: Any) -> RunningProxy:
    """A proxy towards the stand-in."""
    return RunningProxy(provider.url, data, **settings)
