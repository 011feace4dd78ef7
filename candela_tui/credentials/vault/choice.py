"""Open a vault for secrets, and remember the passphrase of the encrypted file."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from candela_tui.credentials.accounts import Store
from candela_tui.credentials.vault.encrypted_file import EncryptedFile
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.credentials.vault.os_keyring import OsKeyring, usable_keyring
from candela_tui.credentials.vault.secret_service import Collection, default_collection

PASSPHRASE_VARIABLE = "CANDELA_PASSPHRASE"  # noqa: S105 - a name
"""The environment variable that unlocks the encrypted file when no user can be asked."""

_TYPED: dict[Path, str] = {}
"""Passphrases typed during the life of this process, by file. They are not kept in the environment, because programs
that candela starts would inherit them."""


class Vault(Protocol):
    """Stores secrets by name. Each call may block and may raise VaultError."""

    place: str
    """The display name of the place where the secrets are stored."""

    def read(self, name: str) -> str | None:
        """Return the secret, or None if there is none."""

    def write(self, name: str, secret: str) -> None:
        """Store a secret, replacing the previous one."""

    def remove(self, name: str) -> bool:
        """Remove a secret and return whether there was one."""


def keyring_state() -> Collection | None:
    """Return the state of the system keyring, or None if there is no usable one. Blocks."""
    backend = usable_keyring()
    return None if backend is None else default_collection(backend)


def open_vault(store: Store, file: Path, passphrase: Callable[[], str | None]) -> Vault:
    """Return the vault of the given kind. Blocks. Raises VaultError if there is no usable keyring."""
    if store == "file":
        return EncryptedFile(file, lambda: _TYPED.get(file) or passphrase())
    keyring = usable_keyring()
    if keyring is None:
        raise VaultError(
            "there is no keyring that keeps secrets in this session (Secret Service, KWallet, Keychain or Credential"
            " Manager): choose the encrypted file under a passphrase (--store file), or leave the secret in the"
            " environment"
        )
    return OsKeyring(keyring)


def passphrase_of(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the passphrase set in the environment, or None."""
    return environ.get(PASSPHRASE_VARIABLE)


def known_passphrase(file: Path, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the passphrase typed for the file in this process, else the one set in the environment, or None."""
    return _TYPED.get(file) or passphrase_of(environ)


def is_unlocked(file: Path) -> bool:
    """Return whether a passphrase of the file was verified in this process."""
    return file in _TYPED


def unlock(file: Path, passphrase: str) -> None:
    """Verify the passphrase and remember it for this process. Blocks.

    Raises VaultLocked if the passphrase is wrong, VaultError if the file can't be used."""
    EncryptedFile(file, lambda: passphrase).read("")
    _TYPED[file] = passphrase
