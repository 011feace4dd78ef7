"""Get an access token from application default credentials, or from the entry stored by candela's own sign-in.

Everything here blocks and imports google-auth when called. The imports take a third of a second, which users of other
providers are spared and which does not block the event loop.
"""

import json
import logging
import warnings
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.google.adc import require_a_source, why_not
from candela_tui.credentials.google.messages import may_pass, why_no_token
from candela_tui.credentials.web_page import require_no_web_page
from candela_tui.providers.identity import PROVIDERS, Provider

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
ENTRY = "google-credentials"
"""The vault entry of candela's own sign-in. It holds JSON in the format of application default credentials."""

_CALL_LIMIT_S = 10.0

# CredentialsError reports what google-auth warns about, without response bodies.
logging.getLogger("google.auth").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class GoogleToken:
    """An access token and the details of its credentials."""

    token: str = field(repr=False)
    ends: float | None
    """When the token expires, in seconds since the epoch, or None if unknown."""
    project: str | None = None
    """The project that the credentials belong to."""
    quota_project: str | None = None
    """The project that is billed for requests."""
    account: str | None = None
    """The account's e-mail address, if the credentials name it."""


def login_to(provider: Provider) -> str:
    """Return the command that signs in to a provider of Google's."""
    return f"`candela auth login --provider {PROVIDERS[provider].account}`"


def adc_token(login: str) -> GoogleToken:
    """Get a token from the credentials that google-auth finds. ``login`` is the command that signs in. Raises
    CredentialsError.

    Everything is read again each time, so a login in another terminal takes effect."""
    require_a_source(login)
    try:
        import google.auth

        # google-auth warns that user credentials have no quota project, but Vertex AI uses the project in the URL.
        warnings.filterwarnings("ignore", "Your application has authenticated using end user credentials")
        request = _request()
        credentials, project = google.auth.default(scopes=[SCOPE], request=request)
        return _refreshed(credentials, project, request)
    except Exception as error:  # noqa: BLE001 - a broken file makes google-auth raise any error, even AttributeError
        # The cause is dropped because it may quote the file.
        raise CredentialsError(why_not(error, login), passing=may_pass(error)) from None


def entry_token(entry: str, what: str, fix: str) -> GoogleToken:
    """Get a token from a stored entry or the content of a service account's key file. Raises CredentialsError.

    ``what`` describes the credentials and ``fix`` the fix, for error messages."""
    try:
        document = json.loads(entry)
        return _refreshed(*_credentials(document), _request())
    except Exception as error:  # noqa: BLE001 - as above
        raise CredentialsError(why_no_token(error, what, fix), passing=may_pass(error)) from None


def user_entry(client_id: str, client_secret: str, refresh_token: str, token_uri: str) -> str:
    """Return the vault entry for a user's sign-in."""
    return json.dumps(
        {
            "type": "authorized_user",
            "client_id": client_id,
            "client_secret": client_secret,
            "refresh_token": refresh_token,
            "token_uri": token_uri,
        }
    )


def _credentials(document: dict[str, Any]) -> tuple[Any, str | None]:
    from google.oauth2 import credentials, service_account

    if document["type"] == "service_account":
        of_service = service_account.Credentials.from_service_account_info(document, scopes=[SCOPE])  # type: ignore[no-untyped-call]
        return of_service, document.get("project_id")
    of_user = credentials.Credentials(  # type: ignore[no-untyped-call]
        None,
        refresh_token=document["refresh_token"],
        token_uri=document["token_uri"],
        client_id=document["client_id"],
        client_secret=document["client_secret"],
    )
    return of_user, None


def _refreshed(credentials: Any, project: str | None, request: Any) -> GoogleToken:
    from google.auth.exceptions import RefreshError

    credentials.refresh(request)
    if credentials.token is None:
        raise RefreshError("the answer has no access token")  # type: ignore[no-untyped-call]
    ends = credentials.expiry.replace(tzinfo=UTC).timestamp() if credentials.expiry is not None else None
    account = getattr(credentials, "service_account_email", None) or getattr(credentials, "account", None)
    return GoogleToken(credentials.token, ends, project, credentials.quota_project_id, account or None)


def _request() -> Any:
    from google.auth.transport.requests import Request

    class Impatient(Request):
        # google-auth's own time limit is two minutes.
        def __call__(
            self, url: str, method: str = "GET", body: Any = None, headers: Any = None, timeout: Any = None, **more: Any
        ) -> Any:
            patience = min(timeout or _CALL_LIMIT_S, _CALL_LIMIT_S)
            answer = super().__call__(url, method, body, headers, timeout=patience, **more)  # type: ignore[no-untyped-call]
            require_no_web_page(answer.status, answer.data)
            return answer

    return Impatient()
