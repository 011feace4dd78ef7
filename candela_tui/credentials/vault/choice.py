"""Which vault there is to keep a secret in."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from candela_tui.credentials.accounts import Store
from candela_tui.credentials.vault.encrypted_file import EncryptedFile
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.credentials.vault.os_keyring import OsKeyring, usable_keyring

PASSPHRASE_VARIABLE = "CANDELA_PASSPHRASE"
"""Opens the encrypted file where there is nobody to ask."""


class Vault(Protocol):
    """Secrets by name. Each call may block; each raises VaultError."""

    place: str
    """In words."""

    def read(self, name: str) -> str | None:
        """The secret; None: there is none."""

    def write(self, name: str, secret: str) -> None:
        """Keep a secret in place of the one before."""

    def remove(self, name: str) -> bool:
        """Forget a secret; False: there was none."""


def has_keyring() -> bool:
    """Whether the machine has a keyring that keeps secrets. Blocks."""
    return usable_keyring() is not None


def open_vault(store: Store, file: Path, passphrase: Callable[[], str | None]) -> Vault:
    """The vault of a kind. Blocks. Raises VaultError where there is none."""
    if store == "file":
        return EncryptedFile(file, passphrase)
    keyring = usable_keyring()
    if keyring is None:
        raise VaultError(
            "this machine has no keyring that keeps secrets (no Secret Service, KWallet, Keychain or Credential Manager "
            "in this session): use --store file, an encrypted file under a passphrase, or leave the key in the environment"
        )
    return OsKeyring(keyring)


def passphrase_of(environ: Mapping[str, str] = os.environ) -> str | None:
    """What the environment says."""
    return environ.get(PASSPHRASE_VARIABLE)
