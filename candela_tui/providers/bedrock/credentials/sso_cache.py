"""Read and write the IAM Identity Center tokens that AWS's own tools share in ``~/.aws/sso/cache``.

botocore and the AWS CLI name the file by the SHA-1 of the sso-session's name, or else of the start URL. They renew its
token if it has a refresh token (botocore.tokens.SSOTokenProvider, botocore.utils.SSOTokenLoader).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from candela_tui.providers.bedrock.credentials.sso import SsoToken

_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class SsoSession:
    """The SSO configuration that a profile signs in with."""

    start_url: str
    region: str
    name: str | None
    """The name of the sso-session. None if the profile has the start URL itself: its token can't be renewed."""
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CachedSignIn:
    """The state of a cached sign-in."""

    until: datetime | None
    """When the token expires, or None if there is none."""
    renews: bool
    """Whether botocore can renew it."""

    def holds(self, now: datetime) -> bool:
        """Return whether the sign-in can provide keys at the given time."""
        return self.renews or (self.until is not None and now < self.until)


def cached(session: SsoSession, now: datetime) -> CachedSignIn:
    """Return the cached sign-in of a session. Blocks."""
    from botocore.exceptions import SSOTokenLoadError
    from botocore.utils import SSOTokenLoader

    try:
        token = SSOTokenLoader(_cache())(session.start_url, session_name=session.name)
    except (SSOTokenLoadError, KeyError):
        return CachedSignIn(None, renews=False)
    client_ends = _time(token.get("registrationExpiresAt"))
    renews = session.name is not None and bool(token.get("refreshToken")) and client_ends is not None
    return CachedSignIn(_time(token["expiresAt"]), renews=renews and client_ends is not None and now < client_ends)


def write(session: SsoSession, token: SsoToken) -> None:
    """Write a token where botocore and the AWS CLI find it. Blocks. Raises OSError."""
    from botocore.utils import SSOTokenLoader

    document = {
        "startUrl": session.start_url,
        "region": session.region,
        "accessToken": token.access_token,
        "expiresAt": _text(token.ends),
        "clientId": token.client_id,
        "clientSecret": token.client_secret,
        "registrationExpiresAt": _text(token.client_ends),
    }
    if token.refresh_token is not None:
        document["refreshToken"] = token.refresh_token
    SSOTokenLoader(_cache()).save_token(session.start_url, document, session_name=session.name)


def _cache() -> Any:
    from botocore.utils import JSONFileCache

    return JSONFileCache(str(Path("~/.aws/sso/cache").expanduser()))


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(_TIME)


def _time(text: object) -> datetime | None:
    try:
        # Version 1 of the AWS CLI writes the time zone as UTC.
        time = datetime.fromisoformat(str(text).replace("UTC", "Z"))
    except ValueError:
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
