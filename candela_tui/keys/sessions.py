"""The sessions of people who signed in: hashes of their tokens, in a SQLite file of its own.

A token has the form of a key, so that it goes to no provider and stays out of logs. The access token is short-lived;
the refresh token ends with the session, and stays the same, as several clients of a person share one.
"""

import os
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Final

from candela_tui.keys.errors import KeysError
from candela_tui.keys.key import Key, KeyState, hash_of, new_text
from candela_tui.keys.pepper import make_pepper
from candela_tui.text.times import utc_now

ACCESS: Final = timedelta(hours=1)
"""How long an access token is accepted."""
_OWNER_ONLY: Final = 0o600
_LOCK_TIMEOUT_S: Final = 5.0
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, subject TEXT NOT NULL, email TEXT NOT NULL, team TEXT, until INTEGER NOT NULL,
    refresh_hash BLOB NOT NULL UNIQUE
) STRICT;
CREATE TABLE IF NOT EXISTS people (email TEXT PRIMARY KEY, subject TEXT NOT NULL, team TEXT) STRICT;
CREATE TABLE IF NOT EXISTS access_tokens (
    hash BLOB PRIMARY KEY, session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE, until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in, as the identity provider says."""

    subject: str
    email: str
    team: str | None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client gets."""

    access: str
    expires_in_s: int
    refresh: str
    email: str


class Sessions:
    """Makes, finds and ends sessions. Every method but ``find`` and ``knows`` blocks and raises KeysError."""

    def __init__(self, file: Path, pepper: Path, now: Callable[[], datetime] = utc_now) -> None:
        """``file`` and ``pepper`` need not exist."""
        self._file = file
        self._pepper_file = pepper
        self._pepper = b""
        self._now = now
        self._known: dict[bytes, tuple[Key, str]] = {}
        """The access tokens by their hashes: what each may use, and its session."""
        self._refreshing: frozenset[bytes] = frozenset()
        """The hashes of the refresh tokens."""
        self._lock = Lock()
        self.people: tuple[Person, ...] = ()
        """Everyone who ever signed in."""

    def open(self) -> None:
        """Read the sessions that have not ended."""
        self._pepper = make_pepper(self._pepper_file)
        with self._lock, self._connected() as connection:
            self._read(connection)

    def find(self, text: str) -> Key | None:
        """Return the key that an access token is, or None if it is none, or no longer."""
        found = self._known.get(hash_of(text, self._pepper))
        return found[0] if found is not None and found[0].state(self._now()) is KeyState.ACTIVE else None

    def knows(self, text: str) -> bool:
        """Return whether a text is an access or refresh token of a session, which may have expired. The file is not
        read: anyone can send texts."""
        digest = hash_of(text, self._pepper)
        return digest in self._known or digest in self._refreshing

    def begin(self, person: Person, lasts: timedelta) -> Tokens:
        """Begin a session, and return its first tokens."""
        refresh, session = new_text(), f"session_{secrets.token_hex(8)}"
        until = int((self._now() + lasts).timestamp())
        with self._lock, self._connected() as connection:
            connection.execute(
                "INSERT INTO people VALUES (?, ?, ?)"
                " ON CONFLICT (email) DO UPDATE SET subject = excluded.subject, team = excluded.team",
                (person.email, person.subject, person.team),
            )
            connection.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)",
                (session, person.subject, person.email, person.team, until, hash_of(refresh, self._pepper)),
            )
            return self._access(connection, session, person.email, until, refresh)

    def refresh(self, refresh: str) -> Tokens | None:
        """Return another access token; None if the session has ended or is not known."""
        with self._lock, self._connected() as connection:
            self._end_old(connection)
            row = connection.execute(
                "SELECT id, email, until FROM sessions WHERE refresh_hash = ?", (hash_of(refresh, self._pepper),)
            ).fetchone()
            if row is None:
                return None
            session, email, until = row
            return self._access(connection, session, email, until, refresh)

    def end(self, token: str) -> str | None:
        """End the session that an access token or refresh token belongs to, and return whose it was; None if there is
        no such session."""
        digest = hash_of(token, self._pepper)
        with self._lock, self._connected() as connection:
            known = self._known.get(digest)
            row = connection.execute(
                "DELETE FROM sessions WHERE refresh_hash = ? OR id = ? RETURNING email",
                (digest, known[1] if known is not None else ""),
            ).fetchone()
            self._read(connection)
        return row[0] if row is not None else None

    def _access(
        self, connection: sqlite3.Connection, session: str, email: str, session_until: int, refresh: str
    ) -> Tokens:
        text, now = new_text(), self._now()
        until = min(int((now + ACCESS).timestamp()), session_until)
        connection.execute("INSERT INTO access_tokens VALUES (?, ?, ?)", (hash_of(text, self._pepper), session, until))
        self._read(connection)
        return Tokens(text, max(1, until - int(now.timestamp())), refresh, email)

    def _end_old(self, connection: sqlite3.Connection) -> None:
        now = int(self._now().timestamp())
        connection.execute("DELETE FROM access_tokens WHERE until <= ?", (now,))
        connection.execute("DELETE FROM sessions WHERE until <= ?", (now,))

    def _read(self, connection: sqlite3.Connection) -> None:
        self._end_old(connection)
        rows = connection.execute(
            "SELECT a.hash, a.session, a.until, s.email, s.team"
            " FROM access_tokens a JOIN sessions s ON s.id = a.session"
        )
        self.people = _people(connection)
        self._refreshing = frozenset(row[0] for row in connection.execute("SELECT refresh_hash FROM sessions"))
        self._known = {digest: (_key(digest, session, *rest), session) for digest, session, *rest in rows}

    def _connected(self) -> "_Transaction":
        return _Transaction(self._file)


class _Transaction:
    """A connection whose changes are kept if its block ends without an error."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> sqlite3.Connection:
        try:
            # SQLite would create it for everyone, whatever the umask allows.
            os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, _OWNER_ONLY))
            connection = self._connection = sqlite3.connect(self._file, timeout=_LOCK_TIMEOUT_S)
            connection.executescript(f"PRAGMA foreign_keys = ON; {_TABLES}")
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from None
        return connection

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        assert self._connection is not None
        try:
            if error is None:
                self._connection.commit()
            else:
                self._connection.rollback()
        except sqlite3.Error as failed:
            raise self._unusable(failed) from None
        finally:
            self._connection.close()
        if isinstance(error, sqlite3.Error):
            raise self._unusable(error) from None

    def _unusable(self, error: OSError | sqlite3.Error) -> KeysError:
        why = error.strerror if isinstance(error, OSError) else str(error)
        return KeysError(f"{self._file}: the sessions can't be used: {why}")


def people_in(file: Path) -> tuple[Person, ...]:
    """Return everyone who ever signed in, by a file of sessions that need not exist. Blocks; raises KeysError."""
    if not file.exists():
        return ()
    with _Transaction(file) as connection:
        return _people(connection)


def key_of(person: Person) -> Key:
    """Return what says whose the requests of a person are, as a key does. Nothing can be asked with it."""
    never = datetime.fromtimestamp(0, UTC)
    return Key(id="", name=person.email, prefix="", hash=b"", created_at=never, user=person.email, team=person.team)


def _people(connection: sqlite3.Connection) -> tuple[Person, ...]:
    rows = connection.execute("SELECT subject, email, team FROM people ORDER BY email")
    return tuple(Person(*row) for row in rows)


def _key(digest: bytes, session: str, until: int, email: str, team: str | None) -> Key:
    end = datetime.fromtimestamp(until, UTC)
    return Key(
        id=session,
        name=email,
        prefix="",
        hash=digest,
        created_at=end,
        user=email,
        team=team,
        expires_at=end,
    )
