"""The ids of spans. They follow from candela's own ids, so that a restarted candela goes on with the same traces.

Source: https://www.w3.org/TR/trace-context/
"""

import re
from dataclasses import dataclass
from hashlib import sha256

from candela_tui.exchange import Exchange
from candela_tui.protocol.headers import Headers, header

TRACEPARENT = "traceparent"
_TRACEPARENT = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 1
_MOST_OF_RATIO = 2**64


@dataclass(frozen=True, slots=True)
class Parent:
    """The span that a ``traceparent`` header names."""

    trace_id: int
    span_id: int
    sampled: bool


def trace_of_session(session_id: str) -> int:
    """Return the id of the trace of a session."""
    return _number("session trace", session_id, 16)


def trace_of_exchange(exchange: Exchange) -> int:
    """Return the id of the trace of an exchange: that of its session, or its own if it has none."""
    if exchange.session_id is None:
        return _number("exchange trace", exchange.id, 16)
    return trace_of_session(exchange.session_id)


def span_of_session(session_id: str) -> int:
    """Return the id of the span of a session."""
    return _number("session", session_id, 8)


def span_of_turn(session_id: str, key: str) -> int:
    """Return the id of the span of a turn. ``key`` is the id of its prompt, or of its first exchange."""
    return _number("turn", f"{session_id} {key}", 8)


def span_of_exchange(exchange_id: str) -> int:
    """Return the id of the span of an exchange."""
    return _number("exchange", exchange_id, 8)


def span_of_tool_call(exchange_id: str, call: str) -> int:
    """Return the id of the span of a tool call. ``call`` is its id, or its number in the answer."""
    return _number("tool", f"{exchange_id} {call}", 8)


def parent_of(headers: Headers | None) -> Parent | None:
    """Return the span that the client names as the parent of a request, or None if it names none."""
    found = _TRACEPARENT.fullmatch((header(headers or (), TRACEPARENT) or "").strip())
    # Version 00 has nothing after the flags; later ones may.
    if found is None or (found[1] == "00" and found[5]):
        return None
    return Parent(int(found[2], 16), int(found[3], 16), bool(int(found[4], 16) & _SAMPLED))


def with_span(traceparent: str, span_id: int) -> str | None:
    """Return a ``traceparent`` with another span as the parent, or None if it is not valid."""
    found = _TRACEPARENT.fullmatch(traceparent.strip())
    if found is None:
        return None
    return f"{found[1]}-{found[2]}-{span_id:016x}-{found[4]}{found[5] or ''}"


def is_sampled(trace_id: int, share: float) -> bool:
    """Return whether a trace is among the share that is sent: as the SDK's sampler by ratio decides."""
    return trace_id % _MOST_OF_RATIO < round(share * _MOST_OF_RATIO)


def _number(kind: str, text: str, length: int) -> int:
    # An id of zeros is not valid.
    digest = sha256(f"candela {kind}\0{text}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:length], "big") or 1
