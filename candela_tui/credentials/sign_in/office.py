"""Where one user signs in: the files of one data directory, and the candela that reads them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from candela_tui.config import load
from candela_tui.credentials.accounts import Accounts, Store
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.keeping import Keeping
from candela_tui.credentials.sign_in.provider import Desk
from candela_tui.credentials.sign_in.talk import Talk
from candela_tui.paths import Paths


@dataclass(frozen=True, slots=True)
class Office:
    """The same for commands and the dashboard."""

    paths: Paths
    tell_passphrase: Callable[[str], None] | None = None
    """Gives the passphrase of the encrypted file to the candela that runs in another process. Blocks, may raise
    VaultError."""

    async def desk(self, talk: Talk, store: Store | None = None) -> Desk:
        """A desk for one conversation, with the settings as they are now. Raises ConfigError, CredentialsError."""
        settings = await asyncio.to_thread(load, self.paths.config)
        try:
            await asyncio.to_thread(self.paths.make_data_directory)
        except OSError as error:
            raise CredentialsError(
                f"{self.paths.data}: the data directory can't be used: {error.strerror or error}"
            ) from None
        keeping = Keeping(self.paths.vault, talk, store=store, tell_passphrase=self.tell_passphrase)
        return Desk(settings, self.paths.config, Accounts(self.paths.accounts), keeping.vault, keeping.opened)
