"""Find out whether a vault could be read now, without asking the user anything."""

from pathlib import Path
from typing import Final

from candela_tui.credentials.accounts import Store
from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.state import Standing
from candela_tui.credentials.vault.choice import is_unlocked, keyring_state, known_passphrase, open_vault, unlock
from candela_tui.credentials.vault.errors import VaultError, VaultLocked
from candela_tui.credentials.vault.secret_service import Collection

_LIMIT_S: Final = 10.0


async def standing_of_vault(store: Store, file: Path | None) -> tuple[Standing, str] | None:
    """Return the standing of secrets in a vault and why, or None if nothing is wrong with it. ``file`` is the path of
    the encrypted file."""
    try:
        return await BlockingCalls("the vault", _LIMIT_S).run(lambda: _looked(store, file))
    except CredentialsError as error:
        return Standing.REFUSED, str(error)


def _looked(store: Store, file: Path | None) -> tuple[Standing, str] | None:
    try:
        if store == "file":
            return _file(file)
        open_vault("keyring", Path(), lambda: None)
        locked = keyring_state() is Collection.LOCKED
    except VaultLocked as error:
        return Standing.LOCKED, str(error)
    except VaultError as error:
        return Standing.REFUSED, str(error)
    except Exception as error:  # noqa: BLE001 - backends of keyrings let errors of D-Bus and the system through
        return Standing.REFUSED, f"the keyring can't be used ({type(error).__name__})"
    return (Standing.LOCKED, "the keyring is locked") if locked else None


def _file(file: Path | None) -> tuple[Standing, str] | None:
    """Look at the encrypted file. Raises VaultError."""
    if file is not None and is_unlocked(file):
        return None
    if file is None or not file.exists():
        return Standing.REFUSED, f"{file or 'the encrypted file'} is not there: sign in again"
    passphrase = known_passphrase(file)
    if passphrase is None:
        open_vault("file", file, lambda: None).read("")
    else:
        unlock(file, passphrase)
    return None
