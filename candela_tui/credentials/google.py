"""Google Cloud: application default credentials."""

import os
from collections.abc import Mapping

from candela_tui.config.settings import VertexSettings


class GoogleCredentials:
    """An access token for Vertex AI, from whatever google-auth finds: a user, a service account, an impersonated
    one, workload identity, a metadata server."""

    def __init__(self, settings: VertexSettings, environ: Mapping[str, str] = os.environ) -> None:
        """``environ`` chooses the project; google-auth itself reads the environment of the process."""
        self._settings = settings
        self._environ = environ

    async def token(self) -> str:
        """An access token that still has time. Raises CredentialsError."""
        raise NotImplementedError

    async def renewed(self, refused: str) -> str:
        """Another token than the one that Google refused. Raises CredentialsError."""
        raise NotImplementedError

    async def project(self) -> str | None:
        """The project: of the settings, of the environment, else of the credentials. Raises CredentialsError where
        only they could tell and there are none."""
        raise NotImplementedError

    async def close(self) -> None:
        """End what is under way."""
