"""Reads a client's request for a rule."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.headers import header
from candela_tui.protocol.parsed_request import ParsedRequest, parse_request
from candela_tui.providers.upstream import ClientRequest

Read = TypeVar("Read")

_LARGE = 256 * 1024
"""Bodies of at least this many bytes are read in a thread, because that takes milliseconds."""


async def beside_the_loop(request: ClientRequest, read: Callable[[ClientRequest], Read]) -> Read:
    """Return what ``read`` finds in a request, without holding up the loop for a large one."""
    return read(request) if len(request.body) < _LARGE else await asyncio.to_thread(read, request)


def parsed(request: ClientRequest) -> ParsedRequest:
    """Read a request. A body in an encoding that it does not have is empty: the provider refuses it."""
    try:
        body = decode_whole(header(request.headers, "content-encoding") or "", request.body)
    except BadEncoding:
        body = b""
    return parse_request(request.dialect, request.method, request.resource, body)
