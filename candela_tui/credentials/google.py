"""Google Cloud: what candela's own sign-in keeps, else application default credentials, by google-auth."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from candela_tui.config.places import vertex_project, vertex_region
from candela_tui.config.settings import VertexSettings
from candela_tui.credentials.accounts import Account, Accounts
from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.google_token import ENTRY, LOGIN, GoogleToken, adc_token, entry_token
from candela_tui.credentials.settings_file import SettingsFile
from candela_tui.credentials.shared import Lease, OnState, SameAgain, Shared
from candela_tui.credentials.state import TellState, told_as
from candela_tui.credentials.vault.choice import open_vault, passphrase_of
from candela_tui.credentials.vault.errors import VaultError

NAME = "gcp"
"""Of the account."""

_LIMIT_S = 30.0
# google-auth's own threshold: until then a metadata server gives the token that it gave before.
_AHEAD_S = 225.0
_LOOK_S = 0.5
"""How often a fetch that hangs looks whether its user has signed in anew meanwhile."""


class GoogleCredentials:
    """An access token for Vertex AI: of the account that its user signed in to with candela, else from whatever
    google-auth finds: a user, a service account, an impersonated one, workload identity, a metadata server.

    A sign-in or sign-out counts from the next request on, and for those that wait.
    """

    def __init__(
        self,
        settings: VertexSettings,
        environ: Mapping[str, str] = os.environ,
        *,
        accounts: Accounts | None = None,
        vault_file: Path | None = None,
        config: Path | None = None,
        tell: TellState | None = None,
        limit_s: float = _LIMIT_S,
    ) -> None:
        """``environ`` chooses the project; google-auth itself reads the environment of the process. Without
        ``accounts`` and ``vault_file`` nobody has signed in with candela. ``config`` is the file that ``settings`` are
        from: project and region hold as they are there now. ``tell`` is called whenever they stand otherwise. Nothing
        waits longer than ``limit_s`` for what gives them."""
        self._settings = SettingsFile(config, settings, lambda all_: all_.vertex)
        self._environ = environ
        self._accounts = accounts
        self._vault_file = vault_file
        self._on_state = told_as(NAME, tell)
        self._limit_s = limit_s
        self._closed = False
        self._source = self._source_of(None)

    @property
    def quota_project(self) -> str | None:
        """The project that pays for requests, where the credentials of the newest token name one."""
        return self._source.newest.quota_project if self._source.newest is not None else None

    async def token(self) -> str:
        """An access token that still has time. Raises CredentialsError."""
        return await self._of_account(lambda shared: shared.get())

    async def renewed(self, refused: str) -> str:
        """Another token than the one that Google refused. Raises CredentialsError."""
        try:
            return await self._of_account(lambda shared: shared.renewed(refused))
        except SameAgain:
            raise CredentialsError(
                "Google refused the access token, and what gives it (a metadata server, a command) gives the same again"
            ) from None

    async def project(self) -> str | None:
        """The project: of the settings, of the environment, else of the credentials. Raises CredentialsError where
        only they could tell and there are none."""
        if configured := vertex_project(await self._settings.now(), self._environ):
            return configured
        await self.token()
        newest = self._source.newest
        return newest.project or newest.quota_project if newest is not None else None

    async def region(self) -> str:
        """The location on Vertex AI: of the settings, of the environment, else global."""
        return vertex_region(await self._settings.now(), self._environ)

    async def close(self) -> None:
        """End what is under way."""
        self._closed = True
        await self._source.shared.close()

    async def _of_account(self, ask: Callable[[Shared[str]], Awaitable[str]]) -> str:
        while True:
            account = self._account()
            source = self._source
            if account != source.account and not self._closed:
                before, self._source = source, self._source_of(account)
                source = self._source
                await before.shared.close()
            try:
                return await ask(source.shared)
            except CredentialsError:
                if self._closed or self._account() == source.account:
                    raise

    def _account(self) -> Account | None:
        return self._accounts.of(NAME) if self._accounts is not None else None

    def _source_of(self, account: Account | None) -> "_Source":
        vault_file = self._vault_file
        if account is None or vault_file is None:
            load = adc_token
        else:
            signed_in = account

            def load() -> GoogleToken:
                return _kept(signed_in, vault_file)

        return _Source(account, load, lambda: self._account() != account, self._limit_s, self._on_state)


class _Source:
    """The tokens of one account."""

    def __init__(
        self,
        account: Account | None,
        load: Callable[[], GoogleToken],
        is_over: Callable[[], bool],
        limit_s: float,
        on_state: OnState,
    ) -> None:
        """``account`` None: application default credentials. ``is_over``: whether another account counts now."""
        self.account = account
        self.newest: GoogleToken | None = None
        self._load = load
        self._is_over = is_over
        self._calls = BlockingCalls("Google credentials", limit_s)
        self.shared = Shared(self._fetch, ahead_s=_AHEAD_S, on_state=on_state)

    async def _fetch(self) -> Lease[str]:
        loading = asyncio.ensure_future(self._calls.run(self._load))
        try:
            while not (await asyncio.wait({loading}, timeout=_LOOK_S))[0]:
                if self._is_over():
                    raise CredentialsError("signed in anew meanwhile")
            self.newest = loading.result()
        finally:
            loading.cancel()
        return Lease(self.newest.token, self.newest.ends)


def _kept(account: Account, vault_file: Path) -> GoogleToken:
    try:
        entry = open_vault(account.store, vault_file, passphrase_of).read(ENTRY)
    except VaultError as error:
        raise CredentialsError(str(error)) from None
    if entry is None:
        raise CredentialsError(f"{account.place} no longer has the sign-in of {account.label}: run {LOGIN}")
    return entry_token(entry, account.label)
