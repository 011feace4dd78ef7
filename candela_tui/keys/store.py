"""Keeps keys: in the data directory, or in a database that replicas share (``shared_store``)."""

import contextlib
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from candela_tui.files import make_private, stamp_of
from candela_tui.keys.errors import KeysError
from candela_tui.keys.key import GRACE, Key, hash_of, new_id, new_text, prefix_of
from candela_tui.keys.pepper import make_pepper, read_pepper
from candela_tui.keys.rows import COLUMNS, key_of, row_of

_VERSION = 2
_LOCK_TIMEOUT_S = 5.0
_TABLE = """
CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, prefix TEXT NOT NULL, hash BLOB NOT NULL UNIQUE,
    created_at TEXT NOT NULL, user TEXT, project TEXT, models TEXT NOT NULL, providers TEXT NOT NULL, budget TEXT,
    expires_at TEXT, disabled_at TEXT, revoked_at TEXT, old_hash BLOB, old_until TEXT
) STRICT
"""
_ADDED = (
    "team TEXT",
    "parallel INTEGER",
    "deny_tools TEXT NOT NULL DEFAULT '[]'",
    "aliases TEXT NOT NULL DEFAULT '[]'",
)
"""The columns of version 2."""
_UNIQUE_NAME = "CREATE UNIQUE INDEX IF NOT EXISTS keys_name ON keys (name) WHERE revoked_at IS NULL"


class KeyStore(ABC):
    """Reads and changes keys. A change is kept when a method returns."""

    has_to_be_asked = False
    """Whether ``stamp`` knows only what ``look`` found out."""

    @abstractmethod
    def look(self) -> None:
        """Find out whether the keys have changed, for ``stamp``. Blocks; raises KeysError."""

    @property
    @abstractmethod
    def is_made(self) -> bool:
        """Whether there may be keys."""

    @abstractmethod
    def stamp(self) -> Hashable | None:
        """Return a value that differs once the keys have changed; None if that is not known. Does not block."""

    @abstractmethod
    def keys(self) -> list[Key]:
        """Return all keys, the oldest first. Raises KeysError."""

    @abstractmethod
    def pepper(self) -> bytes:
        """Return the pepper that the keys were made with. Raises KeysError."""

    @abstractmethod
    def made_pepper(self) -> bytes:
        """Return the pepper for a new text, and make it if there is none. Raises KeysError."""

    @abstractmethod
    def _insert(self, key: Key) -> None:
        """Keep a new key. Raises KeysError."""

    @abstractmethod
    def change(self, key: Key) -> None:
        """Keep what changed of a key. Raises KeysError."""

    def find(self, word: str) -> Key:
        """Return the key with this name, id or prefix; of several with a name, the one in use. Raises KeysError."""
        found = [key for key in self.keys() if word in (key.id, key.name, key.prefix)]
        found.sort(key=lambda key: (key.revoked_at is not None, -key.created_at.timestamp()))
        if not found:
            raise KeysError(f"There is no key {word!r}; `candela keys list` lists them.")
        return found[0]

    def create(self, key: Key) -> tuple[Key, str]:
        """Keep a new key, and return it with its text, which can't be read again. Raises KeysError.

        The id, prefix and hash of ``key`` are not used."""
        text = new_text()
        made = replace(key, id=new_id(), prefix=prefix_of(text), hash=hash_of(text, self.made_pepper()))
        self._insert(made)
        return made, text

    def rotate(self, key: Key, now: datetime) -> tuple[Key, str]:
        """Give a key a new text, and return both. The old text is accepted for ``GRACE``. Raises KeysError."""
        text = new_text()
        made = replace(
            key,
            prefix=prefix_of(text),
            hash=hash_of(text, self.made_pepper()),
            old_hash=key.hash,
            old_until=now + GRACE,
        )
        self.change(made)
        return made, text


class LocalKeyStore(KeyStore):
    """The keys of a data directory, in a SQLite file of their own: nothing that happens to the history touches them."""

    def __init__(self, file: Path, pepper: Path) -> None:
        """``file`` and ``pepper`` need not exist: the first key makes them."""
        self._file = file
        self._pepper = pepper

    @property
    def is_made(self) -> bool:
        """Whether there is a file of keys."""
        return self._file.exists()

    def stamp(self) -> Hashable | None:
        """Return what the disk tells about the files."""
        return stamp_of(self._file, self._pepper)

    def look(self) -> None:
        """Do nothing: ``stamp`` looks itself."""

    def keys(self) -> list[Key]:
        """Return all keys, the oldest first. Raises KeysError."""
        if not self._file.exists():
            return []
        with self._connected() as connection:
            rows = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM keys ORDER BY created_at, id")  # noqa: S608
            return [key_of(row) for row in rows]

    def pepper(self) -> bytes:
        """Return the pepper. Raises KeysError."""
        return read_pepper(self._pepper)

    def made_pepper(self) -> bytes:
        return make_pepper(self._pepper)

    def _insert(self, key: Key) -> None:
        with self._connected() as connection:
            try:
                marks = ", ".join("?" * len(COLUMNS))
                connection.execute(f"INSERT INTO keys ({', '.join(COLUMNS)}) VALUES ({marks})", row_of(key))  # noqa: S608
            except sqlite3.IntegrityError:
                raise name_taken(key.name) from None

    def change(self, key: Key) -> None:
        """Keep what changed of a key. Raises KeysError."""
        with self._connected() as connection:
            settings = ", ".join(f"{name} = ?" for name in COLUMNS)
            connection.execute(f"UPDATE keys SET {settings} WHERE id = ?", (*row_of(key), key.id))  # noqa: S608

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """Provide a connection whose changes are kept at the end of the block. Raises KeysError."""
        try:
            # SQLite would create it for everyone, whatever the umask allows.
            make_private(self._file)
            connection = sqlite3.connect(self._file, timeout=_LOCK_TIMEOUT_S)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from None
        try:
            with connection:
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                if version > _VERSION:
                    raise KeysError(f"{self._file} is from a newer candela: update this one.")
                if version < _VERSION:
                    connection.execute(_TABLE)
                    connection.execute(_UNIQUE_NAME)
                    for column in _ADDED:
                        connection.execute(f"ALTER TABLE keys ADD COLUMN {column}")
                    connection.execute(f"PRAGMA user_version = {_VERSION}")
                yield connection
        except sqlite3.Error as error:
            raise self._unusable(error) from None
        finally:
            connection.close()

    def _unusable(self, error: OSError | sqlite3.Error) -> KeysError:
        why = error.strerror if isinstance(error, OSError) else str(error)
        return KeysError(f"{self._file}: the keys can't be used: {why}")


def name_taken(name: str) -> KeysError:
    """Return the error for a second key of a name."""
    return KeysError(
        f"There is a key {name!r} already: choose another name, or revoke it with `candela keys revoke {name}`."
    )
