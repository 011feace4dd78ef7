"""Combines the recorded exchanges of the feed and the store."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import datetime

from candela_tui.exchange import Exchange
from candela_tui.ledger.ledger import Dimension
from candela_tui.proxy.local_api.visible import ShownFeed, ShownStore
from candela_tui.reports.records import Record, session_record
from candela_tui.store.history import ExchangeQuery

_PAGE = 500
"""Exchanges that are read at a time."""


async def newest_first(feed: ShownFeed, store: ShownStore, query: ExchangeQuery) -> AsyncGenerator[Exchange]:
    """Yield exchanges without their headers. Raises StoreError."""
    left = query.limit
    async for exchange in _merged(feed, store, query):
        if left is not None:
            if left == 0:
                return
            left -= 1
        yield exchange


async def _merged(feed: ShownFeed, store: ShownStore, query: ExchangeQuery) -> AsyncGenerator[Exchange]:
    newer = {exchange.id: exchange for exchange in feed.newer_than_store() if query.includes(exchange)}
    unstored = sorted(newer)
    async for stored in _pages(store, query):
        while unstored and unstored[-1] > stored.id:
            yield newer[unstored.pop()]
        if unstored and unstored[-1] == stored.id:
            unstored.pop()
        yield newer.get(stored.id, stored)
    while unstored:
        yield newer[unstored.pop()]


async def _pages(store: ShownStore, query: ExchangeQuery) -> AsyncGenerator[Exchange]:
    before, left = query.before, query.limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        page = await asyncio.to_thread(store.exchanges, replace(query, before=before, limit=size))
        for exchange in reversed(page):
            yield exchange
        if len(page) < size:
            return
        before = page[0].id
        left = None if left is None else left - size


async def session_records(feed: ShownFeed, store: ShownStore, since: datetime | None) -> list[Record]:
    """Return the sessions with their totals since then, most recently active first. Raises StoreError."""
    query = ExchangeQuery(since=since)
    newer = [exchange for exchange in feed.newer_than_store() if query.includes(exchange)]
    ledger = await asyncio.to_thread(
        store.totals, query, by=(Dimension.SESSION, Dimension.AGENT), without=[exchange.id for exchange in newer]
    )
    for exchange in newer:
        ledger.change(None, exchange)
    return [session_record(session) for session in ledger.sessions()]
