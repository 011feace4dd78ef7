"""Store secrets in the system keyring with the keyring package: Secret Service, KWallet, macOS, Windows.

Everything here blocks, for as long as the user takes if the keyring asks to be unlocked.
"""

import hashlib
from typing import TYPE_CHECKING, Final

from candela_tui.credentials.vault.errors import VaultError, VaultLocked
from candela_tui.credentials.vault.secret_service import Collection, default_collection

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE: Final = "candela"
_MOST_CHARACTERS: Final = 1200
"""The most characters in one entry. Windows allows 2560 bytes of UTF-16 (CRED_MAX_CREDENTIAL_BLOB_SIZE, wincred.h)."""
_PARTS: Final = "candela-parts:"
_KEEPS_NOTHING: Final = ("keyring.backends.fail", "keyring.backends.null", "keyring.backends.chainer")
_ENCRYPTED_FILE: Final = "encrypted file can take its place: `candela auth login --store file`"
_PLAIN: Final = "keyrings.alt."
"""A package whose backends store secrets in plain text, or encrypted with a key stored next to them."""


def usable_keyring() -> "KeyringBackend | None":
    """Return the backend that the user configured for the keyring package, else the best available one.

    None if no backend protects its secrets."""
    from keyring import backend, core

    chosen = core.load_env() or core.load_config()
    if chosen is not None:
        return chosen if _keeps_secrets(type(chosen)) else None
    # Called only to load the backends: its result is cached from the first call and may be outdated.
    backend.get_all_keyring()
    viable = filter(_keeps_secrets, backend.KeyringBackend.get_viable_backends())
    best = max(viable, key=lambda each: each.priority, default=None)
    return best() if best is not None else None


def _keeps_secrets(kind: type) -> bool:
    return not kind.__module__.startswith((*_KEEPS_NOTHING, _PLAIN))


class OsKeyring:
    """Stores secrets by name in one keyring. A secret too long for one entry is split over several."""

    def __init__(self, backend: "KeyringBackend") -> None:
        self._backend = backend
        self.place = str(backend.name)

    def read(self, name: str) -> str | None:
        """Return the secret, or None if there is none. Raises VaultError."""
        found = self._get(name)
        entries = _parts_of(name, found)
        if not entries:
            return found
        parts = [self._get(entry) for entry in entries]
        if None in parts:
            raise VaultError(f"{self.place}: a part of {SERVICE}'s entry {name} is missing: sign in again")
        return "".join(part for part in parts if part is not None)

    def write(self, name: str, secret: str) -> None:
        """Store a secret, replacing the previous one. Raises VaultError and then keeps the previous one."""
        before = _parts_of(name, self._get(name))
        if len(secret) <= _MOST_CHARACTERS and not secret.startswith(_PARTS):
            self._set(name, secret)
            entries = []
        else:
            parts = [secret[at : at + _MOST_CHARACTERS] for at in range(0, len(secret), _MOST_CHARACTERS)]
            # Part names contain a digest of the secret, so the previous parts stay intact until the head is replaced.
            digest = hashlib.sha256(secret.encode()).hexdigest()[:8]
            head = f"{_PARTS}{len(parts)}:{digest}"
            entries = _parts_of(name, head)
            for entry, part in zip(entries, parts, strict=True):
                self._set(entry, part)
            self._set(name, head)
        for entry in set(before) - set(entries):
            self._delete(entry)

    def remove(self, name: str) -> bool:
        """Remove a secret and return whether there was one. Raises VaultError."""
        found = self._get(name)
        if found is None:
            return False
        for entry in (name, *_parts_of(name, found)):
            self._delete(entry)
        return True

    def _get(self, entry: str) -> str | None:
        from keyring.errors import KeyringError

        try:
            return self._backend.get_password(SERVICE, entry)
        except KeyringError as error:
            raise self._trouble(error) from None
        except Exception as error:  # noqa: BLE001 - backends let errors of D-Bus and the system through
            raise self._trouble(error) from None

    def _set(self, entry: str, value: str) -> None:
        try:
            self._backend.set_password(SERVICE, entry, value)
        except Exception as error:  # noqa: BLE001 - as above
            raise self._trouble(error) from None

    def _delete(self, entry: str) -> None:
        from keyring.errors import PasswordDeleteError

        try:
            self._backend.delete_password(SERVICE, entry)
        except PasswordDeleteError:
            pass
        except Exception as error:  # noqa: BLE001 - as above
            raise self._trouble(error) from None

    def _trouble(self, error: Exception) -> VaultError:
        from keyring.errors import InitError, KeyringLocked

        if isinstance(error, KeyringLocked):
            return VaultLocked(
                f"{self.place} is locked: unlock it and try again. Where it can't be unlocked, as over SSH, an"
                f" {_ENCRYPTED_FILE}"
            )
        if isinstance(error, InitError) and default_collection(self._backend) is Collection.MISSING:
            return VaultError(
                f"{self.place} holds no keyring yet, and none was created: that takes a window of the desktop, which"
                f" was dismissed or can't be opened here. An {_ENCRYPTED_FILE}"
            )
        # Name only the error's type: its text may quote the secret.
        return VaultError(f"{self.place} can't be used ({type(error).__name__}). An {_ENCRYPTED_FILE}")


def _parts_of(name: str, found: str | None) -> list[str]:
    """Return the names of the entries that hold a secret's parts, or [] if it is in one entry or there is none."""
    if found is None or not found.startswith(_PARTS):
        return []
    count, _, digest = found.removeprefix(_PARTS).partition(":")
    return [f"{name}#{digest}.{number}" for number in range(int(count))] if count.isdigit() else []
