"""Header fields of Amazon's answers, adjusted for clients of the Messages API."""

from candela_tui.protocol.headers import HOP_BY_HOP, HeaderList, header, request_id

_DESCRIBE_THE_BODY = frozenset({"content-type", "content-length", "content-encoding", "cache-control", "request-id"})


def without_body_fields(headers: HeaderList) -> HeaderList:
    """Return the header fields that do not depend on the body or the connection."""
    named = (header(headers, "connection") or "").lower().split(",")
    dropped = HOP_BY_HOP | _DESCRIBE_THE_BODY | {name.strip() for name in named}
    return [(name, value) for name, value in headers if name.lower() not in dropped]


def with_request_id(headers: HeaderList) -> HeaderList:
    """Return the header fields with Amazon's request id under Anthropic's name."""
    found = request_id(headers)
    return headers if found is None else [("request-id", found), *headers]
