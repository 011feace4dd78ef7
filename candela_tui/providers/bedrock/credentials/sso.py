"""IAM Identity Center: sign in with a code that the user enters in a browser, and get the keys of a role.

Sources: https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/ (RegisterClient, StartDeviceAuthorization,
CreateToken), https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/ (ListAccounts, ListAccountRoles,
GetRoleCredentials), RFC 8628. Everything here blocks in botocore.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from candela_tui.credentials.errors import CredentialsError, quotable
from candela_tui.providers.bedrock.credentials.client import client
from candela_tui.providers.bedrock.credentials.keys import SigningKeys
from candela_tui.providers.bedrock.credentials.messages import described

T = TypeVar("T")

SCOPES: Final = ("sso:account:access",)
"""The scopes to list accounts and get keys. A client that requests them also gets a refresh token."""
_DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_NAME: Final = "candela"


class SsoTokenEnded(Exception):
    """The token has expired or was revoked."""


class SsoUnreachable(CredentialsError):
    """IAM Identity Center can't be reached."""


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
class Authorization:
    """A sign-in that waits for the user to confirm its code."""

    region: str
    url: str
    """The URL to open, which includes the code if the service provides such a link."""
    code: str
    interval_s: float
    ends: float
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    client_ends: float
    device_code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotYet:
    """The user has not entered the code yet."""

    slow_down: bool
    """Whether the service asks for less frequent polling."""


def begin(start_url: str, region: str, scopes: Sequence[str] = SCOPES) -> Authorization:
    """Start a sign-in. Without scopes its token can't be renewed. Raises CredentialsError."""
    oidc = _client("sso-oidc", region)
    asked = {"scopes": list(scopes)} if scopes else {}
    registered = _call(region, lambda: oidc.register_client(clientName=_NAME, clientType="public", **asked))
    known = {"clientId": registered["clientId"], "clientSecret": registered["clientSecret"]}
    try:
        begun = _call(region, lambda: oidc.start_device_authorization(startUrl=start_url, **known))
    except _Refused as refused:
        raise CredentialsError(
            f"IAM Identity Center in {region} does not take the start URL {quotable(start_url)}: {refused}. "
            "Both are in the AWS access portal, below Access keys"
        ) from None
    return Authorization(
        region=region,
        url=begun.get("verificationUriComplete") or begun["verificationUri"],
        code=begun["userCode"],
        # RFC 8628, 3.2: the default interval is five seconds.
        interval_s=begun.get("interval", 5),
        ends=time.time() + begun["expiresIn"],
        client_id=registered["clientId"],
        client_secret=registered["clientSecret"],
        client_ends=registered["clientSecretExpiresAt"],
        device_code=begun["deviceCode"],
    )


def token_for(waiting: Authorization) -> SsoToken | NotYet:
    """Request the token once. Raises SsoUnreachable, or CredentialsError if the sign-in has failed."""
    oidc = _client("sso-oidc", waiting.region)
    now = time.time()
    try:
        given = _call(
            waiting.region,
            lambda: oidc.create_token(
                grantType=_DEVICE_GRANT,
                deviceCode=waiting.device_code,
                clientId=waiting.client_id,
                clientSecret=waiting.client_secret,
            ),
        )
    except _Refused as refused:
        if refused.code in ("AuthorizationPendingException", "SlowDownException"):
            return NotYet(refused.code == "SlowDownException")
        if refused.code == "ExpiredTokenException":
            raise code_ended() from None
        if refused.code == "AccessDeniedException":
            raise CredentialsError("the sign-in to AWS was denied in the browser") from None
        raise CredentialsError(f"IAM Identity Center did not sign you in: {refused}") from None
    return SsoToken(
        access_token=given["accessToken"],
        ends=now + given["expiresIn"],
        refresh_token=given.get("refreshToken"),
        client_id=waiting.client_id,
        client_secret=waiting.client_secret,
        client_ends=waiting.client_ends,
    )


def code_ended() -> CredentialsError:
    """Return the error for a code that was not confirmed in time."""
    return CredentialsError("the code was not confirmed in time: begin the sign-in to AWS again")


def renewed_token(region: str, token: SsoToken) -> SsoToken:
    """Exchange the refresh token for a new token. Raises SsoTokenEnded if that is not possible, CredentialsError if AWS
    can't be reached."""
    now = time.time()
    if token.refresh_token is None or token.client_ends <= now:
        raise SsoTokenEnded
    oidc = _client("sso-oidc", region)
    try:
        given = _call(
            region,
            lambda: oidc.create_token(
                grantType="refresh_token",
                refreshToken=token.refresh_token,
                clientId=token.client_id,
                clientSecret=token.client_secret,
            ),
        )
    except _Refused as refused:
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
    rows = _pages(region, "list_accounts", "accountList", accessToken=token.access_token)
    found = [SsoAccount(row["accountId"], row.get("accountName") or row["accountId"]) for row in rows]
    return sorted(found, key=lambda account: account.name.casefold())


def roles(region: str, token: SsoToken, account_id: str) -> list[str]:
    """Return the sorted names of the user's roles in an account. Raises CredentialsError."""
    rows = _pages(region, "list_account_roles", "roleList", accessToken=token.access_token, accountId=account_id)
    return sorted(row["roleName"] for row in rows)


def role_keys(role: SsoRole, token: SsoToken) -> tuple[SigningKeys, float]:
    """Get keys for the role, and their expiry in seconds since the epoch. Raises SsoTokenEnded, CredentialsError."""
    portal = _client("sso", role.region)
    try:
        answer = _call(
            role.region,
            lambda: portal.get_role_credentials(
                roleName=role.role_name, accountId=role.account_id, accessToken=token.access_token
            ),
        )
    except _Refused as refused:
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
    portal = _client("sso", region)
    _call(region, lambda: portal.logout(accessToken=token.access_token))


class _Refused(CredentialsError):
    """An error response from AWS."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.for_good = code not in ("InternalServerException", "SlowDownException", "TooManyRequestsException")


def _client(service: str, region: str) -> Any:
    return _call(region, lambda: client(service, region, keys=None))


def _pages(region: str, operation: str, member: str, **asked: str) -> list[dict[str, Any]]:
    portal = _client("sso", region)
    return _call(region, lambda: list(portal.get_paginator(operation).paginate(**asked).search(member)))


def _call(region: str, ask: Callable[[], T]) -> T:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return ask()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        # OAuth errors have a description instead of AWS's message.
        said = error.response.get("error_description") or error.response.get("Error", {}).get("Message")
        raise _Refused(code, quotable(str(said or code)).rstrip(".")) from None
    except BotoCoreError as error:
        raise SsoUnreachable(f"IAM Identity Center in {region} can't be asked: {described(error)}") from None
