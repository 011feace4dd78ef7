"""A feed and a history that are attached to a proxy over its real local API."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from candela_tui.attach.client import Client
from candela_tui.attach.remote_feed import RemoteFeed
from candela_tui.attach.remote_history import RemoteHistory
from candela_tui.attach.server import LocalServer, Server
from candela_tui.exchange import Exchange
from candela_tui.paths import default_paths
from candela_tui.store.reader import StoreReader

PATIENCE_S = 30.0


class Attached:
    """What a dashboard that is attached would have, and what it heard so far."""

    def __init__(self, port: int, data: Path, server: Server | None = None) -> None:
        paths = default_paths(data=data)
        self.client = Client(server or LocalServer(port, paths.token))
        self.history = RemoteHistory(self.client, StoreReader(paths.store))
        self.feed = RemoteFeed(self.client, self.history)
        self.exchanges: dict[str, Exchange] = {}
        self.notices: list[str] = []
        self.missed = 0
        self.removed: list[str] = []
        loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._follower = self.feed.follow(lambda: loop.call_soon_threadsafe(self._drain) and None)

    def _drain(self) -> None:
        news = self._follower.drain()
        self.exchanges.update((exchange.id, exchange) for exchange in news.exchanges)
        self.notices += [notice.text for notice in news.notices]
        self.missed += news.missed
        self.removed += news.removed
        self._changed.set()

    async def until(self, happened: Callable[[], Any]) -> None:
        """Wait until the news make this true."""
        async with asyncio.timeout(PATIENCE_S):
            while not happened():
                self._changed.clear()
                await self._changed.wait()

    async def told(self, words: str) -> None:
        """Wait for a notice."""
        await self.until(lambda: any(words in notice for notice in self.notices))


@asynccontextmanager
async def attached(port: int, data: Path, server: Server | None = None) -> AsyncIterator[Attached]:
    """Attached while in the block; without ``server``, to the candela of this machine on that port."""
    both = Attached(port, data, server)
    both.feed.start()
    try:
        yield both
    finally:
        await asyncio.to_thread(both.feed.close)
        assert not both.feed._thread.is_alive()
