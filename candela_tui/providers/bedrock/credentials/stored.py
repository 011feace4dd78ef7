"""Store candela's own sign-in to AWS as one vault entry, a JSON document ``{"kind", "value"}``."""

import logging
import time
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from candela_tui.credentials.cached import SPARE_S, Lease
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.vault.choice import Vault
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.providers.bedrock.credentials.keys import BearerKey, Keys, SigningKeys
from candela_tui.providers.bedrock.credentials.messages import SIGN_IN
from candela_tui.providers.bedrock.credentials.sso import SsoRole, SsoToken, SsoTokenEnded, renewed_token, role_keys

ENTRY: Final = "aws"
"""The name of the vault entry."""
# As in botocore's SSOTokenProvider: a token this close to its expiry is renewed before it is used.
_TOKEN_SPARE_S: Final = 15 * 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredKeys:
    """Access keys that the user typed."""

    keys: SigningKeys


@dataclass(frozen=True, slots=True)
class StoredApiKey:
    """A Bedrock API key that the user typed."""

    key: BearerKey


@dataclass(frozen=True, slots=True)
class StoredSession:
    """The session of an assumed role, for example with an MFA code. It can't be renewed."""

    keys: SigningKeys
    role: str
    """The ARN of the role."""
    ends: float
    """When the session expires, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class StoredSso:
    """A role in IAM Identity Center and the token of the sign-in."""

    role: SsoRole
    token: SsoToken = field(repr=False)


Stored = StoredKeys | StoredApiKey | StoredSession | StoredSso
_KINDS: Final[dict[str, type[Stored]]] = {
    "keys": StoredKeys,
    "api-key": StoredApiKey,
    "session": StoredSession,
    "sso": StoredSso,
}


class _Document(msgspec.Struct, frozen=True):
    kind: str
    value: msgspec.Raw


def keep(vault: Vault, stored: Stored) -> None:
    """Store a sign-in, replacing the previous one. Blocks. Raises VaultError."""
    kind = next(name for name, type in _KINDS.items() if isinstance(stored, type))
    document = _Document(kind, msgspec.Raw(msgspec.json.encode(stored)))
    vault.write(ENTRY, msgspec.json.encode(document).decode())


def kept(vault: Vault) -> Stored | None:
    """Return the stored sign-in, or None if there is none that this version can read. Blocks. Raises VaultError."""
    text = vault.read(ENTRY)
    if text is None:
        return None
    try:
        document = msgspec.json.decode(text, type=_Document)
        return msgspec.json.decode(document.value, type=_KINDS[document.kind])
    except (msgspec.DecodeError, KeyError):
        return None


def leased(vault: Vault, place: str) -> Lease[Keys]:
    """Get the keys of the stored sign-in and their expiry. Blocks. Raises CredentialsError, VaultError."""
    stored = kept(vault)
    if stored is None:
        raise CredentialsError(f"{place} no longer has the sign-in to AWS: run {SIGN_IN}")
    if isinstance(stored, StoredKeys):
        return Lease(stored.keys, None)
    if isinstance(stored, StoredApiKey):
        return Lease(stored.key, None)
    if isinstance(stored, StoredSso):
        return _of_sso(stored, vault)
    if time.time() >= stored.ends - SPARE_S:
        raise CredentialsError(f"the session of {stored.role} has ended, and it takes a new code: run {SIGN_IN}")
    return Lease(stored.keys, stored.ends)


def _of_sso(stored: StoredSso, vault: Vault) -> Lease[Keys]:
    stored = _with_time_left(stored, vault)
    try:
        keys, ends = role_keys(stored.role, stored.token)
    except SsoTokenEnded:
        # The session was ended at the portal or by an administrator, so only a new token may help.
        stored = _renewed(stored, vault)
        try:
            keys, ends = role_keys(stored.role, stored.token)
        except SsoTokenEnded:
            raise _ended(stored.role) from None
    return Lease(keys, ends)


def _with_time_left(stored: StoredSso, vault: Vault) -> StoredSso:
    left = stored.token.ends - time.time()
    if left > _TOKEN_SPARE_S:
        return stored
    try:
        return _renewed(stored, vault)
    except CredentialsError:
        if left <= 0:
            raise
        return stored


def _renewed(stored: StoredSso, vault: Vault) -> StoredSso:
    """Return the sign-in with a new token, stored in the vault. Raises CredentialsError."""
    try:
        token = renewed_token(stored.role.region, stored.token)
    except SsoTokenEnded:
        # Another candela may have used the refresh token and stored the new token.
        now = kept(vault)
        if not isinstance(now, StoredSso) or now.token == stored.token or now.token.ends <= time.time():
            raise _ended(stored.role) from None
        return now
    stored = replace(stored, token=token)
    try:
        keep(vault, stored)
    except VaultError as error:
        _log.warning("the renewed sign-in to AWS is only in memory: %s", error)
    return stored


def _ended(role: SsoRole) -> CredentialsError:
    return CredentialsError(f"the AWS sign-in at {role.start_url} has ended: run {SIGN_IN}")
