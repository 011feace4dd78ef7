"""Handlers for intercepts: one lasts as long as the connection that set it, and what it holds is let go by id."""

import asyncio

from aiohttp import web

from candela_tui import wire
from candela_tui.analysis.filter import Filter, parse_for_arrivals
from candela_tui.analysis.filter_fields import FilterError
from candela_tui.proxy.intercept.edit import NotEditable
from candela_tui.proxy.intercept.intercepts import Intercepts, NotHeld
from candela_tui.proxy.local_api.outflow import Outflow
from candela_tui.proxy.local_api.refusal import Refused
from candela_tui.proxy.local_api.route import Body, Call, document
from candela_tui.proxy.request_body import BodyTooLarge, read_body
from candela_tui.wire import InterceptState, SetIntercept

_KEEP_ALIVE_S = 5.0

INTERCEPT = Body(SetIntercept, 'a filter as {"filter": "agent:Explore"}')
EDITED = Body(None, required=False)


async def show_intercepts(call: Call) -> web.StreamResponse:
    """Answer with what is intercepted and held."""
    return document(wire.encode(_state_of(call.services.intercepts)))


async def intercept(call: Call) -> web.StreamResponse:
    """Hold what a filter matches until the client disconnects or the proxy stops."""
    intercepts = call.services.intercepts
    with intercepts.intercepting(_wanted_filter(call.message)):
        out = await Outflow(call.request, "text/event-stream").start()
        await out.add(b"event: %b\ndata: %b\n\n" % (wire.INTERCEPT.encode(), wire.encode(_state_of(intercepts))))
        await out.flush()
        # A client that is gone without a word is noticed when it takes no more of these.
        while True:
            await asyncio.sleep(_KEEP_ALIVE_S)
            await out.add(b": keep-alive\n\n")
            await out.flush()


async def release(call: Call) -> web.StreamResponse:
    """Let a held request go: as it is, or with the body that is given."""
    try:
        body = await read_body(call.request, call.services.most_body)
        changed = await call.services.intercepts.release(call.names["id"], body or None)
    except BodyTooLarge:
        raise Refused(413, "the body is larger than [proxy] max_body_mb allows") from None
    except NotEditable as error:
        raise Refused(400, str(error)) from None
    except NotHeld:
        raise Refused(404, "no request of this id is held: it has gone on, or its client has left") from None
    return document(wire.encode(wire.Released(changed)))


def _wanted_filter(message: SetIntercept) -> Filter:
    try:
        wanted = parse_for_arrivals(message.filter)
    except FilterError as error:
        words = f"the filter has a mistake at character {error.position + 1}: {error.message}"
        raise Refused(400, words) from None
    if not wanted:
        raise Refused(400, "the filter is empty; kind:messages matches every request of a conversation")
    return wanted


def _state_of(intercepts: Intercepts) -> InterceptState:
    return InterceptState(intercepts.filters, intercepts.held, intercepts.longest_s)
