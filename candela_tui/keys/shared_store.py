"""Keeps keys in PostgreSQL, for all replicas on one database."""

import hmac
import json
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from candela_tui.keys.errors import KeysError
from candela_tui.keys.key import Key
from candela_tui.keys.pepper import make_pepper, read_pepper
from candela_tui.keys.rows import COLUMNS, key_of, row_of
from candela_tui.keys.store import KeyStore, name_taken

_CHECKED = b"candela: the pepper of the keys"

_READ = text("SELECT document FROM keys ORDER BY created_at, id")
_STATE = text("SELECT version, pepper_check FROM keys_state")
_COUNT_CHANGE = text("""
INSERT INTO keys_state (id, version) VALUES (1, 1)
ON CONFLICT (id) DO UPDATE SET version = keys_state.version + 1
RETURNING pepper_check
""")
"""It comes first in each change, so that changes wait for each other."""
_SET_CHECK = text("UPDATE keys_state SET pepper_check = :check")
_INSERT = text("""
INSERT INTO keys (id, name, hash, in_use, created_at, document)
VALUES (:id, :name, :hash, :in_use, :created_at, :document)
ON CONFLICT DO NOTHING RETURNING id
""")
_UPDATE = text("UPDATE keys SET name = :name, hash = :hash, in_use = :in_use, document = :document WHERE id = :id")


class SharedKeyStore(KeyStore):
    """The keys in a database. Their pepper is not there: each replica has the same file of it."""

    has_to_be_asked = True

    def __init__(
        self, transaction: Callable[[], AbstractContextManager[Connection]], pepper: Path, database: str
    ) -> None:
        """``transaction`` provides a connection whose changes are kept at the end of the block, and raises KeysError.
        ``database`` names the database to the user. The first key makes the pepper if there is none."""
        self._transaction = transaction
        self._pepper = pepper
        self._database = database
        self._version: int | None = None

    def look(self) -> None:
        """Find out whether the keys have changed, for ``stamp``. Blocks; raises KeysError."""
        with self._transaction() as connection:
            state = connection.execute(_STATE).first()
        self._version = state.version if state is not None else 0

    def stamp(self) -> Hashable | None:
        """Return what was found out last; None if nothing was."""
        return self._version

    @property
    def is_made(self) -> bool:
        """Whether there may be keys."""
        return True

    def keys(self) -> list[Key]:
        """Return all keys, the oldest first. Raises KeysError."""
        with self._transaction() as connection:
            return [_key(document) for document in connection.execute(_READ).scalars()]

    def pepper(self) -> bytes:
        """Return the pepper that the keys were made with. Raises KeysError."""
        with self._transaction() as connection:
            state = connection.execute(_STATE).first()
        return self._checked_pepper(state.pepper_check if state is not None else None)

    def made_pepper(self) -> bytes:
        with self._transaction() as connection:
            check = connection.execute(_COUNT_CHANGE).scalar_one()
            if check is not None:
                return self._checked_pepper(check)
            pepper = make_pepper(self._pepper)
            connection.execute(_SET_CHECK, {"check": _check_of(pepper)})
        return pepper

    def _checked_pepper(self, check: bytes | None) -> bytes:
        if check is not None and not self._pepper.exists():
            raise KeysError(f"{self._pepper} is missing, {self._what_to_do}")
        pepper = read_pepper(self._pepper)
        if check is not None and not hmac.compare_digest(_check_of(pepper), bytes(check)):
            raise KeysError(f"{self._pepper} is another secret than the keys were made with, {self._what_to_do}")
        return pepper

    @property
    def _what_to_do(self) -> str:
        return (
            f"so no key in {self._database} can be checked: copy the file keys-pepper from the candela that made the"
            " first key, or name it in [keys] pepper_file"
        )

    def _insert(self, key: Key) -> None:
        with self._transaction() as connection:
            connection.execute(_COUNT_CHANGE)
            # pg8000 has one error for a name that is taken and for any other mistake.
            if connection.execute(_INSERT, {**_columns(key), "created_at": key.created_at}).first() is None:
                raise name_taken(key.name)

    def change(self, key: Key) -> None:
        """Keep what changed of a key. Raises KeysError."""
        with self._transaction() as connection:
            connection.execute(_COUNT_CHANGE)
            connection.execute(_UPDATE, _columns(key))


def _check_of(pepper: bytes) -> bytes:
    """Return a value that shows whether a pepper is the same, but not the pepper."""
    return hmac.digest(pepper, _CHECKED, "sha256")


def _columns(key: Key) -> dict[str, Any]:
    values = {
        name: value.hex() if isinstance(value, bytes) else value
        for name, value in zip(COLUMNS, row_of(key), strict=True)
    }
    in_use = key.revoked_at is None
    return {"id": key.id, "name": key.name, "hash": key.hash, "in_use": in_use, "document": json.dumps(values)}


def _key(document: str) -> Key:
    values = {**dict.fromkeys(COLUMNS), **json.loads(document)}
    for name in ("hash", "old_hash"):
        if values[name] is not None:
            values[name] = bytes.fromhex(values[name])
    return key_of(tuple(values[name] for name in COLUMNS))
