"""What a browser keeps while it is at the identity provider: encrypted in a cookie, so that any replica can go on."""

import hmac
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from candela_tui.proxy.team.identity_provider import Question

COOKIE: Final = "candela_sign_in"
_PURPOSE: Final = b"candela: browsers at the identity provider"
_HEADER: Final = {"alg": "dir", "enc": "A256GCM"}


@dataclass(frozen=True, slots=True)
class BrowserFlow:
    """A browser that was sent to the identity provider."""

    user_code: str
    question: Question
    until_s: int
    """When it is too late to come back, in seconds since 1970."""


def sealed(flow: BrowserFlow, pepper: bytes) -> str:
    """Return a flow as a text that only those who know the pepper can read or make."""
    from joserfc import jwe  # The extra candela-tui[team] brings it.

    return jwe.encrypt_compact(_HEADER, msgspec.json.encode(flow), _key(pepper))


def unsealed(text: str, pepper: bytes) -> BrowserFlow | None:
    """Return the flow that a text is, or None if it is none."""
    from joserfc import jwe
    from joserfc.errors import JoseError

    try:
        found = jwe.decrypt_compact(text, _key(pepper)).plaintext
        return msgspec.json.decode(found or b"", type=BrowserFlow)
    except (JoseError, ValueError, msgspec.DecodeError):
        return None


def _key(pepper: bytes) -> Any:
    from joserfc.jwk import OctKey

    return OctKey.import_key(hmac.digest(pepper, _PURPOSE, "sha256"))
