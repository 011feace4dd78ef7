"""Which vault there is to keep a secret in."""

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
"""Opens the encrypted file where there is nobody to ask."""

_TYPED: dict[Path, str] = {}
"""Passphrases that were typed while this process lives, by their file. They are in no environment, which programs that
candela starts would inherit."""


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


def keyring_state() -> Collection | None:
    """The state of the keyring that keeps secrets; None: the machine has none. Blocks."""
    backend = usable_keyring()
    return None if backend is None else default_collection(backend)


def open_vault(store: Store, file: Path, passphrase: Callable[[], str | None]) -> Vault:
    """The vault of a kind. Blocks. Raises VaultError where there is none."""
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
    """What the environment says."""
    return environ.get(PASSPHRASE_VARIABLE)


def known_passphrase(file: Path, environ: Mapping[str, str] = os.environ) -> str | None:
    """What was typed for the file while this process lives, else what the environment says."""
    return _TYPED.get(file) or passphrase_of(environ)


def unlock(file: Path, passphrase: str) -> None:
    """Let this process open the file from now on. Blocks. Raises VaultError, and VaultLocked where that is not its
    passphrase."""
    EncryptedFile(file, lambda: passphrase).read("")
    _TYPED[file] = passphrase
