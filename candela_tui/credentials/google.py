"""Google Cloud: application default credentials, by google-auth."""

import logging
import os
import warnings
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from candela_tui.config.places import vertex_project
from candela_tui.config.settings import VertexSettings
from candela_tui.credentials.adc import may_pass, require_a_source, why_not
from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.shared import Lease, SameAgain, Shared

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_LIMIT_S = 30.0
_CALL_LIMIT_S = 10.0
# google-auth's own threshold: until then a metadata server gives the token that it gave before.
_AHEAD_S = 225.0

# What google-auth warns of is in the words of CredentialsError, without answers' bodies.
logging.getLogger("google.auth").setLevel(logging.ERROR)


class GoogleCredentials:
    """An access token for Vertex AI, from whatever google-auth finds: a user, a service account, an impersonated
    one, workload identity, a metadata server."""

    def __init__(
        self, settings: VertexSettings, environ: Mapping[str, str] = os.environ, *, limit_s: float = _LIMIT_S
    ) -> None:
        """``environ`` chooses the project; google-auth itself reads the environment of the process.
        Nothing waits longer than ``limit_s`` for what gives them."""
        self._settings = settings
        self._environ = environ
        self._calls = BlockingCalls("Google credentials", limit_s)
        self._shared = Shared(self._fetch, ahead_s=_AHEAD_S)
        self._project: str | None = None
        self.quota_project: str | None = None
        """The project that pays for requests, where the credentials of the newest token name one."""

    async def token(self) -> str:
        """An access token that still has time. Raises CredentialsError."""
        return await self._shared.get()

    async def renewed(self, refused: str) -> str:
        """Another token than the one that Google refused. Raises CredentialsError."""
        try:
            return await self._shared.renewed(refused)
        except SameAgain:
            raise CredentialsError(
                "Google refused the access token, and what gives it (a metadata server, a command) gives the same again"
            ) from None

    async def project(self) -> str | None:
        """The project: of the settings, of the environment, else of the credentials. Raises CredentialsError where
        only they could tell and there are none."""
        if configured := vertex_project(self._settings, self._environ):
            return configured
        await self._shared.get()
        return self._project

    async def close(self) -> None:
        """End what is under way."""
        await self._shared.close()

    async def _fetch(self) -> Lease[str]:
        lease, project, self.quota_project = await self._calls.run(_load)
        self._project = project or self.quota_project
        return lease


def _load() -> tuple[Lease[str], str | None, str | None]:
    """An access token, the project that its credentials belong to, and the one that they let pay. Everything is
    read anew: a login in another terminal counts."""
    require_a_source()
    try:
        return _access_token()
    except Exception as error:  # noqa: BLE001 - a broken file makes google-auth raise what it likes, AttributeError too
        # None of what lies behind it goes on: it may quote the file.
        raise CredentialsError(why_not(error), passing=may_pass(error)) from None


def _access_token() -> tuple[Lease[str], str | None, str | None]:
    # A third of a second of imports, which direct users never pay and the loop does not wait for.
    import google.auth
    from google.auth.exceptions import RefreshError
    from google.auth.transport.requests import Request

    class Impatient(Request):
        # Its own patience is two minutes.
        def __call__(
            self, url: str, method: str = "GET", body: Any = None, headers: Any = None, timeout: Any = None, **more: Any
        ) -> Any:
            patience = min(timeout or _CALL_LIMIT_S, _CALL_LIMIT_S)
            return super().__call__(url, method, body, headers, timeout=patience, **more)  # type: ignore[no-untyped-call]

    # That user credentials have no quota project; Vertex AI takes its quota from the project in the URL.
    warnings.filterwarnings("ignore", "Your application has authenticated using end user credentials")
    request = Impatient()
    credentials, project = google.auth.default(scopes=[_SCOPE], request=request)
    credentials.refresh(request)  # type: ignore[no-untyped-call]
    if credentials.token is None:
        raise RefreshError("the answer has no access token")  # type: ignore[no-untyped-call]
    ends = credentials.expiry.replace(tzinfo=UTC).timestamp() if credentials.expiry is not None else None
    return Lease(credentials.token, ends), project, credentials.quota_project_id
