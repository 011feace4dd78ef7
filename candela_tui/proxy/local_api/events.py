"""The event stream of the local API. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html"""

import asyncio
from typing import Protocol

from aiohttp import web

from candela_tui import wire
from candela_tui.exchange import Exchange
from candela_tui.exchange.facts import Context
from candela_tui.feed import News
from candela_tui.proxy.local_api.outflow import Outflow
from candela_tui.proxy.local_api.session_contexts import SessionContexts
from candela_tui.proxy.local_api.visible import ShownFeed
from candela_tui.reports.json_text import json_line
from candela_tui.reports.records import request_record
from candela_tui.store.errors import StoreError
from candela_tui.wire import About, Snapshot

_SHORTEST_INTERVAL_S = 0.1
_KEEP_ALIVE_S = 5.0
_IDS_AN_EVENT = 1000
"""Ids of removed requests in one event: 40 kB."""


class ExchangeEvents(Protocol):
    """How an event stream reports an exchange."""

    async def event(self, exchange: Exchange) -> bytes:
        """Return the event of a new snapshot."""


class SnapshotEvents:
    """Events for an attached candela: the exchange itself."""

    async def event(self, exchange: Exchange) -> bytes:
        """Return the whole snapshot."""
        return _event(wire.EXCHANGE, await snapshot(exchange))


class RequestEvents:
    """Events for programs: the same record as in lists."""

    def __init__(self, contexts: SessionContexts) -> None:
        self._contexts = contexts

    async def event(self, exchange: Exchange) -> bytes:
        """Return the record. The context of a session is read again when one of its exchanges ends."""
        if not exchange.live:
            self._contexts.forget(exchange.session_id)
        try:
            context = await self._contexts.of(exchange)
        except StoreError:
            # The exchange's own facts are still useful; the rest is unknown.
            context = Context()
        return _event(wire.REQUEST, json_line(request_record(exchange, context)))


async def snapshot(exchange: Exchange) -> bytes:
    """Return an exchange in the form that an attached candela reads."""
    return wire.encode(exchange)


async def event_stream(
    request: web.BaseRequest, feed: ShownFeed, about: About, events: ExchangeEvents
) -> web.StreamResponse:
    """Send a snapshot, then changes, until the client disconnects or the proxy stops.

    A client that is slower than the changes gets only the newest state of each exchange, so that little is held for it.
    """
    loop = asyncio.get_running_loop()
    news = asyncio.Event()

    def wake() -> None:
        loop.call_soon_threadsafe(news.set)

    follower = feed.follow(wake)
    try:
        out = await Outflow(request, "text/event-stream").start()
        first = follower.drain()
        live = tuple(exchange.id for exchange in first.exchanges if exchange.live)
        await out.add(_event(wire.SNAPSHOT, wire.encode(Snapshot(about, live))))
        await _tell(out, first, events)
        while True:
            drained_at = loop.time()
            try:
                async with asyncio.timeout(_KEEP_ALIVE_S):
                    await news.wait()
            except TimeoutError:
                await out.add(b": keep-alive\n\n")
                await out.flush()
                continue
            await asyncio.sleep(drained_at + _SHORTEST_INTERVAL_S - loop.time())
            news.clear()
            await _tell(out, follower.drain(), events)
    finally:
        feed.unfollow(follower)


async def _tell(out: Outflow, news: News, events: ExchangeEvents) -> None:
    if news.missed:
        await out.add(_event(wire.MISSED, b"{}"))
    for exchange in (*news.exchanges, *news.completed):
        await out.add(await events.event(exchange))
    for start in range(0, len(news.removed), _IDS_AN_EVENT):
        some = news.removed[start : start + _IDS_AN_EVENT]
        await out.add(_event(wire.REMOVED, wire.encode(wire.Gone(some))))
    for notice in news.notices:
        await out.add(_event(wire.NOTICE, wire.encode(notice)))
    for state in news.credentials:
        await out.add(_event(wire.CREDENTIALS, wire.encode(wire.Credentials.of(state))))
    await out.flush()


def _event(name: str, data: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)
