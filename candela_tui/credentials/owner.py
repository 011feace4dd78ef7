"""Whose each credential in a client's request is, and which of them go on to a provider.

A client may send a credential that is for someone else: Claude Code sends ``ANTHROPIC_AUTH_TOKEN`` to a cloud's base
URL too, and a placeholder wherever candela is to sign in. So what counts is not that there is a credential, but whose
it is: one that belongs to another provider, or to nobody, never reaches a provider. One of unknown form is passed on,
because a private gateway may have keys of its own.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import urlsplit

from candela_tui.credentials.placeholder import PLACEHOLDER
from candela_tui.protocol.headers import HeaderList
from candela_tui.protocol.raw_json import decode_json
from candela_tui.redaction import KEY_BEGINNING, providers_of_secrets


class Owner(StrEnum):
    """Who accepts a credential."""

    NOBODY = "nobody"
    """It is empty, a placeholder, a key of candela's own, a signature, which is valid only for candela's own address,
    or it is several credentials of different owners."""
    ANTHROPIC = "Anthropic"
    GOOGLE = "Google"
    AWS = "AWS"
    AZURE = "Azure"
    UNKNOWN = "unknown"


SIGNATURE_FIELDS = frozenset({"x-amz-date", "x-amz-security-token", "x-amz-content-sha256"})
"""The lower-case names of the header fields that belong to an AWS signature, besides ``authorization``."""

CREDENTIAL_FIELDS = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key"}) | SIGNATURE_FIELDS

_STAND_INS = frozenset({"", PLACEHOLDER, "skip-foundry-auth"})
"""What a client sends in place of a credential. Claude Code 2.1.332 sends ``Bearer skip-foundry-auth`` with
CLAUDE_CODE_SKIP_FOUNDRY_AUTH, where 2.1.197 fails. With the other SKIP variables it sends none."""

_SIGNED = "aws4-"
"""How the scheme of an AWS signature begins: AWS4-HMAC-SHA256, AWS4-ECDSA-P256-SHA256."""
_SCHEME = re.compile(r"([A-Za-z][\w-]*)\s+(?=\S)")
_LONGEST_TOKEN = 16 * 1024
_GOOGLE_ACCOUNT = ".gserviceaccount.com"
"""How the issuer of a service account's own token ends. For all APIs it has a scope instead of an audience."""
_AUDIENCES = {
    "anthropic.com": Owner.ANTHROPIC,
    "claude.com": Owner.ANTHROPIC,
    "googleapis.com": Owner.GOOGLE,
    "amazonaws.com": Owner.AWS,
    "azure.com": Owner.AZURE,
    "azure.us": Owner.AZURE,
    "azure.cn": Owner.AZURE,
}
"""Owners by the domain of a JSON Web Token's audience. Entra ID's tokens for Foundry are for https://ai.azure.com or
https://cognitiveservices.azure.com. A token for another URL, such as api://…, may be a private gateway's.
Source: https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference, 2026-11."""
_ISSUERS = {
    "login.microsoftonline.com": Owner.AZURE,
    "login.microsoftonline.us": Owner.AZURE,
    "login.partner.microsoftonline.cn": Owner.AZURE,
    "sts.windows.net": Owner.AZURE,
}


@dataclass(frozen=True, slots=True)
class Accepts:
    """Which credentials of a client a route passes on to its provider."""

    fields: frozenset[str]
    """The lower-case names of the header fields in which the provider reads credentials. No other is passed on."""
    owner: Owner | None
    """The provider's own credentials are passed on, and unknown ones. None if the provider is a gateway that may accept
    anyone's."""
    unknown: bool = True
    """Whether credentials of unknown form are passed on, too."""

    def accept(self, name: str, value: str) -> bool:
        """Return whether a credential goes on to the provider."""
        owner = owner_of(value)
        if owner is Owner.NOBODY or name.lower() not in self.fields:
            return False
        return self.owner is None or owner is self.owner or (self.unknown and owner is Owner.UNKNOWN)

    def let_pass(self, value: str) -> bool:
        """Return whether the value of any other field goes on: a cookie, or a field of the user's own. It does unless
        it holds a credential that is known to be someone else's, or a key of candela's own."""
        return KEY_BEGINNING not in value and (
            self.owner is None or _owner_of_other(value) in (self.owner, Owner.UNKNOWN)
        )


NONE_ACCEPTED = Accepts(frozenset(), None)
"""The rule of a route that passes on no credentials of a client."""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """A client's header fields, sorted by what happens to them."""

    headers: HeaderList
    """All that go on to the provider, with the accepted credentials, in the client's order."""
    accepted: bool
    """Whether there are accepted credentials among them. Otherwise candela adds its own."""
    withheld: bool
    """Whether there were credentials that do not go on."""


def client_credentials(headers: HeaderList, accepts: Accepts) -> ClientCredentials:
    """Sort a client's header fields by a route's rule."""
    kept: HeaderList = []
    accepted = withheld = False
    for name, value in headers:
        if name.lower() not in CREDENTIAL_FIELDS:
            if accepts.let_pass(value):
                kept.append((name, value))
        elif accepts.accept(name, value):
            kept.append((name, value))
            accepted = True
        else:
            withheld = True
    return ClientCredentials(kept, accepted, withheld)


def owner_of(value: str) -> Owner:
    """Return whose the credential in a header field is, with or without a scheme such as ``Bearer``."""
    bare = value.strip()
    if bare.lower().startswith(_SIGNED) or KEY_BEGINNING in bare:
        return Owner.NOBODY
    # A token that was set with its scheme is sent with two.
    while (scheme := _SCHEME.match(bare)) is not None:
        bare = bare[scheme.end() :]
    bare = bare.strip("\"'")
    if bare in _STAND_INS or bare.lower() == "bearer":
        return Owner.NOBODY
    if bare.startswith("eyJ"):
        return _owner_of_token(bare)
    return _owner_of_text(bare)


def _owner_of_text(text: str) -> Owner:
    """Return whose the credentials in a text are: nobody's if they are of more than one owner, because no one may have
    them all."""
    named = providers_of_secrets(text) & _NAMED
    if len(named) > 1:
        return Owner.NOBODY
    return Owner(next(iter(named))) if named else Owner.UNKNOWN


@lru_cache(maxsize=256)
def _owner_of_other(value: str) -> Owner:
    """Return the same for a field that is not for credentials, whose value may be remembered: a client sends nearly
    the same ones with each request."""
    return _owner_of_text(value)


_NAMED = frozenset(owner.value for owner in Owner) - {Owner.UNKNOWN, Owner.NOBODY}


def _owner_of_token(token: str) -> Owner:
    """Return for whom a JSON Web Token is. Its signature is not checked: a forged one is refused by the provider."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > _LONGEST_TOKEN:
        return Owner.UNKNOWN
    try:
        claims = decode_json(base64.urlsafe_b64decode(parts[1] + "=="))
    except (binascii.Error, ValueError):
        return Owner.UNKNOWN
    if not isinstance(claims, dict):
        return Owner.UNKNOWN
    audience, issuer = claims.get("aud"), claims.get("iss")
    first = audience[0] if isinstance(audience, list) and audience else audience
    if isinstance(first, str) and "://" in first:
        return _owner_of_url(first, _AUDIENCES)
    # An audience that is no URL names an app: any app of Entra ID, or of a Google project.
    if isinstance(issuer, str):
        if issuer.endswith(_GOOGLE_ACCOUNT) and not first:
            return Owner.GOOGLE
        return _owner_of_url(issuer, _ISSUERS)
    return Owner.UNKNOWN


def _owner_of_url(url: str, owners: Mapping[str, Owner]) -> Owner:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return Owner.UNKNOWN
    found = (owner for domain, owner in owners.items() if host == domain or host.endswith(f".{domain}"))
    return next(found, Owner.UNKNOWN)
