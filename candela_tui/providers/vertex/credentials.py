"""The Google credentials, project and region for Vertex AI."""

import os
from collections.abc import Mapping
from pathlib import Path

from candela_tui.config.places import vertex_project, vertex_region
from candela_tui.config.settings import VertexSettings
from candela_tui.credentials.accounts import Accounts
from candela_tui.credentials.google.tokens import LIMIT_S, GoogleTokens
from candela_tui.credentials.settings_file import SettingsFile
from candela_tui.credentials.state import TellState
from candela_tui.providers.identity import Provider


class GoogleCredentials(GoogleTokens):
    """Provides access tokens, and the project and region to use them in."""

    def __init__(
        self,
        settings: VertexSettings,
        environ: Mapping[str, str] = os.environ,
        *,
        accounts: Accounts | None = None,
        vault_file: Path | None = None,
        config: Path | None = None,
        tell: TellState | None = None,
        limit_s: float = LIMIT_S,
    ) -> None:
        """``environ`` may set the project; google-auth itself reads the environment of the process. ``config`` is the
        file of ``settings``, from which changes of project and region are read. See GoogleTokens for the others."""
        super().__init__(Provider.VERTEX, accounts=accounts, vault_file=vault_file, tell=tell, limit_s=limit_s)
        self._settings = SettingsFile(config, settings, lambda all_: all_.vertex)
        self._environ = environ

    async def project(self) -> str | None:
        """Return the project from the settings, the environment or else the credentials, or None if none names it.

        Raises CredentialsError if the credentials are needed and can't be used."""
        if configured := vertex_project(await self._settings.now(), self._environ):
            return configured
        return await self.own_project()

    async def region(self) -> str:
        """Return the Vertex AI location from the settings or the environment, or else ``global``."""
        return vertex_region(await self._settings.now(), self._environ)
