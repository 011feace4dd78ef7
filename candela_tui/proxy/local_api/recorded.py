"""Handlers for what was recorded: sessions, requests, their bodies, and snapshots for an attached candela."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from aiohttp import web

from candela_tui import wire
from candela_tui.exchange import Exchange
from candela_tui.proxy.local_api.bodies import Bodies
from candela_tui.proxy.local_api.events import RequestEvents, SnapshotEvents, event_stream, snapshot
from candela_tui.proxy.local_api.listing import newest_first, session_records
from candela_tui.proxy.local_api.outflow import Outflow
from candela_tui.proxy.local_api.refusal import Refused
from candela_tui.proxy.local_api.route import BYTES, LINES, Call, document
from candela_tui.proxy.local_api.traces import DEFAULT_LIMIT, DEFAULT_RANGE, traces
from candela_tui.reports.json_text import json_line
from candela_tui.reports.records import detailed_record, request_record
from candela_tui.store.errors import StoreError
from candela_tui.store.history import EVERY_SESSION, ExchangeQuery
from candela_tui.wire import Chunk


async def list_sessions(call: Call) -> web.StreamResponse:
    """Answer with the sessions and their totals."""
    return document(json_line(await session_records(call.services.feed, call.services.store, call.query.get("since"))))


async def list_requests(call: Call) -> web.StreamResponse:
    """Answer with the records of requests, newest first."""
    contexts = call.services.contexts()

    async def record(exchange: Exchange) -> bytes:
        return json_line(request_record(exchange, await contexts.of(exchange)))

    return await _listed(call, record)


async def show_request(call: Call) -> web.StreamResponse:
    """Answer with the record of one request and its details."""
    exchange = await call.services.exchange(call.names["id"])
    return document(json_line(detailed_record(exchange, await call.services.contexts().of(exchange))))


async def follow_requests(call: Call) -> web.StreamResponse:
    """Send the records of requests as they change."""
    services = call.services
    return await event_stream(call.request, services.feed, services.about(), RequestEvents(services.contexts()))


async def list_snapshots(call: Call) -> web.StreamResponse:
    """Answer with requests in candela's internal form, newest first."""
    return await _listed(call, snapshot)


async def show_snapshot(call: Call) -> web.StreamResponse:
    """Answer with one request in candela's internal form."""
    return document(wire.encode(await call.services.exchange(call.names["id"])))


async def follow_snapshots(call: Call) -> web.StreamResponse:
    """Send requests in candela's internal form as they change."""
    return await event_stream(call.request, call.services.feed, call.services.about(), SnapshotEvents())


async def show_request_body(call: Call) -> web.StreamResponse:
    """Send the body that the client sent."""
    return await _sent(call, await (await _bodies(call, of_provider=False)).request())


async def show_response_body(call: Call) -> web.StreamResponse:
    """Send the body that the client received, so far."""
    return await _sent(call, await (await _bodies(call, of_provider=False)).response())


async def list_chunks(call: Call) -> web.StreamResponse:
    """Answer with the chunks that the client received, so far."""
    return await _chunks(call, await _bodies(call, of_provider=False))


async def show_provider_request_body(call: Call) -> web.StreamResponse:
    """Send the body that the provider received, if candela mapped the request."""
    return await _sent(call, await (await _bodies(call, of_provider=True)).request())


async def show_provider_response_body(call: Call) -> web.StreamResponse:
    """Send the body that the provider sent, so far, if candela mapped the answer."""
    return await _sent(call, await (await _bodies(call, of_provider=True)).response())


async def list_provider_chunks(call: Call) -> web.StreamResponse:
    """Answer with the chunks that the provider sent, so far, if candela mapped the answer."""
    return await _chunks(call, await _bodies(call, of_provider=True))


async def list_traces(call: Call) -> web.StreamResponse:
    """Answer with the latest requests in the form of the original candela."""
    limit, span = call.query.get("limit", DEFAULT_LIMIT), call.query.get("range", DEFAULT_RANGE)
    return document(await traces(call.services.feed, call.services.store, limit, span))


async def _bodies(call: Call, *, of_provider: bool) -> Bodies:
    """Return the bodies of a request, after their reading is recorded."""
    services = call.services
    exchange = await services.found(call.names["id"])
    if exchange is not None:
        await services.body_reads.note(exchange)
    return Bodies(services.feed, services.store, call.names["id"], of_provider=of_provider)


async def _listed(call: Call, written: Callable[[Exchange], Awaitable[bytes]]) -> web.StreamResponse:
    """Answer with the exchanges of a query, newest first, each on its own line."""
    query = call.query
    wanted = ExchangeQuery(
        session_id=(query["session"] or None) if "session" in query else EVERY_SESSION,
        since=query.get("since"),
        before=query.get("before"),
        limit=query.get("limit"),
    )
    async with contextlib.aclosing(newest_first(call.services.feed, call.services.store, wanted)) as found:
        # The status reports a store that can't be read, so the first exchange is read before the status is sent.
        first = await anext(found, None)
        line = await written(first) if first is not None else None
        async with _whole(await Outflow(call.request, LINES).start()) as out:
            if line is not None:
                await out.add(line + b"\n")
            async for exchange in found:
                await out.add(await written(exchange) + b"\n")
    return out.response


async def _sent(call: Call, body: Sequence[bytes] | None) -> web.StreamResponse:
    if body is None:
        raise Refused(404, "this is not recorded")
    async with _whole(await Outflow(call.request, BYTES).start()) as out:
        for piece in body:
            await out.add(piece)
    return out.response


async def _chunks(call: Call, bodies: Bodies) -> web.StreamResponse:
    found = await bodies.chunks(call.query.get("after", 0))
    async with _whole(await Outflow(call.request, LINES).start()) as out:
        for chunk, at_ms in zip(*found, strict=True):
            await out.add(wire.encode(Chunk(at_ms, chunk)) + b"\n")
    return out.response


@contextlib.asynccontextmanager
async def _whole(out: Outflow) -> AsyncIterator[Outflow]:
    """End the response after the block. If the block fails, close the connection without an end."""
    try:
        yield out
        await out.finish()
    except StoreError:
        out.break_off()
