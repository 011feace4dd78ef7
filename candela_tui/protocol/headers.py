"""Header fields: which end at a hop, which are secret, which are worth showing."""

import re
from collections.abc import Iterable

Headers = tuple[tuple[str, str], ...]
"""Header fields in the order and spelling in which they crossed."""

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

# A name that has one of these in it is taken for secret: one redacted too much does less harm than one too few.
_SECRET_NAME = re.compile(r"auth|cookie|credential|jwt|password|passwd|secret|signature|token|api-?key|-key$")
_HARMLESS_NAME = re.compile(
    r"access-control-allow-.*|anthropic-dangerous-direct-browser-access|idempotency-key|(proxy|www)-authenticate"
    r"|sec-websocket-key|.*-author|.*authority"
    # Counts of tokens: anthropic-ratelimit-input-tokens-remaining, x-amzn-bedrock-output-token-count, max-tokens
    r"|(.*-)?tokens?-(count|limit|remaining|reset)|(.*[_-])?(input|output|max|total)[_-]tokens"
)
_SECRET_VALUE = re.compile(
    r"\b(?:sk-[\w-]{12,}|ya29\.[\w-]{8,}|(?:AKIA|ASIA)[A-Z0-9]{12,}|eyJ[\w-]{8,}\.[\w-]+)|^(?i:bearer|basic) "
)
_SCHEMES = frozenset({"aws4-hmac-sha256", "basic", "bearer", "digest", "negotiate", "token"})

REDACTED = "[redacted]"


def is_secret(name: str) -> bool:
    """Whether a header field of this name may authenticate somebody. Rate limits "…-tokens-…" do not."""
    name = name.lower().replace("_", "-")
    return _SECRET_NAME.search(name) is not None and _HARMLESS_NAME.fullmatch(name) is None


def redacted(headers: Iterable[tuple[str, str]]) -> Headers:
    """The fields with every secret value replaced, by their name or because the value looks like a key; the scheme
    of an authorization stays ("Bearer [redacted]")."""
    return tuple(
        (name, _redacted(value) if is_secret(name) or _SECRET_VALUE.search(value) else value) for name, value in headers
    )


def _redacted(value: str) -> str:
    scheme, space, rest = value.partition(" ")
    return f"{scheme} {REDACTED}" if space and rest and scheme.lower() in _SCHEMES else REDACTED


def header(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """The first value of a field, whatever its case."""
    name = name.lower()
    return next((value for key, value in headers if key.lower() == name), None)


_REQUEST_IDS = ("request-id", "x-request-id", "x-amzn-requestid", "x-amz-request-id", "x-goog-request-id")
"""Anthropic's own, which Vertex AI passes on; AWS's; Google's."""


def request_id(headers: Iterable[tuple[str, str]]) -> str | None:
    """The provider's own id of a request, from the fields of its answer."""
    fields = {name.lower(): value for name, value in reversed(list(headers))}
    return next((fields[name] for name in _REQUEST_IDS if fields.get(name)), None)


_LIMITS = ("anthropic-ratelimit-", "anthropic-priority-", "anthropic-fast-")


def rate_limits(headers: Iterable[tuple[str, str]]) -> Headers:
    """The fields that tell limits: ``retry-after`` and ``anthropic-ratelimit-*``, names in lower case."""
    lower = ((name.lower(), value) for name, value in headers)
    return tuple((name, value) for name, value in lower if name == "retry-after" or name.startswith(_LIMITS))
