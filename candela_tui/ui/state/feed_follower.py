"""Follow the feed from its thread into the dashboard's loop, and read the store."""

import asyncio
import contextlib
import gc
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime, timedelta

from textual.app import App

from candela_tui.credentials.state import CredentialState
from candela_tui.exchange import Exchange
from candela_tui.feed import Follower, Notice
from candela_tui.pricing import load_price_data, price_data_loaded
from candela_tui.store.errors import OutdatedStore, StoreError
from candela_tui.store.history import ExchangeQuery
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.state.loaded_exchanges import Change
from candela_tui.ui.time_slices import in_slices

_SHORTEST_INTERVAL_S = 0.1
_OUTDATED_S = 0.2
"""Seconds between two attempts to read a store that is being brought up to date."""
_TOLD_AFTER = 25
"""Attempts after which the user is told why nothing is shown."""
_FIRST = 200
"""Exchanges that fill the first screen: more would keep the user waiting for it."""
_NEWEST = 5000
"""Exchanges to load first. The rest of the last day and of their sessions follows."""
_DAY = timedelta(hours=25)
"""How far back to load: the header sums up today, which can have 25 hours, and the last hours."""
_PAGE = 1000
_NEWEST_WITHIN = timedelta(seconds=5)
"""Requests that began so shortly before the newest one may be stored after it."""
_RESULTS_WITHIN = timedelta(minutes=2)
"""What is worked out of a request follows some seconds after its end."""
_POLL_S = 1.0
_POLL_SHARED_S = 3.0
"""For the few requests that other candelas relay; those of this one are told at once."""
_COUNTS_EVERY = 10
"""Polls of the store between two looks for requests that began long ago and were added since."""
_MERGED_AT_ONCE = 50


class FeedFollower:
    """Keeps the loaded exchanges up to date from ``start`` to ``stop``, and reports each change."""

    def __init__(
        self,
        app: App[int],
        sources: DataSources,
        changed: Callable[[Change], None],
        noticed: Callable[[Notice], None],
        credentials: Callable[[Sequence[CredentialState]], None],
    ) -> None:
        self._app = app
        self._sources = sources
        self._changed = changed
        self._noticed = noticed
        self._credentials = credentials
        self._follower: Follower | None = None
        self._drained_at = 0.0
        self._polling = False
        self._polls = 0
        self._looked_until: datetime | None = None
        """When the newest request began that was known before the last look at the store."""
        self._counted: int | None = None
        """How many requests the store had at the last count."""
        self._found = 0
        """Requests that polls have found since then."""
        self._merged: list[Change] = []
        """Changes that the screens have not been told of yet."""
        self._told_at = 0.0
        self._trouble: str | None = None

    def start(self) -> None:
        """Follow the feed, and load what the store has."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            # The proxy may still publish while the dashboard's loop closes.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._schedule)

        self._follower = self._sources.feed.follow(wake)
        self._start_loading()
        if not price_data_loaded():
            self._app.run_worker(self._learn_windows(), group="price data")
        if self._sources.status.follows_store:
            self._app.set_interval(_POLL_S, self._poll)
        elif self._sources.status.shares_store:
            self._app.set_interval(_POLL_SHARED_S, self._poll)

    async def _learn_windows(self) -> None:
        """Load the price data, then sum up again: without it no summary knows how large a model's context is."""
        await asyncio.to_thread(load_price_data)
        self._changed(self._sources.loaded.sum_again())

    def stop(self) -> None:
        """Stop following the feed."""
        if self._follower is not None:
            self._sources.feed.unfollow(self._follower)
            self._follower = None

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        delay = max(0.0, self._drained_at + _SHORTEST_INTERVAL_S - loop.time())
        # Through the app's own queue, so that an exception ends the app instead of getting lost in the loop.
        loop.call_later(delay, self._app.call_later, self._drain)

    async def _drain(self) -> None:
        if self._follower is None:
            return
        self._drained_at = asyncio.get_running_loop().time()
        news = self._follower.drain()
        await self._merge([*news.exchanges, *news.completed], from_feed=True)
        if news.removed:
            self._merged.append(self._sources.loaded.remove(news.removed))
        for notice in news.notices:
            self._noticed(notice)
        if news.credentials:
            self._credentials(news.credentials)
        self._tell_merged()
        if news.missed:
            self._start_loading()

    def _start_loading(self) -> None:
        load: Callable[[], Awaitable[None]] = self._load
        self._app.run_worker(load, group="history", exclusive=True)

    async def _load(self) -> None:
        outdated = 0
        while True:
            try:
                await self._load_newest()
            except OutdatedStore as error:
                # After an update the writer brings the file up to date at the start.
                outdated += 1
                if outdated == _TOLD_AFTER:
                    self._in_trouble(error)
            except StoreError as error:
                self._in_trouble(error)
                return
            else:
                return
            finally:
                self._tell_merged()
            await asyncio.sleep(_OUTDATED_S)

    async def _load_newest(self) -> None:
        newest = await self._first_of(ExchangeQuery(limit=_FIRST))
        if len(newest) == _FIRST:
            earlier = ExchangeQuery(before=newest[0].id, limit=_NEWEST - _FIRST)
            newest = [*await self._first_of(earlier), *newest]
        if len(newest) == _NEWEST:
            await self._complete([*await self._rest_of_day(newest[0].id), *newest])

    async def _first_of(self, query: ExchangeQuery) -> list[Exchange]:
        """Load and return the exchanges of a query, and show them at once."""
        found = await asyncio.to_thread(self._sources.history.exchanges, query)
        await self._merge(found)
        self._tell_merged()
        return found

    async def _rest_of_day(self, before: str) -> list[Exchange]:
        """Load and return the last day's exchanges from before a given one, oldest first."""
        since = self._sources.clock.now() - _DAY
        rest: list[Exchange] = []
        while True:
            page = await asyncio.to_thread(
                self._sources.history.exchanges, ExchangeQuery(since=since, before=before, limit=_PAGE)
            )
            await self._merge(page)
            rest = page + rest
            if len(page) < _PAGE:
                return rest
            gc.freeze()
            before = page[0].id

    async def _complete(self, newest: Sequence[Exchange]) -> None:
        """Load the earlier exchanges of the sessions that these belong to."""
        oldest: dict[str | None, str] = {}
        for exchange in newest:
            oldest.setdefault(exchange.session_id, exchange.id)
        unfrozen = len(newest)
        for session_id, before in reversed(oldest.items()):
            while True:
                page = await asyncio.to_thread(
                    self._sources.history.exchanges,
                    ExchangeQuery(session_id, before=before, limit=_PAGE),
                )
                await self._merge(page)
                unfrozen += len(page)
                if unfrozen >= _PAGE:
                    # They stay in memory. The collector would walk all of them again and again, taking 0.3 s at 50,000.
                    gc.freeze()
                    unfrozen = 0
                if len(page) < _PAGE:
                    break
                before = page[0].id

    async def _merge(self, exchanges: Sequence[Exchange], *, from_feed: bool = False) -> None:
        """Merge exchanges in slices. The screens are told about ten times a second; the caller tells them the rest."""
        loaded = self._sources.loaded

        def steps() -> Iterator[None]:
            for start in range(0, len(exchanges), _MERGED_AT_ONCE):
                self._merged.append(loaded.merge(exchanges[start : start + _MERGED_AT_ONCE], from_feed=from_feed))
                yield

        def grown() -> None:
            if time.monotonic() - self._told_at >= _SHORTEST_INTERVAL_S:
                self._tell_merged()

        await in_slices(steps(), grown)

    def _tell_merged(self) -> None:
        change = Change(
            tuple(exchange for part in self._merged for exchange in part.exchanges),
            frozenset(session_id for part in self._merged for session_id in part.sessions),
            frozenset(exchange_id for part in self._merged for exchange_id in part.removed),
        )
        self._merged.clear()
        if change.exchanges or change.removed:
            self._changed(change)
        self._told_at = time.monotonic()

    async def _poll(self) -> None:
        if self._polling:
            return
        self._polling = True
        try:
            # Counted before what is new is read, so that all of what was counted was read, too.
            count = await self._count()
            newest = self._sources.loaded.newest
            since = self._unsettled()
            query = ExchangeQuery(since=since, limit=_NEWEST if since is None else None)
            found = await asyncio.to_thread(self._sources.history.exchanges, query)
            self._found += sum(self._sources.loaded.exchange(each.id) is None for each in found)
            await self._merge(found)
            if newest is not None:
                self._looked_until = newest.started_at
            if count is not None:
                self._compare(count)
            self._trouble = None
        except StoreError as error:
            self._in_trouble(error)
        finally:
            self._tell_merged()
            self._polling = False

    async def _count(self) -> int | None:
        """Return how many requests the store has, about every ten seconds. Imports into a shared store are not looked
        for: each count would read the requests of everyone whom the viewer sees."""
        self._polls += 1
        if self._polls % _COUNTS_EVERY or not self._sources.status.follows_store:
            return None
        return (await asyncio.to_thread(self._sources.history.totals, by=())).totals.requests

    def _compare(self, count: int) -> None:
        """Load again if the store has more new requests than were found: some that began earlier were imported."""
        if self._counted is None:
            self._found = 0
        else:
            self._found -= count - self._counted
        if self._found < 0:
            self._start_loading()
            self._found = 0
        self._counted = count

    def _unsettled(self) -> datetime | None:
        """Return since when requests may have changed that the feed does not tell: the live ones, and those whose
        results are still to come."""
        loaded = self._sources.loaded
        newest = loaded.newest
        if newest is None:
            return None
        changing = [each.started_at for each in loaded.live if not loaded.is_told(each.id)]
        changing += (
            each.started_at
            for each in loaded.since(newest.started_at - _RESULTS_WITHIN)
            if each.asks_message and (each.cache is None or each.context is None) and not loaded.is_told(each.id)
        )
        until = min(newest.started_at, self._looked_until or newest.started_at)
        return min([*changing, until - _NEWEST_WITHIN])

    def _in_trouble(self, error: StoreError) -> None:
        if str(error) != self._trouble:
            self._trouble = str(error)
            self._noticed(Notice(str(error)))
