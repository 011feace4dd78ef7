"""Authorize requests to Claude on Google Cloud with Google's access tokens."""

import os
from collections.abc import Mapping
from dataclasses import replace

from candela_tui.config import ClaudeGoogleCloudSettings
from candela_tui.credentials.google.tokens import GoogleTokens
from candela_tui.credentials.owner import Accepts, Owner
from candela_tui.credentials.settings_file import SettingsFile
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.claude_google_cloud.endpoint import configured_place, endpoint_url
from candela_tui.providers.pass_through import Endpoint
from candela_tui.providers.upstream import ProviderRequest


class GoogleSigner:
    """Authorizes requests. A change of project or workspace in config.toml takes effect at once."""

    accepts = Accepts(frozenset({"authorization"}), Owner.GOOGLE)

    def __init__(
        self,
        settings: SettingsFile[ClaudeGoogleCloudSettings],
        tokens: GoogleTokens,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Takes ownership of ``tokens``."""
        self._settings = settings
        self._tokens = tokens
        self._environ = environ

    async def endpoint(self, path: str) -> Endpoint:
        """Return the endpoint for a path. Raises ValueError, or CredentialsError if only the credentials could name the
        project and can't be used."""
        settings = await self._settings.now()
        place = configured_place(settings, self._environ)
        if settings.base_url is not None:
            return Endpoint(settings.base_url, place.location)
        if place.project is None:
            place = replace(place, project=await self._tokens.own_project())
        return Endpoint(endpoint_url(place, path), place.location)

    async def credentials(self) -> str:
        """Return an access token that is still valid. Raises CredentialsError."""
        return await self._tokens.token()

    async def renewed(self, refused: str) -> str:
        """Return a token other than the one that Google refused. Raises CredentialsError."""
        return await self._tokens.renewed(refused)

    async def signed(self, request: ProviderRequest, credentials: str, region: str | None) -> HeaderList:
        """Return the header field of the token."""
        return [("Authorization", f"Bearer {credentials}")]

    def refuses(self, credentials: str, status: int, headers: HeaderList, body: bytes) -> bool:
        """Return whether Google refused the token."""
        return status == 401

    async def close(self) -> None:
        """Close the tokens."""
        await self._tokens.close()
