"""Where it is kept who signed in: a SQLite file of the data directory, or a database that replicas share.

Both have the same tables and are asked with the same statements. Times are seconds since 1970 UTC.
"""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

from candela_tui.files import stamp_of
from candela_tui.keys.errors import KeysError
from candela_tui.sqlite_file import SqliteFile

people_metadata = MetaData()

Table(
    "people",
    people_metadata,
    # Everyone who ever signed in.
    Column("email", Text, primary_key=True),
    Column("document", Text, nullable=False),
)

Table(
    "people_sessions",
    people_metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, index=True),
    Column("document", Text, nullable=False),
    Column("began_s", BigInteger, nullable=False),
    Column("used_s", BigInteger, nullable=False),
    Column("until_s", BigInteger, nullable=False),
)

Table(
    "people_tokens",
    people_metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("session", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("until_s", BigInteger, nullable=False),
    # When another refresh token was given for this one.
    Column("replaced_s", BigInteger),
    Index("ix_people_tokens_session", "session"),
)

Table(
    "people_sign_ins",
    people_metadata,
    # Those that wait for a person, or for the client to take what the person said.
    Column("device_hash", LargeBinary, primary_key=True),
    Column("user_hash", LargeBinary, nullable=False, unique=True),
    Column("address_hash", LargeBinary, nullable=False),
    # What the person is asked to let in.
    Column("kind", Text, nullable=False),
    Column("began_us", BigInteger, nullable=False),
    Column("until_s", BigInteger, nullable=False),
    Column("asked_us", BigInteger),
    # NULL: nothing was said.
    Column("answer", Text),
)

Table(
    "people_state",
    people_metadata,
    # One row: counts changes of sessions.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
)

_COUNT_CHANGE = text("""
INSERT INTO people_state (id, version) VALUES (1, 1)
ON CONFLICT (id) DO UPDATE SET version = people_state.version + 1
""")
_VERSION = text("SELECT version FROM people_state")


class PeopleDatabase(ABC):
    """Provides connections. Every method but ``stamp`` blocks and raises KeysError."""

    has_to_be_asked = False
    """Whether ``stamp`` knows only what ``look`` found out."""

    @abstractmethod
    def look(self) -> None:
        """Find out whether sessions have changed, for ``stamp``."""

    @abstractmethod
    def stamp(self) -> Hashable | None:
        """Return a value that differs once sessions have changed; None if that is not known. Does not block."""

    @abstractmethod
    def changing(self) -> AbstractContextManager[Connection]:
        """Provide a connection whose changes are kept at the end of the block."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Connection | None]:
        """Provide a connection to read with, or None if nothing is kept yet."""

    @contextlib.contextmanager
    def changing_sessions(self) -> Iterator[Connection]:
        """Provide a connection as ``changing`` does, for changes that every replica has to know. They wait for each
        other."""
        with self.changing() as connection:
            connection.execute(_COUNT_CHANGE)
            yield connection


class LocalPeopleDatabase(PeopleDatabase):
    """The file of a data directory."""

    def __init__(self, file: Path) -> None:
        """``file`` need not exist."""
        self._file = SqliteFile(file, "the sign-ins of people", KeysError, people_metadata.create_all)

    def look(self) -> None:
        """Do nothing: ``stamp`` looks itself."""

    def stamp(self) -> Hashable | None:
        """Return what the disk tells about the file."""
        return stamp_of(self._file.path)

    def changing(self) -> AbstractContextManager[Connection]:
        """Provide a connection that shuts out other writers."""
        return self._file.changing()

    def reading(self) -> AbstractContextManager[Connection | None]:
        """Provide a connection, or None if there is no file."""
        return self._file.reading()


class SharedPeopleDatabase(PeopleDatabase):
    """PostgreSQL, where all replicas keep it."""

    has_to_be_asked = True

    def __init__(self, transaction: Callable[[], AbstractContextManager[Connection]]) -> None:
        """``transaction`` provides a connection to a database that has the tables, and raises KeysError."""
        self._transaction = transaction
        self._version: int | None = None

    def look(self) -> None:
        """Ask how many changes there were."""
        with self.reading() as connection:
            self._version = connection.execute(_VERSION).scalar() or 0

    def stamp(self) -> Hashable | None:
        """Return what was found out last; None if nothing was."""
        return self._version

    def changing(self) -> AbstractContextManager[Connection]:
        """Provide a connection in a transaction."""
        return self._transaction()

    def reading(self) -> AbstractContextManager[Connection]:
        """Provide a connection in a transaction."""
        return self._transaction()
