"""Provide the AWS keys that all requests to Bedrock share."""

import os
from collections.abc import Mapping
from pathlib import Path

from candela_tui.config.places import aws_profile
from candela_tui.config.settings import AwsSettings
from candela_tui.credentials.accounts import Account, Accounts
from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.cached import Lease, SameAgain, Shared
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.settings_file import SettingsFile
from candela_tui.credentials.state import Standing, TellState, told_as
from candela_tui.credentials.vault.choice import Vault, open_vault, passphrase_of
from candela_tui.providers.bedrock.credentials.chain import profile_region
from candela_tui.providers.bedrock.credentials.keys import BearerKey as BearerKey
from candela_tui.providers.bedrock.credentials.keys import Keys as Keys
from candela_tui.providers.bedrock.credentials.keys import SigningKeys as SigningKeys
from candela_tui.providers.bedrock.credentials.messages import SIGN_IN
from candela_tui.providers.bedrock.credentials.source import API_KEY, Source, keys_from, source_of
from candela_tui.providers.identity import Provider

# Leaves time for a command that needs a touch of a security key, or for a keyring that asks the user to unlock it.
_LIMIT_S = 60.0
# EC2 provides new keys at least five minutes before the old ones expire (EC2 user guide, "Retrieve security
# credentials").
_AHEAD_S = 300.0


class AwsCredentials:
    """Provides keys for Bedrock from the first source that has any (see ``source``).

    A new sign-in, profile or region takes effect with the next request."""

    def __init__(
        self,
        settings: AwsSettings,
        environ: Mapping[str, str] = os.environ,
        *,
        limit_s: float = _LIMIT_S,
        accounts: Accounts | None = None,
        vault_file: Path | None = None,
        config: Path | None = None,
        tell: TellState | None = None,
        provider: Provider = Provider.BEDROCK,
        signs: bool = False,
    ) -> None:
        """``environ`` may set the region and API key; botocore itself reads the environment of the process. A fetch may
        take up to ``limit_s`` seconds. Without ``accounts`` and ``vault_file`` there is no sign-in. ``config`` is the
        file of ``settings``. ``tell`` is called whenever the state of the keys changes, as that of ``provider``.
        ``signs``: an API key of Bedrock is of no use."""
        self._settings = SettingsFile(config, settings, lambda all_: all_.aws)
        self._environ = environ
        self._accounts = accounts
        self._signs = signs
        self._vault_file = vault_file
        self._on_state = told_as(provider, tell)
        self._calls = BlockingCalls("AWS credentials", limit_s)
        self._source = Source()
        self._shared = self._of(self._source)
        self._former: list[Shared[Keys]] = []
        self._profile_region: tuple[Source, str] | None = None

    async def keys(self) -> Keys:
        """Return keys that are still valid. Raises CredentialsError."""
        while True:
            shared = await self._current()
            try:
                return await shared.get()
            except CredentialsError:
                # The user may have signed in meanwhile.
                if await self._current() is shared:
                    raise

    async def renewed(self, refused: Keys) -> Keys:
        """Read the files again and return keys other than those that AWS refused. Raises CredentialsError."""
        try:
            return await (await self._current()).renewed(refused)
        except SameAgain:
            raise CredentialsError(await self._refused()) from None

    async def region(self) -> str | None:
        """Return the region from the settings, the environment or else the profile, or None if none names it.

        Raises CredentialsError if the profile is needed and can't be read."""
        await self._current()
        source = self._source
        if source.region is not None:
            return source.region
        if self._profile_region is not None and self._profile_region[0] == source:
            return self._profile_region[1]
        found = await self._calls.run(lambda: profile_region(source.profile))
        if found is not None:
            self._profile_region = source, found
        return found

    async def close(self) -> None:
        """Cancel all current fetches."""
        for shared in (*self._former, self._shared):
            await shared.close()

    async def _current(self) -> Shared[Keys]:
        source = source_of(await self._settings.now(), self._environ, self._accounts, signs=self._signs)
        if source != self._source:
            # Requests that wait for the former source keep waiting: the user may be busy with a browser or a keyring.
            self._former.append(self._shared)
            self._source, self._shared = source, self._of(source)
        return self._shared

    def _of(self, source: Source) -> Shared[Keys]:
        async def fetch() -> Lease[Keys]:
            return await self._calls.run(lambda: keys_from(source, self._vault))

        def on_state(standing: Standing, ends: float | None, words: str) -> None:
            if source == self._source:
                soon = standing is Standing.EXPIRES_SOON and not words
                self._on_state(standing, ends, f"nothing renews these keys: run {SIGN_IN}" if soon else words)

        return Shared(fetch, ahead_s=_AHEAD_S, on_state=on_state)

    def _vault(self, account: Account) -> Vault:
        assert self._vault_file is not None
        return open_vault(account.store, self._vault_file, passphrase_of)

    async def _refused(self) -> str:
        source = self._source
        if source.api_key is not None:
            return f"AWS refused the API key of {API_KEY}: set it to one that is valid and start candela again"
        if source.account is not None:
            return f"AWS refused what candela signed in with ({source.account.label}): run {SIGN_IN}"
        profile = aws_profile(await self._settings.now(), self._environ) or "default"
        return (
            f"AWS refused the keys of the profile {profile}, and they are still what is configured: renew them, "
            f"such as with {SIGN_IN} or `aws configure`; candela then takes the new ones"
        )
