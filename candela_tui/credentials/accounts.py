"""The record of the user's sign-ins and where each secret is stored. It holds no secrets itself.

It shows whether the keyring holds a secret of candela's, so users who never signed in are not asked to unlock it.
"""

from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from candela_tui.credentials.errors import CredentialsError
from candela_tui.file_lock import locked
from candela_tui.files import write_atomically
from candela_tui.providers.identity import ACCOUNTS, PROVIDERS, Provider

Store = Literal["keyring", "file"]

_SERVER = "server "
"""Begins the names of sign-ins to candelas of teams."""


class DamagedAccounts(CredentialsError):
    """The file of sign-ins is damaged."""


class Account(msgspec.Struct, frozen=True):
    """A sign-in to a provider, or to the candela of a team."""

    store: Store
    place: str
    """The display name of the vault."""
    label: str
    """The user or key that signed in, without a secret."""
    since: datetime
    until: datetime | None = None
    """When the sign-in expires if nothing renews it."""


class Accounts:
    """Reads and writes the file of sign-ins, rereading it whenever it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._known: dict[str, Account] = {}

    def of(self, provider: Provider) -> Account | None:
        """Return the sign-in to a provider, or None. Raises CredentialsError if the file can't be read."""
        return self._all().get(PROVIDERS[provider].account)

    def all(self) -> dict[Provider, Account]:
        """Return all sign-ins by provider. Raises CredentialsError if the file can't be read."""
        return {ACCOUNTS[name]: account for name, account in self._all().items() if name in ACCOUNTS}

    def of_server(self, origin: str) -> Account | None:
        """Return the sign-in to the candela of a team, or None. Raises CredentialsError if the file can't be read."""
        return self._all().get(_server(origin))

    def servers(self) -> dict[str, Account]:
        """Return the sign-ins to candelas of teams, by their addresses. Raises CredentialsError."""
        named = self._all().items()
        return {name.removeprefix(_SERVER): account for name, account in named if name.startswith(_SERVER)}

    def _all(self) -> dict[str, Account]:
        """Return everything in the file, including entries written by a newer version of candela."""
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
            raise DamagedAccounts(
                f"{self._path} is damaged: `candela auth logout --all` removes what candela stored, also without it;"
                " then sign in again with `candela auth login`"
            ) from None
        return dict(self._known)

    def _all_now(self) -> dict[str, Account]:
        """Return everything in the file. A file that was replaced twice within a clock tick may look unchanged."""
        self._seen = None
        return self._all()

    def put(self, provider: Provider, account: Account) -> Account | None:
        """Store a sign-in, and return the previous one that it replaces. Blocks. Raises CredentialsError."""
        return self._put(PROVIDERS[provider].account, account)

    def put_server(self, origin: str, account: Account) -> Account | None:
        """Store a sign-in to the candela of a team, as ``put`` does."""
        return self._put(_server(origin), account)

    def _put(self, name: str, account: Account) -> Account | None:
        with locked(self._path):
            known = self._all_now()
            self._write(known | {name: account})
        return known.get(name)

    def remove(self, provider: Provider) -> None:
        """Remove a sign-in. Blocks. Raises CredentialsError."""
        self._remove(PROVIDERS[provider].account)

    def remove_server(self, origin: str) -> None:
        """Remove a sign-in to the candela of a team. Blocks. Raises CredentialsError."""
        self._remove(_server(origin))

    def _remove(self, removed: str) -> None:
        with locked(self._path):
            self._write({name: account for name, account in self._all_now().items() if name != removed})

    def set_aside(self) -> Path:
        """Rename the file, so that a new one can begin, and return its new path. Blocks. Raises CredentialsError."""
        aside = self._path.with_name(f"{self._path.name}.damaged")
        try:
            with locked(self._path):
                self._path.replace(aside)
        except OSError as error:
            raise CredentialsError(f"{self._path} can't be renamed: {error.strerror or error}") from None
        return aside

    def _write(self, accounts: dict[str, Account]) -> None:
        try:
            write_atomically(self._path, msgspec.json.encode(accounts))
        except OSError as error:
            raise CredentialsError(f"{self._path} can't be written: {error.strerror or error}") from None


def _server(origin: str) -> str:
    return f"{_SERVER}{origin}"
