"""IAM Identity Center: the tokens of a sign-in, and the keys of a role.

Sources: https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/ (RegisterClient, CreateToken),
https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/ (ListAccounts, ListAccountRoles,
GetRoleCredentials). Everything here blocks in botocore.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from candela_tui.credentials.errors import CredentialsError
from candela_tui.providers.bedrock.credentials.keys import SigningKeys
from candela_tui.providers.bedrock.credentials.sso_calls import SsoRefused, sso_call, sso_client, sso_pages

SCOPES: Final = ("sso:account:access",)
"""The scopes to list accounts and get keys. A client that requests them also gets a refresh token."""
_NAME: Final = "candela"


class SsoTokenEnded(Exception):
    """The token has expired or was revoked."""


@dataclass(frozen=True, slots=True)
class SsoToken:
    """The tokens of a sign-in and the client registered for it. Times are in seconds since the epoch."""

    access_token: str = field(repr=False)
    ends: float
    refresh_token: str | None = field(repr=False)
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    client_ends: float


@dataclass(frozen=True, slots=True)
class SsoRole:
    """A role in an account, at one start URL."""

    start_url: str
    region: str
    """The region of Identity Center, not of Bedrock."""
    account_id: str
    role_name: str


@dataclass(frozen=True, slots=True)
class SsoAccount:
    """An AWS account that the user can sign in to."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class SsoClient:
    """candela, registered as a client of IAM Identity Center for one sign-in."""

    id: str = field(repr=False)
    secret: str = field(repr=False)
    ends: float
    """When the registration expires, in seconds since the epoch."""


def register(oidc: Any, region: str, scopes: Sequence[str], **more: Any) -> SsoClient:
    """Register a client. Without scopes its tokens can't be renewed. Raises CredentialsError."""
    asked = {**more, "scopes": list(scopes)} if scopes else more
    made = sso_call(region, lambda: oidc.register_client(clientName=_NAME, clientType="public", **asked))
    return SsoClient(made["clientId"], made["clientSecret"], made["clientSecretExpiresAt"])


def first_token(oidc: Any, region: str, client: SsoClient, grant_type: str, **proof: str) -> SsoToken:
    """Exchange the proof of a sign-in for its first token. Raises SsoRefused, SsoUnreachable."""
    now = time.time()
    given = sso_call(
        region,
        lambda: oidc.create_token(grantType=grant_type, clientId=client.id, clientSecret=client.secret, **proof),
    )
    return SsoToken(
        access_token=given["accessToken"],
        ends=now + given["expiresIn"],
        refresh_token=given.get("refreshToken"),
        client_id=client.id,
        client_secret=client.secret,
        client_ends=client.ends,
    )


def renewed_token(region: str, token: SsoToken) -> SsoToken:
    """Exchange the refresh token for a new token. Raises SsoTokenEnded if that is not possible, CredentialsError if AWS
    can't be reached."""
    now = time.time()
    if token.refresh_token is None or token.client_ends <= now:
        raise SsoTokenEnded
    oidc = sso_client("sso-oidc", region)
    try:
        given = sso_call(
            region,
            lambda: oidc.create_token(
                grantType="refresh_token",
                refreshToken=token.refresh_token,
                clientId=token.client_id,
                clientSecret=token.client_secret,
            ),
        )
    except SsoRefused as refused:
        if refused.for_good:
            raise SsoTokenEnded from None
        raise
    return SsoToken(
        access_token=given["accessToken"],
        ends=now + given["expiresIn"],
        refresh_token=given.get("refreshToken") or token.refresh_token,
        client_id=token.client_id,
        client_secret=token.client_secret,
        client_ends=token.client_ends,
    )


def accounts(region: str, token: SsoToken) -> list[SsoAccount]:
    """Return the accounts that the user can sign in to, sorted by name. Raises CredentialsError."""
    rows = sso_pages(region, "list_accounts", "accountList", accessToken=token.access_token)
    found = [SsoAccount(row["accountId"], row.get("accountName") or row["accountId"]) for row in rows]
    return sorted(found, key=lambda account: account.name.casefold())


def roles(region: str, token: SsoToken, account_id: str) -> list[str]:
    """Return the sorted names of the user's roles in an account. Raises CredentialsError."""
    rows = sso_pages(region, "list_account_roles", "roleList", accessToken=token.access_token, accountId=account_id)
    return sorted(row["roleName"] for row in rows)


def role_keys(role: SsoRole, token: SsoToken) -> tuple[SigningKeys, float]:
    """Get keys for the role, and their expiry in seconds since the epoch. Raises SsoTokenEnded, CredentialsError."""
    portal = sso_client("sso", role.region)
    try:
        answer = sso_call(
            role.region,
            lambda: portal.get_role_credentials(
                roleName=role.role_name, accountId=role.account_id, accessToken=token.access_token
            ),
        )
    except SsoRefused as refused:
        if refused.code == "UnauthorizedException":
            raise SsoTokenEnded from None
        if refused.code in ("ForbiddenException", "ResourceNotFoundException"):
            raise CredentialsError(
                f"IAM Identity Center gives no keys for the role {role.role_name} in the account {role.account_id}:"
                f" {refused}. Its administrator may have taken it away; `candela auth login --provider aws` chooses"
                " another"
            ) from None
        raise
    given = answer["roleCredentials"]
    keys = SigningKeys(given["accessKeyId"], given["secretAccessKey"], given["sessionToken"])
    return keys, given["expiration"] / 1000


def sign_out(region: str, token: SsoToken) -> None:
    """End the session at the portal, which invalidates the token. Raises CredentialsError."""
    portal = sso_client("sso", region)
    sso_call(region, lambda: portal.logout(accessToken=token.access_token))
