"""Recorded exchanges as the feed and the store know them together."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from candela_tui.analysis.sessions import SessionSummary, summarize
from candela_tui.exchange import Exchange
from candela_tui.export.records import Record, session_record
from candela_tui.feed import Feed
from candela_tui.store.reader import EVERY_SESSION, EverySession, StoreReader

_PAGE = 500
"""Exchanges that are read at a time."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which exchanges."""

    session_id: str | Literal[EverySession.EVERY_SESSION] | None = EVERY_SESSION
    since: datetime | None = None
    before: str | None = None
    """An exchange's id: those that began earlier."""
    limit: int | None = None
    """At most so many, the newest."""

    def fits(self, exchange: Exchange) -> bool:
        """Whether the exchange is one of them, the limit aside."""
        return (
            (self.session_id is EVERY_SESSION or exchange.session_id == self.session_id)
            and (self.since is None or exchange.started_at >= self.since)
            and (self.before is None or exchange.id < self.before)
        )


async def newest_first(feed: Feed, store: StoreReader, wanted: Wanted) -> AsyncGenerator[Exchange]:
    """The exchanges without headers. Raises StoreError."""
    left = wanted.limit
    async for exchange in _merged(feed, store, wanted):
        if left is not None:
            if left == 0:
                return
            left -= 1
        yield exchange


async def _merged(feed: Feed, store: StoreReader, wanted: Wanted) -> AsyncGenerator[Exchange]:
    newer = {exchange.id: exchange for exchange in feed.newer_than_store() if wanted.fits(exchange)}
    unstored = sorted(newer)
    async for stored in _pages(store, wanted):
        while unstored and unstored[-1] > stored.id:
            yield newer[unstored.pop()]
        if unstored and unstored[-1] == stored.id:
            unstored.pop()
        yield newer.get(stored.id, stored)
    while unstored:
        yield newer[unstored.pop()]


async def _pages(store: StoreReader, wanted: Wanted) -> AsyncGenerator[Exchange]:
    before, left = wanted.before, wanted.limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        page = await asyncio.to_thread(
            store.exchanges, session_id=wanted.session_id, since=wanted.since, before=before, limit=size
        )
        for exchange in reversed(page):
            yield exchange
        if len(page) < size:
            return
        before = page[0].id
        left = None if left is None else left - size


async def session_records(feed: Feed, store: StoreReader, since: datetime | None) -> list[Record]:
    """The sessions with what they did since then, the latest active first. Raises StoreError.

    They are read one after the other: sums of all that is recorded need no more memory than the largest session.
    """
    ids = dict.fromkeys(await asyncio.to_thread(store.session_ids, since))
    ids.update((exchange.session_id, None) for exchange in feed.newer_than_store())
    sessions: list[SessionSummary] = []
    for session_id in ids:
        found = [exchange async for exchange in newest_first(feed, store, Wanted(session_id, since))]
        if found:
            sessions.append(await asyncio.to_thread(summarize, session_id, found))
    sessions.sort(key=lambda session: session.last_at.timestamp() if session.last_at else 0.0, reverse=True)
    return [session_record(session) for session in sessions]
