"""Header fields: which end at a hop, which are secret, which are worth showing."""

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

_SECRET = frozenset(
    {
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "x-amz-security-token",
        "x-api-key",
        "x-goog-api-key",
        "x-goog-iam-authorization-token",
    }
)
_SECRET_WORDS = ("token", "secret", "password", "api-key", "apikey", "credential", "auth")
_PLAIN = frozenset({"anthropic-ratelimit-tokens-limit", "anthropic-dangerous-direct-browser-access"})

REDACTED = "[redacted]"


def is_secret(name: str) -> bool:
    """Whether a header field of this name may authenticate somebody. Rate limits "…-tokens-…" do not."""
    name = name.lower()
    if name in _SECRET:
        return True
    if name.startswith("anthropic-ratelimit-") or name in _PLAIN:
        return False
    return any(word in name for word in _SECRET_WORDS)


def redacted(headers: Iterable[tuple[str, str]]) -> Headers:
    """The fields with every secret value replaced; the scheme of an Authorization field stays ("Bearer [redacted]")."""
    kept = []
    for name, value in headers:
        if is_secret(name):
            scheme, space, rest = value.partition(" ")
            value = f"{scheme} {REDACTED}" if space and rest and scheme in ("Bearer", "Basic") else REDACTED
        kept.append((name, value))
    return tuple(kept)


def header(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """The first value of a field, whatever its case."""
    name = name.lower()
    return next((value for key, value in headers if key.lower() == name), None)


def rate_limits(headers: Iterable[tuple[str, str]]) -> Headers:
    """The fields that tell limits: ``retry-after`` and ``anthropic-ratelimit-*``, names in lower case."""
    return tuple(
        (name.lower(), value)
        for name, value in headers
        if name.lower() == "retry-after" or name.lower().startswith("anthropic-ratelimit-")
    )
