"""AWS: keys for Bedrock."""

import logging
import os
from collections.abc import Mapping

from candela_tui.config.places import aws_profile, aws_region
from candela_tui.config.settings import AwsSettings
from candela_tui.credentials.aws_chain import profile_region, signing_keys
from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.keys import BearerKey as BearerKey
from candela_tui.credentials.keys import Keys as Keys
from candela_tui.credentials.keys import SigningKeys as SigningKeys
from candela_tui.credentials.shared import Lease, SameAgain, Shared

_API_KEY = "AWS_BEARER_TOKEN_BEDROCK"
# Time for a command that wants a key touched.
_LIMIT_S = 60.0
# EC2 has new keys at least five minutes before the old ones end (EC2 user guide, "Retrieve security credentials").
_AHEAD_S = 300.0

# What botocore warns of is in the words of CredentialsError, without tracebacks and what commands print.
logging.getLogger("botocore").setLevel(logging.ERROR)


class AwsCredentials:
    """Keys for Bedrock: the API key of ``AWS_BEARER_TOKEN_BEDROCK``, else whatever botocore finds (environment,
    profiles, SSO, assumed roles, processes, containers, IMDS)."""

    def __init__(
        self, settings: AwsSettings, environ: Mapping[str, str] = os.environ, *, limit_s: float = _LIMIT_S
    ) -> None:
        """``environ`` chooses region and API key; botocore itself reads the environment of the process.
        Nothing waits longer than ``limit_s`` for what gives them."""
        self._settings = settings
        self._environ = environ
        self._calls = BlockingCalls("AWS credentials", limit_s)
        self._shared: Shared[Keys] = Shared(self._fetch, ahead_s=_AHEAD_S)

    async def keys(self) -> Keys:
        """Keys that still have time. Raises CredentialsError."""
        if api_key := self._environ.get(_API_KEY):
            return BearerKey(api_key)
        return await self._shared.get()

    async def renewed(self, refused: Keys) -> Keys:
        """Other keys than those that AWS refused; the files are read anew. Raises CredentialsError."""
        if isinstance(refused, BearerKey):
            raise CredentialsError(
                f"AWS refused the API key of {_API_KEY}: set it to one that is valid and start candela again"
            )
        try:
            return await self._shared.renewed(refused)
        except SameAgain:
            profile = aws_profile(self._settings, self._environ) or "default"
            raise CredentialsError(
                f"AWS refused the keys of the profile {profile}, and they are still what is configured: renew them, "
                "such as with `aws sso login` or `aws configure`; candela then takes the new ones"
            ) from None

    async def region(self) -> str | None:
        """The region: of the settings, of the environment, else of the profile. Raises CredentialsError where only a
        profile that can't be read could tell."""
        if configured := aws_region(self._settings, self._environ):
            return configured
        return await self._calls.run(lambda: profile_region(self._settings.profile))

    async def close(self) -> None:
        """End what is under way."""
        await self._shared.close()

    async def _fetch(self) -> Lease[Keys]:
        region = aws_region(self._settings, self._environ)
        return await self._calls.run(lambda: signing_keys(self._settings.profile, region))
