"""An access token from application default credentials, or from what candela's own sign-in keeps.

Everything here blocks, and loads google-auth when it is called: a third of a second of imports, which direct users
never pay and the loop does not wait for.
"""

import json
import logging
import warnings
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from candela_tui.credentials.adc import require_a_source, why_not
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.google_words import may_pass, why_no_token

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
ENTRY = "google-credentials"
"""The name in a vault of what candela's own sign-in keeps: JSON as in files of application default credentials."""
LOGIN = "`candela auth login --provider gcp`"

_CALL_LIMIT_S = 10.0

# What google-auth warns of is in the words of CredentialsError, without answers' bodies.
logging.getLogger("google.auth").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class GoogleToken:
    """An access token, and what its credentials tell beside it."""

    token: str = field(repr=False)
    ends: float | None
    """Seconds since the epoch."""
    project: str | None = None
    """The project that the credentials belong to."""
    quota_project: str | None = None
    """The project that pays for requests."""
    account: str | None = None
    """E-mail address, where the credentials themselves tell."""


def adc_token() -> GoogleToken:
    """From whatever google-auth finds. Everything is read anew: a login in another terminal counts. Raises
    CredentialsError."""
    require_a_source()
    try:
        import google.auth

        # That user credentials have no quota project; Vertex AI takes its quota from the project in the URL.
        warnings.filterwarnings("ignore", "Your application has authenticated using end user credentials")
        request = _request()
        credentials, project = google.auth.default(scopes=[SCOPE], request=request)
        return _refreshed(credentials, project, request)
    except Exception as error:  # noqa: BLE001 - a broken file makes google-auth raise what it likes, AttributeError too
        # None of what lies behind it goes on: it may quote the file.
        raise CredentialsError(why_not(error), passing=may_pass(error)) from None


def entry_token(entry: str, what: str, mend: str = f"Run {LOGIN}.") -> GoogleToken:
    """From what candela keeps, or from a service account's file. ``what`` it is, and what ``mend`` s it, in words.
    Raises CredentialsError."""
    try:
        document = json.loads(entry)
        return _refreshed(*_credentials(document), _request())
    except Exception as error:  # noqa: BLE001 - as above
        raise CredentialsError(why_no_token(error, what, mend), passing=may_pass(error)) from None


def user_entry(client_id: str, client_secret: str, refresh_token: str, token_uri: str) -> str:
    """What is kept of a user's sign-in."""
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
        # Its own patience is two minutes.
        def __call__(
            self, url: str, method: str = "GET", body: Any = None, headers: Any = None, timeout: Any = None, **more: Any
        ) -> Any:
            patience = min(timeout or _CALL_LIMIT_S, _CALL_LIMIT_S)
            return super().__call__(url, method, body, headers, timeout=patience, **more)  # type: ignore[no-untyped-call]

    return Impatient()
