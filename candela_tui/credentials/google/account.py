"""Ask Google who an access token belongs to, and which projects it may see. Everything here blocks."""

import json
from dataclasses import dataclass
from typing import Any, Final

from candela_tui.credentials.errors import CredentialsError, quotable
from candela_tui.credentials.google.oauth import Endpoints
from candela_tui.credentials.google.token import GoogleToken
from candela_tui.credentials.web_page import WebPage, require_no_web_page
from candela_tui.protocol.errors import error_from_body

_LIMIT_S: Final = 10.0
_PAGE: Final = 200
_MOST_PAGES: Final = 5


@dataclass(frozen=True, slots=True)
class Project:
    """The id and display name of a Google Cloud project."""

    id: str
    name: str


def account_of(token: GoogleToken, endpoints: Endpoints) -> str | None:
    """Return the e-mail address of a token's account, or None if it is unknown. Raises CredentialsError if Google
    refuses the token or can't be reached."""
    if token.account:
        return token.account
    # Send the token in the body: in a URL it would end up in the logs of proxies along the way.
    answer = _asked("POST", endpoints.token_info, data={"access_token": token.token})
    email = answer.get("email")
    return email if isinstance(email, str) else None


def projects_of(token: GoogleToken, endpoints: Endpoints) -> list[Project]:
    """Return up to a thousand active projects that the account can see, sorted by name. Raises CredentialsError.

    Source: https://cloud.google.com/resource-manager/reference/rest/v3/projects/search.
    """
    headers = {"Authorization": f"Bearer {token.token}"}
    if payer := token.quota_project:
        headers["x-goog-user-project"] = payer
    found: list[Project] = []
    page = ""
    for _ in range(_MOST_PAGES):
        parameters = {"query": "state:ACTIVE", "pageSize": str(_PAGE), **({"pageToken": page} if page else {})}
        answer = _asked("GET", endpoints.projects, headers=headers, params=parameters)
        listed = answer.get("projects", [])
        found += [
            Project(project["projectId"], str(project.get("displayName") or ""))
            for project in (listed if isinstance(listed, list) else [])
            if isinstance(project, dict) and isinstance(project.get("projectId"), str)
        ]
        page = str(answer.get("nextPageToken") or "")
        if not page:
            break
    return sorted(found, key=lambda project: (project.name.lower(), project.id))


def revoke(entry: str, endpoints: Endpoints) -> bool:
    """Revoke the refresh token in a stored entry, and return whether Google revoked it.

    False if the entry has no refresh token or it was no longer valid. Raises CredentialsError if Google can't be
    reached."""
    try:
        document = json.loads(entry)
    except ValueError:
        return False
    refresh_token = document.get("refresh_token") if isinstance(document, dict) else None
    if not refresh_token:
        return False
    status, _ = _sent("POST", endpoints.revoke, data={"token": refresh_token})
    return status < 400


def _asked(method: str, url: str, **more: Any) -> dict[str, Any]:
    status, body = _sent(method, url, **more)
    try:
        require_no_web_page(status, body)
    except WebPage as page:
        raise CredentialsError(f"{url}: {page}") from None
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if status >= 400:
        described = document.get("error_description") if isinstance(document, dict) else None
        words = described if isinstance(described, str) else error_from_body(status, body).message
        raise CredentialsError(f"Google says {status}: {quotable(words)}")
    if not isinstance(document, dict):
        raise CredentialsError(f"{url} did not answer with a JSON object")
    return document


def _sent(method: str, url: str, **more: Any) -> tuple[int, bytes]:
    import requests

    try:
        answer = requests.request(method, url, timeout=_LIMIT_S, allow_redirects=False, **more)
    except requests.RequestException as error:
        # The error's text may contain the data that was sent.
        raise CredentialsError(
            f"{url} is out of reach ({type(error).__name__}). Check the network and HTTPS_PROXY."
        ) from None
    return answer.status_code, answer.content
