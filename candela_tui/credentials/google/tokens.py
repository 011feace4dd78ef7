"""Get access tokens of Google from candela's own sign-in, or else from application default credentials."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from candela_tui.credentials.accounts import Account, Accounts
from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.cached import Lease, OnState, SameAgain, Shared
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.google.token import ENTRY, GoogleToken, adc_token, entry_token, login_to
from candela_tui.credentials.state import TellState, told_as
from candela_tui.credentials.vault.choice import open_vault, passphrase_of
from candela_tui.credentials.vault.errors import VaultError, no_secret
from candela_tui.providers.identity import Provider

LIMIT_S: Final = 30.0
"""The most seconds that a fetch may take."""
# google-auth's own threshold: before it, a metadata server returns the same token again.
_AHEAD_S = 225.0
_LOOK_S = 0.5
"""Seconds between checks for a new sign-in while a fetch is running."""


SIGN_IN: Final = Provider.VERTEX
"""The provider whose sign-in it is. All services of Google share it."""


class GoogleTokens:
    """Provides access tokens for one provider of Google's.

    They belong to the account that signed in with candela, or else to the credentials that google-auth finds: a user, a
    service account, an impersonated one, workload identity or a metadata server. A sign-in or sign-out takes effect for
    waiting and later requests.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        accounts: Accounts | None = None,
        vault_file: Path | None = None,
        tell: TellState | None = None,
        limit_s: float = LIMIT_S,
    ) -> None:
        """Without ``accounts`` and ``vault_file`` there is no sign-in. ``tell`` is called whenever the state of the
        provider's credentials changes. A fetch may take up to ``limit_s`` seconds."""
        self._accounts = accounts
        self._vault_file = vault_file
        self._on_state = told_as(provider, tell)
        self._login = login_to(provider)
        self._limit_s = limit_s
        self._closed = False
        self._source = self._source_of(None)

    @property
    def quota_project(self) -> str | None:
        """The project that is billed for requests, if the credentials of the newest token name one."""
        return self._source.newest.quota_project if self._source.newest is not None else None

    async def token(self) -> str:
        """Return an access token that is still valid. Raises CredentialsError."""
        return await self._of_account(lambda shared: shared.get())

    async def renewed(self, refused: str) -> str:
        """Return a token other than the one that Google refused. Raises CredentialsError."""
        try:
            return await self._of_account(lambda shared: shared.renewed(refused))
        except SameAgain:
            raise CredentialsError(
                "Google refused the access token, and what gives it (a metadata server, a command) gives the same again"
            ) from None

    async def own_project(self) -> str | None:
        """Return the project that the credentials name, or None. Raises CredentialsError if they can't be used."""
        await self.token()
        newest = self._source.newest
        return newest.project or newest.quota_project if newest is not None else None

    async def close(self) -> None:
        """Cancel the current fetch."""
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
        return self._accounts.of(SIGN_IN) if self._accounts is not None else None

    def _source_of(self, account: Account | None) -> "_Source":
        vault_file, login = self._vault_file, self._login
        if account is None or vault_file is None:

            def load() -> GoogleToken:
                return adc_token(login)

        else:
            signed_in = account

            def load() -> GoogleToken:
                return _kept(signed_in, vault_file, login)

        return _Source(account, load, lambda: self._account() != account, self._limit_s, self._on_state)


class _Source:
    """Fetches the tokens of one account."""

    def __init__(
        self,
        account: Account | None,
        load: Callable[[], GoogleToken],
        is_over: Callable[[], bool],
        limit_s: float,
        on_state: OnState,
    ) -> None:
        """``account`` is None for application default credentials. ``is_over`` returns whether another account has
        replaced it."""
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
                    raise CredentialsError("another sign-in took place meanwhile")
            self.newest = loading.result()
        finally:
            loading.cancel()
        return Lease(self.newest.token, self.newest.ends)


def _kept(account: Account, vault_file: Path, login: str) -> GoogleToken:
    try:
        entry = open_vault(account.store, vault_file, passphrase_of).read(ENTRY)
    except VaultError as error:
        raise no_secret(error) from None
    if entry is None:
        raise CredentialsError(f"{account.place} no longer has the sign-in of {account.label}: run {login}")
    return entry_token(entry, account.label, f"Run {login}.")
