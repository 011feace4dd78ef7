"""Authorize requests to Foundry with an API key, or else with an access token of Microsoft Entra ID."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from candela_tui.config import FoundrySettings
from candela_tui.credentials.api_key import ApiKey
from candela_tui.credentials.owner import Accepts, Owner
from candela_tui.credentials.settings_file import SettingsFile
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.foundry.endpoint import foundry_endpoint
from candela_tui.providers.foundry.entra import EntraTokens
from candela_tui.providers.pass_through import Endpoint
from candela_tui.providers.upstream import ProviderRequest


@dataclass(frozen=True, slots=True)
class FoundryCredential:
    """An API key or an access token."""

    secret: str = field(repr=False)
    is_key: bool


class FoundrySigner:
    """Authorizes requests. A change of the resource in config.toml takes effect at once."""

    accepts = Accepts(frozenset({"api-key", "authorization", "x-api-key"}), Owner.AZURE)

    def __init__(
        self,
        settings: SettingsFile[FoundrySettings],
        key: ApiKey | None,
        tokens: EntraTokens,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Takes ownership of ``key`` and ``tokens``. Without ``key`` there is no API key."""
        self._settings = settings
        self._key = key
        self._tokens = tokens
        self._environ = environ

    async def endpoint(self, path: str) -> Endpoint:
        """Return the endpoint of the resource. Raises ValueError."""
        return Endpoint(foundry_endpoint(await self._settings.now(), self._environ))

    async def credentials(self) -> FoundryCredential:
        """Return the key if there is one, or else a token. Raises CredentialsError."""
        key = await self._key.get() if self._key is not None else None
        if key is not None:
            return FoundryCredential(key, is_key=True)
        return FoundryCredential(await self._tokens.token(), is_key=False)

    async def renewed(self, refused: FoundryCredential) -> FoundryCredential:
        """Return another key or token than the refused one. Raises CredentialsError."""
        if refused.is_key and self._key is not None:
            return FoundryCredential(await self._key.renewed(refused.secret), is_key=True)
        return FoundryCredential(await self._tokens.renewed(refused.secret), is_key=False)

    async def signed(self, request: ProviderRequest, credentials: FoundryCredential, region: str | None) -> HeaderList:
        """Return the header fields, which are those of Anthropic's SDK: gateways may read either name of a key."""
        if credentials.is_key:
            return [("x-api-key", credentials.secret), ("api-key", credentials.secret)]
        return [("Authorization", f"Bearer {credentials.secret}")]

    def refuses(self, credentials: FoundryCredential, status: int, headers: HeaderList, body: bytes) -> bool:
        """Return whether Foundry refused the key or token."""
        return status == 401

    async def close(self) -> None:
        """Close the key and the tokens."""
        if self._key is not None:
            await self._key.close()
        await self._tokens.close()
