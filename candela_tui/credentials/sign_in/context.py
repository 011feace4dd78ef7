"""Set up sign-ins for one data directory and the candela process that reads it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from candela_tui.config import load
from candela_tui.credentials.accounts import Accounts, Store
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.interface import SignInContext
from candela_tui.credentials.sign_in.prompter import Prompter
from candela_tui.credentials.sign_in.secret_storage import SecretStorage
from candela_tui.credentials.state import CredentialState
from candela_tui.paths import Paths


@dataclass(frozen=True, slots=True)
class SignInSetup:
    """Creates the context of a sign-in for commands and the dashboard."""

    paths: Paths
    tell_passphrase: Callable[[str], None] | None = None
    """Sends the passphrase of the encrypted file to candela running in another process. Blocks. May raise
    VaultError."""
    seen: Callable[[], Sequence[CredentialState]] | None = None
    """Asks candela running in another process for the states of its credentials, and which are locked. Blocks. Raises
    StoreError. None if the proxy is in this process, or none runs."""

    async def context(self, prompter: Prompter, store: Store | None = None) -> SignInContext:
        """Return the context of one sign-in, with the current settings. Raises ConfigError, CredentialsError."""
        settings = await asyncio.to_thread(load, self.paths.config)
        try:
            await asyncio.to_thread(self.paths.make_data_directory)
        except OSError as error:
            raise CredentialsError(
                f"{self.paths.data}: the data directory can't be used: {error.strerror or error}"
            ) from None
        storage = SecretStorage(self.paths.vault, prompter, store=store, tell_passphrase=self.tell_passphrase)
        accounts = Accounts(self.paths.accounts)
        paths = self.paths
        return SignInContext(settings, paths.config, accounts, storage.vault, storage.opened, paths.vault, paths.token)
