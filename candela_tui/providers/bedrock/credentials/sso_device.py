"""Sign in to IAM Identity Center with a code that the user confirms in a browser on any machine (RFC 8628).

Source: https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_StartDeviceAuthorization.html. Everything
here blocks in botocore.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from candela_tui.credentials.errors import CredentialsError, quotable
from candela_tui.providers.bedrock.credentials.sso import SCOPES, SsoClient, SsoToken, first_token, register
from candela_tui.providers.bedrock.credentials.sso_calls import SsoRefused, sso_call, sso_client

_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"


class UnknownStartUrl(CredentialsError):
    """IAM Identity Center in a region does not know the start URL."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """A sign-in that waits for the user to confirm its code."""

    region: str
    url: str
    """The URL to open, which includes the code if the service provides such a link."""
    code: str
    interval_s: float
    ends: float
    client: SsoClient
    device_code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotYet:
    """The user has not entered the code yet."""

    slow_down: bool
    """Whether the service asks for less frequent polling."""


def begin(start_url: str, region: str, scopes: Sequence[str] = SCOPES) -> Authorization:
    """Start a sign-in. Without scopes its token can't be renewed. Raises UnknownStartUrl, CredentialsError."""
    oidc = sso_client("sso-oidc", region)
    registered = register(oidc, region, scopes)
    try:
        begun = sso_call(
            region,
            lambda: oidc.start_device_authorization(
                startUrl=start_url, clientId=registered.id, clientSecret=registered.secret
            ),
        )
    except SsoRefused as refused:
        raise UnknownStartUrl(
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
        client=registered,
        device_code=begun["deviceCode"],
    )


def token_for(waiting: Authorization) -> SsoToken | NotYet:
    """Request the token once. Raises SsoUnreachable, or CredentialsError if the sign-in has failed."""
    oidc = sso_client("sso-oidc", waiting.region)
    try:
        return first_token(oidc, waiting.region, waiting.client, _GRANT, deviceCode=waiting.device_code)
    except SsoRefused as refused:
        if refused.code in ("AuthorizationPendingException", "SlowDownException"):
            return NotYet(refused.code == "SlowDownException")
        if refused.code == "ExpiredTokenException":
            raise code_ended() from None
        if refused.code == "AccessDeniedException":
            raise CredentialsError("the sign-in to AWS was denied in the browser") from None
        raise CredentialsError(f"IAM Identity Center did not sign you in: {refused}") from None


def code_ended() -> CredentialsError:
    """Return the error for a code that was not confirmed in time."""
    return CredentialsError("the code was not confirmed in time: begin the sign-in to AWS again")
