"""Sign requests exactly as they are sent, with botocore's Signature Version 4."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from candela_tui.credentials.owner import SIGNATURE_FIELDS
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.bedrock.credentials.keys import BearerKey, Keys, SigningKeys

BEDROCK = "bedrock"
"""The service in signatures for bedrock-runtime and the control plane."""
MANTLE = "bedrock-mantle"
"""The service in signatures for bedrock-mantle. Anthropic's SDK and Claude Code sign so; litellm signs as bedrock."""
_SIGNATURE_FIELDS = SIGNATURE_FIELDS | {"authorization"}
"""The lower-case names of the header fields that sign a request. ``signed`` replaces a client's own."""

# Signing takes about 0.8 ms per MB on a slow machine, so larger bodies are signed off the event loop.
_MOST_ON_THE_LOOP = 2**20


async def signed(
    method: str,
    url: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    keys: Keys,
    region: str,
    service: str = BEDROCK,
) -> HeaderList:
    """Return the header fields to add to a request to a service of AWS.

    ``url`` is percent-encoded as it is sent, model ids with %3A and %2F. Of ``headers``, the content type and all
    x-amz* fields are signed, except those of an earlier signature. Raises ValueError if one of these is not ASCII,
    because AWS accepts no signature for it."""
    if isinstance(keys, BearerKey):
        return [("Authorization", f"Bearer {keys.token}")]
    to_sign = [
        (name, value)
        for name, value in headers
        if (lower := name.lower()) == "content-type" or (lower.startswith("x-amz") and lower not in _SIGNATURE_FIELDS)
    ]
    for name, value in to_sign:
        if not value.isascii():
            raise ValueError(f"the header field {name} is not ASCII: AWS takes no signature for it")
    if len(body) <= _MOST_ON_THE_LOOP:
        return _signature(method, url, to_sign, body, keys, region, service)
    return await asyncio.to_thread(_signature, method, url, to_sign, body, keys, region, service)


def _signature(
    method: str, url: str, headers: HeaderList, body: bytes, keys: SigningKeys, region: str, service: str
) -> HeaderList:
    # The keys came from botocore, so it was already imported, off the event loop.
    from botocore.auth import SigV4Auth

    parts = urlsplit(url)
    request = _Unsigned(method, url, {"Host": _host(parts.scheme, parts.netloc), **dict(headers)}, body)
    SigV4Auth(keys, service, region).add_auth(request)
    return [(name, value) for name, value in request.headers.items() if name.lower() in _SIGNATURE_FIELDS]


@dataclass(slots=True)
class _Unsigned:
    """The attributes of a request that SigV4Auth reads and writes.

    botocore's own request class would also prepare it for sending, which takes as long as signing a small body."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    params: dict[str, str] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)


@lru_cache(maxsize=100)
def _host(scheme: str, netloc: str) -> str:
    """Return the Host field as the connection will write it. Without it SigV4Auth would parse the URL twice per
    request."""
    parts = urlsplit(f"{scheme}://{netloc}")
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}.get(scheme)
    return host if parts.port in (None, default) else f"{host}:{parts.port}"
