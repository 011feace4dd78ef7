"""Signature Version 4, by botocore, over exactly what goes out."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from candela_tui.credentials.keys import BearerKey, Keys, SigningKeys

Pairs = list[tuple[str, str]]

SIGNATURE_FIELDS = frozenset({"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"})
"""Lower-case names of the fields that sign a request: a client's own go out of it before those of ``signed`` go in."""

_SERVICE = "bedrock"
# Some 0.8 ms per MB on a slow machine; the loop is needed elsewhere.
_MOST_ON_THE_LOOP = 2**20


async def signed(
    method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes, keys: Keys, region: str
) -> Pairs:
    """The header fields to add to a request to Bedrock (runtime or control plane). ``url`` is percent-encoded as it
    goes out, model ids with %3A and %2F. Of ``headers`` the content type and all of x-amz* are signed; those of an
    earlier signature count for nothing. Raises ValueError for one of these that is not ASCII: it has no signature."""
    if isinstance(keys, BearerKey):
        return [("Authorization", f"Bearer {keys.token}")]
    to_sign = [
        (name, value)
        for name, value in headers
        if (lower := name.lower()) == "content-type" or (lower.startswith("x-amz") and lower not in SIGNATURE_FIELDS)
    ]
    for name, value in to_sign:
        if not value.isascii():
            raise ValueError(f"the header field {name} is not ASCII: AWS takes no signature for it")
    if len(body) <= _MOST_ON_THE_LOOP:
        return _signature(method, url, to_sign, body, keys, region)
    return await asyncio.to_thread(_signature, method, url, to_sign, body, keys, region)


def _signature(method: str, url: str, headers: Pairs, body: bytes, keys: SigningKeys, region: str) -> Pairs:
    # Keys come from botocore: by now it has been imported, off the loop.
    from botocore.auth import SigV4Auth

    parts = urlsplit(url)
    request = _Unsigned(method, url, {"Host": _host(parts.scheme, parts.netloc), **dict(headers)}, body)
    SigV4Auth(keys, _SERVICE, region).add_auth(request)
    return [(name, value) for name, value in request.headers.items() if name.lower() in SIGNATURE_FIELDS]


@dataclass(slots=True)
class _Unsigned:
    """What SigV4Auth reads of a request and writes to it. botocore's own would be prepared for sending, too, which
    takes as long as the signature of a small body."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    params: dict[str, str] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)


@lru_cache(maxsize=100)
def _host(scheme: str, netloc: str) -> str:
    """As the connection will write it: SigV4Auth alone would take the URL apart twice for each request."""
    parts = urlsplit(f"{scheme}://{netloc}")
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}.get(scheme)
    return host if parts.port in (None, default) else f"{host}:{parts.port}"
