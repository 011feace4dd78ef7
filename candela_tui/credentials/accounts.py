"""What its user signed in to, and where each secret lies: a file without secrets.

It says whether there is anything to ask a keyring for, so that nobody is asked to unlock one who never signed in here.
"""

import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from candela_tui.credentials.errors import CredentialsError

Store = Literal["keyring", "file"]


class Account(msgspec.Struct, frozen=True):
    """One sign-in."""

    store: Store
    place: str
    """The vault in words."""
    label: str
    """Who or what it is, without a secret."""
    since: datetime
    until: datetime | None = None
    """When it ends, where nothing renews it."""


class Accounts:
    """The file, read anew whenever it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._known: dict[str, Account] = {}

    def of(self, provider: str) -> Account | None:
        """The sign-in to a provider; None: there is none. Raises CredentialsError where the file can't be read."""
        return self.all().get(provider)

    def all(self) -> dict[str, Account]:
        """Every sign-in by its provider. Raises CredentialsError."""
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_ino)
            if seen != self._seen:
                self._known = msgspec.json.decode(self._path.read_bytes(), type=dict[str, Account])
                self._seen = seen
        except (FileNotFoundError, NotADirectoryError):
            self._known, self._seen = {}, None
        except OSError as error:
            raise CredentialsError(f"{self._path} can't be read: {error.strerror or error}") from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise CredentialsError(
                f"{self._path} is damaged: remove it, and sign in again with `candela auth login`"
            ) from None
        return dict(self._known)

    def put(self, provider: str, account: Account) -> None:
        """Remember a sign-in in place of the one before. Raises CredentialsError."""
        self._write(self.all() | {provider: account})

    def remove(self, provider: str) -> None:
        """Forget a sign-in. Raises CredentialsError."""
        self._write({name: account for name, account in self.all().items() if name != provider})

    def _write(self, accounts: dict[str, Account]) -> None:
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(msgspec.json.encode(accounts))
            beside.replace(self._path)
        except OSError as error:
            raise CredentialsError(f"{self._path} can't be written: {error.strerror or error}") from None
        finally:
            beside.unlink(missing_ok=True)
