"""Header fields on their way through the proxy: which go on, and text that encodes to the same bytes."""

from collections.abc import Iterable

from candela_tui.protocol.headers import HOP_BY_HOP, HeaderList

# Each connection frames its messages itself; a 100-continue was answered when the body was read.
_REQUEST_DROPPED = HOP_BY_HOP | {"host", "content-length", "expect"}
ABOUT_ENCODING = frozenset({"content-encoding", "content-length"})
"""The fields that no longer fit a body whose encoding was removed."""
_DECODED_DROPPED = HOP_BY_HOP | ABOUT_ENCODING
_NAMED_DROPPED = _REQUEST_DROPPED - {"host", "content-length"}
_OURS = "x-candela-"
ACCEPT_FIELD = "x-candela-estimate"
"""A client that sends this field with the value ``accept`` gets an estimate if the provider can't count tokens."""
ESTIMATED_FIELD = "x-candela-estimated"
"""The field of an estimate."""
KEY_FIELD = "x-candela-key"
"""A field in which a client can send a key of candela's beside any sign-in of its own."""
TOKEN_FIELD = "x-candela-token"  # noqa: S105 - the name of a field
"""The field in which candela's own checks send the token of the local API, so that they need no key."""


def decoded_pairs(raw: Iterable[tuple[bytes, bytes]]) -> HeaderList:
    """Return header fields as text that encodes to the same bytes."""
    return [(name.decode("latin-1"), value.decode("utf-8", "surrogateescape")) for name, value in raw]


def request_fields(headers: HeaderList) -> HeaderList:
    """Return the header fields of a request that go on to the provider."""
    return _without(headers, _REQUEST_DROPPED)


def named_fields(headers: HeaderList) -> HeaderList:
    """Return the header fields of a request to a host that the client named itself: each in its place.

    Host and Content-Length stay where they are, and so does a Connection that says no more than HTTP/1.1 does."""
    kept = _without(headers, _NAMED_DROPPED)
    if len(kept) == len(headers):
        return kept
    connection = [index for index, (name, _) in enumerate(headers) if name.lower() == "connection"]
    if [headers[index][1].lower() for index in connection] != ["keep-alive"]:
        return kept
    before = _without(headers[: connection[0]], _NAMED_DROPPED)
    return [*before, headers[connection[0]], *kept[len(before) :]]


def answer_fields(headers: HeaderList) -> HeaderList:
    """Return the header fields of an answer that go on to the client."""
    return _without(headers, HOP_BY_HOP)


def decoded_answer_fields(headers: HeaderList) -> HeaderList:
    """Return the same for an answer whose Content-Encoding is removed."""
    return _without(headers, _DECODED_DROPPED)


def _without(headers: HeaderList, dropped: frozenset[str]) -> HeaderList:
    """Return the fields without ``dropped``, those that Connection names, and candela's own."""
    lower = [name.lower() for name, _ in headers]
    if "connection" in lower:
        named = (value.split(",") for key, (_, value) in zip(lower, headers, strict=True) if key == "connection")
        dropped = dropped.union(token.strip().lower() for tokens in named for token in tokens)
    return [
        field for key, field in zip(lower, headers, strict=True) if key not in dropped and not key.startswith(_OURS)
    ]
