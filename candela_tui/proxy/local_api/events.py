"""The event stream: the feed, for programs. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html"""

import asyncio

from aiohttp import web

from candela_tui import wire
from candela_tui.feed import Feed, News
from candela_tui.proxy.local_api.outflow import Outflow
from candela_tui.wire import About, Snapshot

_SHORTEST_INTERVAL_S = 0.1
_KEEP_ALIVE_S = 5.0


async def event_stream(request: web.BaseRequest, feed: Feed, about: About) -> web.StreamResponse:
    """Send a snapshot, then what changes, until the reader or the proxy goes.

    A reader that is slower than the changes gets the newest snapshot of each exchange, and never costs more than that.
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
        await _tell(out, first)
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
            await _tell(out, follower.drain())
    finally:
        feed.unfollow(follower)


async def _tell(out: Outflow, news: News) -> None:
    if news.missed:
        await out.add(_event(wire.MISSED, b"{}"))
    for exchange in news.exchanges:
        await out.add(_event(wire.EXCHANGE, wire.encode(exchange)))
    for notice in news.notices:
        await out.add(_event(wire.NOTICE, wire.encode(notice)))
    for state in news.credentials:
        await out.add(_event(wire.CREDENTIALS, wire.encode(state)))
    await out.flush()


def _event(name: str, data: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)
