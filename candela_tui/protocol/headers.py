"""Header fields: which concern one hop only, and reading the others."""

from collections.abc import Iterable

Headers = tuple[tuple[str, str], ...]
"""Header fields in the order and spelling in which they crossed."""

HeaderList = list[tuple[str, str]]
"""Header fields of a message that is being built, in order; bytes that are not UTF-8 are surrogates."""

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Fields that concern one connection only (RFC 9110, section 7.6.1; RFC 2616, section 13.5.1)."""


def header(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """Return the first value of a header field, in any case."""
    name = name.lower()
    return next((value for key, value in headers if key.lower() == name), None)


def first_values(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the first value of each header field, by its name in lower case, for many look-ups."""
    return {name.lower(): value for name, value in reversed(list(headers))}


def beta_flags(headers: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return the flags of every ``anthropic-beta`` field, one by one."""
    fields = (value for name, value in headers if name.lower() == "anthropic-beta")
    return tuple(flag.strip() for value in fields for flag in value.split(",") if flag.strip())


_REQUEST_IDS = ("request-id", "x-request-id", "x-amzn-requestid", "x-amz-request-id", "x-goog-request-id")
"""Those of Anthropic (which Vertex AI passes on), AWS and Google."""


def request_id(headers: Iterable[tuple[str, str]]) -> str | None:
    """Return the provider's id of a request, from the header fields of its answer."""
    fields = {name.lower(): value for name, value in reversed(list(headers))}
    return next((fields[name] for name in _REQUEST_IDS if fields.get(name)), None)


_LIMITS = ("anthropic-ratelimit-", "anthropic-priority-", "anthropic-fast-")


def rate_limits(headers: Iterable[tuple[str, str]]) -> Headers:
    """Return the header fields about limits: ``retry-after`` and ``anthropic-ratelimit-*``, names in lower case."""
    lower = ((name.lower(), value) for name, value in headers)
    return tuple((name, value) for name, value in lower if name == "retry-after" or name.startswith(_LIMITS))
