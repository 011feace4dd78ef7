"""Follows the feed from its thread into the dashboard's loop, and reads the store."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta

from textual.app import App

from candela_tui.feed import Follower, Notice
from candela_tui.store.errors import StoreError
from candela_tui.ui.ledger import Change
from candela_tui.ui.sources import Sources

_SHORTEST_INTERVAL_S = 0.1
_HISTORY = 5000
"""Exchanges to begin with. The sessions among them are then completed."""


class Following:
    """Keeps the ledger up to date from ``start`` to ``stop``, and reports each change."""

    def __init__(
        self,
        app: App[int],
        sources: Sources,
        changed: Callable[[Change], None],
        noticed: Callable[[Notice], None],
    ) -> None:
        self._app = app
        self._sources = sources
        self._changed = changed
        self._noticed = noticed
        self._follower: Follower | None = None
        self._drained_at = 0.0
        self._polling = False
        self._trouble: str | None = None

    def start(self) -> None:
        """Follow the feed and load what the store has."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            # The proxy may still publish while the dashboard's loop closes.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._schedule)

        self._follower = self._sources.feed.follow(wake)
        self._app.run_worker(self._load(), group="history")
        if self._sources.status.note is not None:
            self._app.set_interval(1.0, self._poll)

    def stop(self) -> None:
        """Follow no longer."""
        if self._follower is not None:
            self._sources.feed.unfollow(self._follower)
            self._follower = None

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        delay = max(0.0, self._drained_at + _SHORTEST_INTERVAL_S - loop.time())
        # Through the app's own queue, so that an exception is the app's, not a lost one of the loop.
        loop.call_later(delay, self._app.call_later, self._drain)

    def _drain(self) -> None:
        if self._follower is None:
            return
        self._drained_at = asyncio.get_running_loop().time()
        news = self._follower.drain()
        change = self._sources.ledger.merge(news.exchanges, from_feed=True)
        for notice in news.notices:
            self._noticed(notice)
        if change.exchanges:
            self._changed(change)
        if news.missed:
            self._app.run_worker(self._load(), group="history")

    async def _load(self) -> None:
        history, ledger = self._sources.history, self._sources.ledger
        try:
            exchanges = await asyncio.to_thread(history.exchanges, limit=_HISTORY)
            self._changed(ledger.merge(exchanges, from_feed=False))
            if len(exchanges) == _HISTORY:
                for session_id in ledger.session_ids():
                    rest = await asyncio.to_thread(history.exchanges, session_id=session_id)
                    self._changed(ledger.merge(rest, from_feed=False))
        except StoreError as error:
            self._in_trouble(error)

    async def _poll(self) -> None:
        if self._polling:
            return
        ledger = self._sources.ledger
        oldest = min((exchange.started_at for exchange in ledger.live), default=None)
        newest = ledger.newest
        since = oldest or (newest.started_at - timedelta(seconds=5) if newest else None)
        self._polling = True
        try:
            exchanges = await asyncio.to_thread(self._sources.history.exchanges, since=since)
        except StoreError as error:
            self._in_trouble(error)
        else:
            self._trouble = None
            change = ledger.merge(exchanges, from_feed=False)
            if change.exchanges:
                self._changed(change)
        finally:
            self._polling = False

    def _in_trouble(self, error: StoreError) -> None:
        if str(error) != self._trouble:
            self._trouble = str(error)
            self._noticed(Notice(str(error)))
