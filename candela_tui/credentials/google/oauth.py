"""Google's OAuth for installed apps: the consent link, the code that comes back, and its exchange for tokens.

Each consent uses PKCE and a random ``state`` (RFC 7636, RFC 8252,
https://developers.google.com/identity/protocols/oauth2/native-app). Google's device flow does not offer the scope
cloud-platform (https://developers.google.com/identity/protocols/oauth2/limited-input-device#allowedscopes), so a user
whose browser runs on another machine pastes the URL at which the browser ended up.
"""

import logging
from dataclasses import dataclass, field
from typing import Any, Final

from candela_tui.credentials.errors import CredentialsError, quotable
from candela_tui.credentials.google.messages import unreachable_in
from candela_tui.credentials.google.token import SCOPE, GoogleToken, user_entry

_SCOPES: Final = ["openid", "https://www.googleapis.com/auth/userinfo.email", SCOPE]
_CALL_LIMIT_S: Final = 10.0

# These libraries log tokens at level DEBUG.
for _name in ("requests_oauthlib", "oauthlib"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The URLs of Google's OAuth and project services."""

    authorize: str = "https://accounts.google.com/o/oauth2/v2/auth"
    token: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    token_info: str = "https://oauth2.googleapis.com/tokeninfo"  # noqa: S105 - an address
    revoke: str = "https://oauth2.googleapis.com/revoke"
    projects: str = "https://cloudresourcemanager.googleapis.com/v3/projects:search"


@dataclass(frozen=True, slots=True)
class Client:
    """An OAuth client of type Desktop app."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """The tokens that a consent resulted in."""

    entry: str = field(repr=False)
    """The secret to store in the vault."""
    token: GoogleToken
    """The first access token. Its account is the user's e-mail address, if Google returned it."""


class Consent:
    """A request for the user's consent. Its methods block."""

    def __init__(self, client: Client, endpoints: Endpoints, redirect_uri: str) -> None:
        from google_auth_oauthlib.flow import Flow

        config = {
            "client_id": client.id,
            "client_secret": client.secret,
            "auth_uri": endpoints.authorize,
            "token_uri": endpoints.token,
        }
        self._client = client
        self._token_uri = endpoints.token
        self._flow = Flow.from_client_config({"installed": config}, _SCOPES, redirect_uri=redirect_uri)
        # Without prompt=consent, a second sign-in with the same client returns no refresh token.
        self.link, self.state = self._flow.authorization_url(prompt="consent")

    def exchange(self, code: str) -> Grant:
        """Exchange the code for tokens. Raises CredentialsError."""
        granted = self._granted(code)
        scopes = granted.get("scope", _SCOPES)
        if SCOPE not in (scopes.split() if isinstance(scopes, str) else scopes):
            raise CredentialsError(
                "the consent leaves out Google Cloud (the scope cloud-platform), which Vertex AI needs: sign in again, "
                "and tick it on Google's page"
            )
        if not granted.get("refresh_token"):
            raise CredentialsError(
                "Google gave no refresh token, so the sign-in would end within the hour: remove the app at "
                "https://myaccount.google.com/connections and sign in again"
            )
        account = _email(granted.get("id_token"))
        ends = granted.get("expires_at")
        token = GoogleToken(granted["access_token"], float(ends) if ends is not None else None, account=account)
        return Grant(user_entry(self._client.id, self._client.secret, granted["refresh_token"], self._token_uri), token)

    def _granted(self, code: str) -> dict[str, Any]:
        from oauthlib.oauth2 import OAuth2Error
        from requests.exceptions import RequestException

        try:
            # Send the client's id and secret in the body, as Google documents it.
            return dict(self._flow.fetch_token(code=code, include_client_id=True, timeout=_CALL_LIMIT_S))
        except Warning as warning:
            # oauthlib raises a plain Warning if the user consented to scopes other than those requested.
            token = getattr(warning, "token", None)
            if not isinstance(token, dict):
                raise CredentialsError("Google's answer can't be used: it has no token") from None
            return token
        except OAuth2Error as error:
            raise CredentialsError(refusal(error.error or "", error.description or "")) from None
        except RequestException as error:
            words = unreachable_in(error) or "candela could not reach Google. Check the network and HTTPS_PROXY."
            raise CredentialsError(words) from None
        except ValueError:
            raise CredentialsError("Google's answer can't be used: it is not what Google documents") from None


def refusal(error: str, description: str) -> str:
    """Return the message for an error of Google's OAuth."""
    said = quotable(f"{error}: {description}" if description else error)
    if error == "access_denied":
        return f"Google says that consent was denied ({said}). Nothing was signed in."
    if error in ("invalid_client", "unauthorized_client", "deleted_client", "redirect_uri_mismatch"):
        return (
            f"Google refused the OAuth client ({said}): check [vertex] oauth_client_id and oauth_client_secret in "
            "config.toml; the client's type must be Desktop app"
        )
    if error == "invalid_grant":
        return f"Google refused the code ({said}): it was used before, or is too old. Sign in again."
    return f"Google refused the sign-in: {said}"


def _email(id_token: object) -> str | None:
    """Return the e-mail address in an ID token, or None.

    The token came from the token endpoint over TLS, so its signature need not be checked (OpenID Connect Core
    3.1.3.7)."""
    from google.auth import jwt

    try:
        claims = jwt.decode(id_token, verify=False)  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, AttributeError):
        return None
    email = claims.get("email")
    return email if isinstance(email, str) else None
