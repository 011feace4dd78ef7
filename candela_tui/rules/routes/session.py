"""What a rule about routes needs to know of a request."""

import re
from dataclasses import dataclass
from functools import cached_property

from candela_tui.protocol.headers import header
from candela_tui.protocol.message_digests import message_digests
from candela_tui.protocol.native_calls import NativeOperation, bedrock_call, vertex_call
from candela_tui.protocol.parsed_request import is_chat
from candela_tui.protocol.request import session_in_metadata
from candela_tui.providers.identity import Dialect
from candela_tui.providers.upstream import ClientRequest
from candela_tui.rules.reading import decoded_body, parsed

_SESSION = "x-claude-code-session-id"
_MESSAGES = frozenset({"/v1/messages", "/v1/messages/count_tokens"})
_NATIVE = {Dialect.VERTEX: vertex_call, Dialect.BEDROCK: bedrock_call}
_LONG_CACHE = re.compile(rb'"ttl"\s*:\s*"1h"')
_CACHE_S, _LONG_CACHE_S = 300.0, 3600.0


@dataclass(frozen=True)
class Asked:
    """A request, as far as the choice of its provider depends on it."""

    session: str | None
    """The session, or for a client that names none, what identifies the conversation. None: neither is known."""
    model: str | None
    streamed: bool
    body: bytes

    @cached_property
    def cache_s(self) -> float:
        """Seconds for which a provider keeps the prompt's cache after it was read. All of the body is searched."""
        return _LONG_CACHE_S if _LONG_CACHE.search(self.body) is not None else _CACHE_S


def is_for_any_provider(request: ClientRequest) -> bool:
    """Return whether every provider can answer a request: one for a message or for its number of tokens."""
    if request.method != "POST":
        return False
    if request.dialect in _NATIVE:
        return _NATIVE[request.dialect](request.method, request.resource).operation is NativeOperation.INVOKE
    chat = request.dialect == Dialect.OPENAI and is_chat(request.resource)
    return chat or request.resource in _MESSAGES


def asked(request: ClientRequest) -> Asked:
    """Read a request. It takes time for a large one."""
    call = parsed(request)
    session = header(request.headers, _SESSION)
    if session is None and call.request is not None:
        session = session_in_metadata(call.request)
        if session is None:
            first = next(message_digests(call.request.messages[:1]), None)
            session = first.hex() if first is not None else None
    return Asked(session, call.model, call.streamed, decoded_body(request))
