"""Store secrets in one file encrypted with a passphrase, for machines without a keyring (SSH, containers).

The file is encrypted with Fernet (AES-128-CBC with HMAC-SHA256). scrypt derives the key from the passphrase, as in
https://cryptography.io/en/latest/fernet/#using-passwords-with-fernet, with the cost parameters that OWASP's Password
Storage Cheat Sheet recommends (2^17, 8, 1: 128 MB, about 0.4 s).
"""

import base64
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from candela_tui.credentials.vault.errors import VaultError, VaultLocked
from candela_tui.file_lock import locked
from candela_tui.files import write_atomically

_COST: Final = 2**17
_MOST_COST: Final = 2**20
_BLOCK: Final = 8
_VERSION: Final = 1


class EncryptedFile:
    """Stores secrets by name. It asks for the passphrase once, when it first needs it."""

    def __init__(self, path: Path, passphrase: Callable[[], str | None], *, cost: int | None = None) -> None:
        """``passphrase`` returns the passphrase, or None if no user can be asked. ``cost`` is scrypt's n for saving."""
        self._path = path
        self._ask = passphrase
        self._cost = cost or _COST
        self._passphrase: str | None = None
        self.place = str(path)

    @property
    def exists(self) -> bool:
        """Whether the file exists, which means that the user has chosen it."""
        return self._path.exists()

    def read(self, name: str) -> str | None:
        """Return the secret, or None if there is none. Raises VaultError."""
        return self._open().get(name)

    def write(self, name: str, secret: str) -> None:
        """Store a secret, replacing the previous one. Raises VaultError."""
        with locked(self._path):
            self._save(self._open() | {name: secret})

    def remove(self, name: str) -> bool:
        """Remove a secret and return whether there was one. Raises VaultError."""
        with locked(self._path):
            kept = self._open()
            if name not in kept:
                return False
            del kept[name]
            if kept:
                self._save(kept)
            else:
                self._delete()
        return True

    def _unlocked(self) -> str:
        if self._passphrase is None:
            given = self._ask()
            if not given:
                raise VaultLocked(
                    f"{self._path} is locked: open it with `candela auth unlock`, or set CANDELA_PASSPHRASE where "
                    "candela starts"
                )
            self._passphrase = given
        return self._passphrase

    def _open(self) -> dict[str, str]:
        from cryptography.fernet import Fernet, InvalidToken

        try:
            document = json.loads(self._path.read_bytes())
            salt, cost = base64.b64decode(document["salt"]), int(document["n"])
            sealed = document["sealed"].encode()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise VaultError(f"{self._path} can't be read: {error.strerror or error}") from None
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            raise self._damaged() from None
        if document.get("version") != _VERSION or not 2 <= cost <= _MOST_COST:
            raise self._damaged()
        try:
            opened: Any = json.loads(Fernet(_key(self._unlocked(), salt, cost)).decrypt(sealed))
        except InvalidToken:
            self._passphrase = None
            raise VaultLocked(f"{self._path}: that is not its passphrase (or the file was changed)") from None
        except ValueError:
            raise self._damaged() from None
        return {str(name): str(secret) for name, secret in opened.items()}

    def _save(self, kept: dict[str, str]) -> None:
        from cryptography.fernet import Fernet

        salt = secrets.token_bytes(16)
        sealed = Fernet(_key(self._unlocked(), salt, self._cost)).encrypt(json.dumps(kept).encode())
        document = {
            "version": _VERSION,
            "kdf": "scrypt",
            "n": self._cost,
            "salt": base64.b64encode(salt).decode(),
            "sealed": sealed.decode(),
        }
        try:
            write_atomically(self._path, json.dumps(document).encode())
        except OSError as error:
            raise VaultError(f"{self._path} can't be written: {error.strerror or error}") from None

    def _delete(self) -> None:
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise VaultError(f"{self._path} can't be removed: {error.strerror or error}") from None

    def _damaged(self) -> VaultError:
        return VaultError(f"{self._path} is damaged: move it away and sign in again")


def _key(passphrase: str, salt: bytes, cost: int) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    # A variable's bytes that are not valid UTF-8 become the original bytes again.
    secret = passphrase.encode("utf-8", "surrogateescape")
    return base64.urlsafe_b64encode(Scrypt(salt, 32, cost, _BLOCK, 1).derive(secret))
