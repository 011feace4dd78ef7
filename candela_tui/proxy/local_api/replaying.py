"""Handlers for sending a recorded request again, and for what that may cost."""

from aiohttp import web

from candela_tui import wire
from candela_tui.exchange import Exchange
from candela_tui.proxy.local_api.bodies import Bodies
from candela_tui.proxy.local_api.refusal import Refused
from candela_tui.proxy.local_api.route import Call, document
from candela_tui.proxy.replay.replays import Replays
from candela_tui.proxy.replay.request import NotReplayable


async def offer_replay(call: Call) -> web.StreamResponse:
    """Answer with what sending a request again is expected to cost."""
    replays, exchange, body = await _recorded(call)
    try:
        expected = await replays.offer(exchange, body, call.query.get("model"), call.query.get("route"))
    except NotReplayable as error:
        raise Refused(400, str(error)) from None
    return document(wire.encode(wire.ReplayOffer(expected.low, expected.high)))


async def replay(call: Call) -> web.StreamResponse:
    """Send a request again, and answer with the id of the new one."""
    replays, exchange, body = await _recorded(call)
    try:
        sent = await replays.send(exchange, body, call.query.get("model"), call.query.get("route"))
    except NotReplayable as error:
        raise Refused(400, str(error)) from None
    return document(wire.encode(wire.Sent(sent)))


async def _recorded(call: Call) -> tuple[Replays, Exchange, bytes | None]:
    services = call.services
    replays = services.replays()
    if replays is None:
        raise Refused(503, "candela is starting; try again in a moment")
    exchange = await services.exchange(call.names["id"])
    body = await Bodies(services.feed, services.store, exchange.id, of_provider=False).request()
    return replays, exchange, b"".join(body) if body is not None else None
