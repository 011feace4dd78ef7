"""AWS: the chain of credentials that its own tools use."""

import os
from collections.abc import Mapping

from candela_tui.config.settings import AwsSettings
from candela_tui.credentials.keys import BearerKey as BearerKey
from candela_tui.credentials.keys import Keys as Keys
from candela_tui.credentials.keys import SigningKeys as SigningKeys


class AwsCredentials:
    """Keys for Bedrock: the API key of ``AWS_BEARER_TOKEN_BEDROCK``, else whatever botocore finds (environment,
    profiles, SSO, assumed roles, processes, containers, IMDS)."""

    def __init__(self, settings: AwsSettings, environ: Mapping[str, str] = os.environ) -> None:
        """``environ`` chooses region and API key; botocore itself reads the environment of the process."""
        self._settings = settings
        self._environ = environ

    async def keys(self) -> Keys:
        """Keys that still have time. Raises CredentialsError."""
        raise NotImplementedError

    async def renewed(self, refused: Keys) -> Keys:
        """Other keys than those that AWS refused; the files are read anew. Raises CredentialsError."""
        raise NotImplementedError

    async def region(self) -> str | None:
        """The region: of the settings, of the environment, else of the profile. Raises CredentialsError where only a
        profile that can't be read could tell."""
        raise NotImplementedError

    async def close(self) -> None:
        """End what is under way."""
