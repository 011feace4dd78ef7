"""Intercepts over the local API: one lasts as long as the connection that set it."""

import asyncio

import msgspec
from aiohttp import web

from candela_tui import wire
from candela_tui.analysis.filter import Filter, parse_for_arrivals
from candela_tui.analysis.filter_fields import FilterError
from candela_tui.proxy.intercept.intercepts import Intercepts
from candela_tui.proxy.local_api.outflow import Outflow
from candela_tui.proxy.request_body import BodyTooLarge, read_body
from candela_tui.wire import InterceptState, SetIntercept

_KEEP_ALIVE_S = 5.0
_MOST_FILTER = 10_000


class BadIntercept(ValueError):
    """The intercept can't be set; ``str()`` says why."""


async def wanted_filter(request: web.BaseRequest) -> Filter:
    """Read the filter of a new intercept. Raises BadIntercept."""
    try:
        text = msgspec.json.decode(await read_body(request, _MOST_FILTER), type=SetIntercept).filter
        wanted = parse_for_arrivals(text)
    except (BodyTooLarge, msgspec.DecodeError, RecursionError):
        raise BadIntercept('send a filter as {"filter": "agent:Explore"}') from None
    except FilterError as error:
        raise BadIntercept(f"the filter has a mistake at character {error.position + 1}: {error.message}") from None
    if not wanted:
        raise BadIntercept("the filter is empty; kind:messages matches every request of a conversation")
    return wanted


async def intercept_stream(request: web.BaseRequest, intercepts: Intercepts, wanted: Filter) -> web.StreamResponse:
    """Hold what the filter matches until the client disconnects or the proxy stops."""
    with intercepts.intercepting(wanted):
        out = await Outflow(request, "text/event-stream").start()
        await out.add(b"event: %b\ndata: %b\n\n" % (wire.INTERCEPT.encode(), wire.encode(state_of(intercepts))))
        await out.flush()
        # A client that is gone without a word is noticed when it takes no more of these.
        while True:
            await asyncio.sleep(_KEEP_ALIVE_S)
            await out.add(b": keep-alive\n\n")
            await out.flush()


def state_of(intercepts: Intercepts) -> InterceptState:
    """Return what is intercepted and held."""
    return InterceptState(intercepts.filters, intercepts.held, intercepts.longest_s)
