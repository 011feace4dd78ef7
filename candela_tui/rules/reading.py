"""Reads a client's request for rules, once for all of them."""

import asyncio
from collections.abc import Callable
from typing import TypeVar, cast

from candela_tui.exchange import Exchange
from candela_tui.exchange.arrival import arrived, dialect_of
from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.headers import header
from candela_tui.protocol.parsed_request import ParsedRequest, parse_request
from candela_tui.providers.upstream import ClientRequest
from candela_tui.text.times import utc_now

Read = TypeVar("Read")

_LARGE = 256 * 1024
"""Bodies of at least this many bytes are read in a thread, because that takes milliseconds."""


async def beside_the_loop(request: ClientRequest, read: Callable[[ClientRequest], Read]) -> Read:
    """Return what ``read`` finds in a request, without holding up the loop for a large one."""
    if len(request.body) < _LARGE or read in request.read:
        return read(request)
    return await asyncio.to_thread(read, request)


def decoded_body(request: ClientRequest) -> bytes:
    """Return the body without its Content-Encoding. A body in an encoding that it does not have is empty: the provider
    refuses it."""
    return _once(request, decoded_body, _decoded_body)


def parsed(request: ClientRequest) -> ParsedRequest:
    """Read a request."""
    return _once(request, parsed, _parsed)


def arrival(request: ClientRequest) -> Exchange:
    """Return what is known of the exchange before its request is sent. It has no id."""
    return _once(request, arrival, _arrival)


def _once(request: ClientRequest, known_as: object, read: Callable[[ClientRequest], Read]) -> Read:
    known = request.read
    if known_as not in known:
        known[known_as] = read(request)
    return cast(Read, known[known_as])


def _decoded_body(request: ClientRequest) -> bytes:
    try:
        return decode_whole(header(request.headers, "content-encoding") or "", request.body)
    except BadEncoding:
        return b""


def _parsed(request: ClientRequest) -> ParsedRequest:
    return parse_request(dialect_of(request), request.method, request.resource, decoded_body(request))


def _arrival(request: ClientRequest) -> Exchange:
    route = request.route
    exchange = Exchange(
        id="",
        started_at=utc_now(),
        method=request.method,
        path=request.resource,
        route=route.name,
        dialect=dialect_of(request),
        provider=route.provider,
        request_bytes=len(request.body),
    )
    return arrived(exchange, request, parsed(request))
