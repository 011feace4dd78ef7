"""Sign in to IAM Identity Center in this machine's browser: an authorization code with PKCE (RFC 7636, RFC 8252).

As the AWS CLI does by default. Sources:
https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html, and the class SSOTokenFetcherAuth
of the AWS CLI 2.34 for the request to ``/authorize``, which AWS does not document. Everything here blocks in botocore.
"""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from candela_tui.credentials.errors import CredentialsError, quotable
from candela_tui.providers.bedrock.credentials.sso import SsoClient, SsoToken, first_token, register
from candela_tui.providers.bedrock.credentials.sso_calls import SsoRefused, sso_client

CALLBACK: Final = "/oauth/callback"
"""The path of the redirect URI. AWS accepts it with any port of the loopback address."""
_GRANT: Final = "authorization_code"


@dataclass(frozen=True, slots=True)
class BrowserSignIn:
    """A sign-in that waits for the browser to come back."""

    region: str
    link: str
    state: str
    redirect_uri: str
    client: SsoClient
    verifier: str = field(repr=False)


def begin(start_url: str, region: str, scopes: Sequence[str], redirect_uri: str) -> BrowserSignIn:
    """Start a sign-in that redirects the browser to ``redirect_uri``. Raises CredentialsError."""
    oidc = sso_client("sso-oidc", region)
    client = register(
        oidc,
        region,
        scopes,
        grantTypes=[_GRANT, "refresh_token"],
        redirectUris=[f"http://127.0.0.1{CALLBACK}"],
        issuerUrl=start_url,
    )
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    query = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": redirect_uri,
        "state": state,
        "code_challenge_method": "S256",
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("="),
        "scopes": " ".join(scopes),
    }
    link = f"{oidc.meta.endpoint_url}/authorize?{urlencode(query)}"
    return BrowserSignIn(region, link, state, redirect_uri, client, verifier)


def token_for(begun: BrowserSignIn, code: str) -> SsoToken:
    """Exchange the code for the token. Raises CredentialsError."""
    oidc = sso_client("sso-oidc", begun.region)
    try:
        return first_token(
            oidc,
            begun.region,
            begun.client,
            _GRANT,
            code=code,
            codeVerifier=begun.verifier,
            redirectUri=begun.redirect_uri,
        )
    except SsoRefused as refused:
        raise CredentialsError(
            f"IAM Identity Center did not accept the browser's answer: {refused}. Begin the sign-in to AWS again"
        ) from None


def refusal(error: str, description: str) -> str:
    """Return the message for an error with which the browser came back."""
    if error == "access_denied":
        return "the sign-in to AWS was denied in the browser"
    said = quotable(f"{error}: {description}" if description else error)
    return f"IAM Identity Center did not sign you in: {said}"
