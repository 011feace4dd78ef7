"""Header fields as they cross: text that gives the same bytes again, less what ends at a hop."""

from collections.abc import Iterable

from candela_tui.protocol.headers import HOP_BY_HOP, header
from candela_tui.proxy.outgoing import Pairs
from candela_tui.proxy.tap import Tap

# Framed anew on each connection; a 100-continue was answered when the body was read.
_REQUEST_DROPPED = HOP_BY_HOP | {"host", "content-length", "expect"}
_OURS = "x-candela-"
_REQUEST_ID = "X-Request-ID"


def decoded_pairs(raw: Iterable[tuple[bytes, bytes]]) -> Pairs:
    """Header fields as text that gives the same bytes again."""
    return [(name.decode("latin-1"), value.decode("utf-8", "surrogateescape")) for name, value in raw]


def request_fields(headers: Pairs) -> Pairs:
    """The fields of a request that go on to the provider."""
    return _without(headers, _REQUEST_DROPPED)


def answer_fields(headers: Pairs) -> Pairs:
    """The fields of an answer that go on to the client."""
    return _without(headers, HOP_BY_HOP)


def with_request_id(fields: Pairs, tap: Tap) -> Pairs:
    """The fields of an answer with X-Request-ID: the provider's, else the client's, else the id of the exchange. It is
    the one field that candela adds to an answer."""
    if header(fields, _REQUEST_ID) is not None:
        return fields
    return [*fields, (_REQUEST_ID, header(tap.headers, _REQUEST_ID) or tap.id)]


def _without(headers: Pairs, dropped: frozenset[str]) -> Pairs:
    """Without these, what Connection names, and candela's own."""
    named = {
        token.strip().lower() for name, value in headers if name.lower() == "connection" for token in value.split(",")
    }
    return [
        (name, value)
        for name, value in headers
        if (key := name.lower()) not in dropped and key not in named and not key.startswith(_OURS)
    ]
