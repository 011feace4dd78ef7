"""Keeps keys in a SQLite file of their own, so that nothing that happens to the history touches them."""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from candela_tui.keys.errors import KeysError
from candela_tui.keys.key import GRACE, Key, KeyBudget, hash_of, new_id, new_text, prefix_of
from candela_tui.keys.pepper import make_pepper

_VERSION = 2
_OWNER_ONLY = 0o600
_LOCK_TIMEOUT_S = 5.0
_COLUMNS = tuple(field.name for field in fields(Key))
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


class KeyStore:
    """Reads and changes the keys of a data directory. A change is on the disk when a method returns."""

    def __init__(self, file: Path, pepper: Path) -> None:
        """``file`` and ``pepper`` need not exist: the first key makes them."""
        self._file = file
        self._pepper = pepper

    def keys(self) -> list[Key]:
        """Return all keys, the oldest first. Raises KeysError."""
        if not self._file.exists():
            return []
        with self._connected() as connection:
            rows = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM keys ORDER BY created_at, id")  # noqa: S608
            return [_key(row) for row in rows]

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
        made = replace(key, id=new_id(), prefix=prefix_of(text), hash=hash_of(text, make_pepper(self._pepper)))
        with self._connected() as connection:
            try:
                marks = ", ".join("?" * len(_COLUMNS))
                connection.execute(f"INSERT INTO keys ({', '.join(_COLUMNS)}) VALUES ({marks})", _row(made))  # noqa: S608
            except sqlite3.IntegrityError:
                raise KeysError(
                    f"There is a key {key.name!r} already: choose another name, or revoke it with"
                    f" `candela keys revoke {key.name}`."
                ) from None
        return made, text

    def rotate(self, key: Key, now: datetime) -> tuple[Key, str]:
        """Give a key a new text, and return both. The old text is accepted for ``GRACE``. Raises KeysError."""
        text = new_text()
        made = replace(
            key,
            prefix=prefix_of(text),
            hash=hash_of(text, make_pepper(self._pepper)),
            old_hash=key.hash,
            old_until=now + GRACE,
        )
        self.change(made)
        return made, text

    def change(self, key: Key) -> None:
        """Keep what changed of a key. Raises KeysError."""
        with self._connected() as connection:
            settings = ", ".join(f"{name} = ?" for name in _COLUMNS)
            connection.execute(f"UPDATE keys SET {settings} WHERE id = ?", (*_row(key), key.id))  # noqa: S608

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """Provide a connection whose changes are kept at the end of the block. Raises KeysError."""
        try:
            # SQLite would create it for everyone, whatever the umask allows.
            os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, _OWNER_ONLY))
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


def _row(key: Key) -> tuple[Any, ...]:
    return tuple(_stored(getattr(key, name)) for name in _COLUMNS)


def _stored(value: object) -> str | bytes | int | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, tuple):
        return json.dumps(value)
    return value if isinstance(value, bytes | int) or value is None else str(value)


def _key(row: tuple[Any, ...]) -> Key:
    found = dict(zip(_COLUMNS, row, strict=True))
    for name in ("created_at", "expires_at", "disabled_at", "revoked_at", "old_until"):
        found[name] = found[name] and datetime.fromisoformat(found[name])
    for name in ("models", "providers", "deny_tools"):
        found[name] = tuple(json.loads(found[name]))
    found["aliases"] = tuple((name, model) for name, model in json.loads(found["aliases"]))
    if found["budget"] is not None:
        limit, _, window = found["budget"].partition("/")
        found["budget"] = KeyBudget(Decimal(limit), window)
    return Key(**found)
