"""Header fields of Amazon's answers, as the Messages API's clients want them."""

from candela_tui.protocol.headers import HOP_BY_HOP, header, request_id

Pairs = list[tuple[str, str]]

_DESCRIBE_THE_BODY = frozenset({"content-type", "content-length", "content-encoding", "cache-control", "request-id"})


def without_body_fields(headers: Pairs) -> Pairs:
    """The fields that hold for another body, too, and for another connection."""
    named = (header(headers, "connection") or "").lower().split(",")
    dropped = HOP_BY_HOP | _DESCRIBE_THE_BODY | {name.strip() for name in named}
    return [(name, value) for name, value in headers if name.lower() not in dropped]


def with_request_id(headers: Pairs) -> Pairs:
    """The fields with Amazon's request id under Anthropic's name."""
    found = request_id(headers)
    return headers if found is None else [("request-id", found), *headers]
