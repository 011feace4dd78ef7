"""A sign-in context for AWS, with a vault that is cheap to open."""

from pathlib import Path

from candela_tui.config import Settings, load
from candela_tui.credentials.accounts import Account, Accounts, Store
from candela_tui.credentials.sign_in.interface import SignInContext
from candela_tui.credentials.vault.choice import Vault
from candela_tui.credentials.vault.encrypted_file import EncryptedFile
from candela_tui.providers.bedrock.credentials.aws import AwsCredentials

PASSPHRASE = "correct horse battery staple"
COST = 2**4


class SignInSetup:
    """The files of a candela."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.toml"
        self.vault_file = folder / "vault.json"
        self.accounts = Accounts(folder / "accounts.json")
        self.vault = EncryptedFile(self.vault_file, lambda: PASSPHRASE, cost=COST)

    @property
    def settings(self) -> Settings:
        """As config.toml has them."""
        return load(self.config, {})

    @property
    def context(self) -> SignInContext:
        """What a sign-in works with."""
        return SignInContext(self.settings, self.config, self.accounts, self._chosen, self._opened)

    def credentials(self) -> AwsCredentials:
        """As the proxy opens them. ``CANDELA_PASSPHRASE`` must be set."""
        return AwsCredentials(self.settings.aws, accounts=self.accounts, vault_file=self.vault_file, config=self.config)

    def plain_text(self) -> str:
        """All that lies in its files."""
        return "\n".join(file.read_text() for file in self.folder.iterdir() if file.is_file())

    async def _chosen(self) -> tuple[Store, Vault]:
        return "file", self.vault

    async def _opened(self, _account: Account) -> Vault:
        return self.vault
