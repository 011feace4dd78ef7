"""Reads a client's request for rules, once for all of them."""

import asyncio
from collections.abc import Callable
from typing import TypeVar, cast

from candela_tui.exchange import Exchange
from candela_tui.exchange.arrival import beginning, dialect_of, with_kind
from candela_tui.protocol.claude_code.hints import ClientHints, hints_in
from candela_tui.protocol.claude_code.session_clues import first_user_text, session_clues
from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.headers import first_values, header
from candela_tui.protocol.parsed_request import ParsedRequest, parse_request
from candela_tui.providers.upstream import ClientRequest

Read = TypeVar("Read")

_LARGE = 2**20
"""Bodies of at least this many bytes are read in a thread, because that takes milliseconds. Smaller ones are read in
less time than it takes to ask a thread."""


def is_large(request: ClientRequest) -> bool:
    """Return whether reading a request would hold up the loop."""
    return len(request.body) >= _LARGE


async def beside_the_loop(request: ClientRequest, read: Callable[[ClientRequest], Read]) -> Read:
    """Return what ``read`` finds in a request, without holding up the loop for a large one."""
    if not is_large(request) or read in request.read:
        return read(request)
    return await asyncio.to_thread(read, request)


def decoded_body(request: ClientRequest) -> bytes:
    """Return the body without its Content-Encoding. A body in an encoding that it does not have is empty: the provider
    refuses it."""
    return _once(request, decoded_body, _decoded_body)


def parsed(request: ClientRequest) -> ParsedRequest:
    """Read a request."""
    return _once(request, parsed, _parsed)


def known_parsed(request: ClientRequest) -> ParsedRequest | None:
    """Return the same if a rule has read it, so that the recording need not."""
    return cast(ParsedRequest | None, request.read.get(parsed))


def hints(request: ClientRequest) -> ClientHints:
    """Return what the client's hint headers say."""
    return _once(request, hints, _hints)


def arrival(request: ClientRequest) -> Exchange:
    """Return what is known of the exchange before its request is sent. Its kind is what the path says."""
    return _once(request, arrival, _arrival)


def arrival_with_kind(request: ClientRequest) -> Exchange:
    """Return the same with the kind that the form of the body says, which takes longer."""
    return _once(request, arrival_with_kind, _arrival_with_kind)


def directory(request: ClientRequest) -> str | None:
    """Return where the session works, if the request states it."""
    return _once(request, directory, _directory)


def task(request: ClientRequest) -> str | None:
    """Return the first words of the user in the conversation, which are the task of a sub-agent."""
    return _once(request, task, _task)


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


def _fields(request: ClientRequest) -> dict[str, str]:
    return first_values(request.headers)


def _hints(request: ClientRequest) -> ClientHints:
    return hints_in(_once(request, _fields, _fields))


def _arrival(request: ClientRequest) -> Exchange:
    return beginning(request, _once(request, _fields, _fields), parsed(request), hints(request))


def _arrival_with_kind(request: ClientRequest) -> Exchange:
    return with_kind(arrival(request), parsed(request), hints(request))


def _directory(request: ClientRequest) -> str | None:
    body = parsed(request).request
    return session_clues(body).cwd if body is not None else None


def _task(request: ClientRequest) -> str | None:
    body = parsed(request).request
    return first_user_text(body) if body is not None else None
