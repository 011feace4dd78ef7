"""A small SQLite database of a data directory, which several processes change."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, NullPool, create_engine
from sqlalchemy.exc import SQLAlchemyError

from candela_tui.files import make_private

_LOCK_TIMEOUT_S: Final = 5.0


class SqliteFile:
    """A file that only its owner can read. Every method blocks for a moment."""

    def __init__(
        self, path: Path, title: str, error: Callable[[str], Exception], make_tables: Callable[[Connection], None]
    ) -> None:
        """``path`` need not exist: the first change makes it. ``title`` says what is in it. ``error`` makes what is
        raised if it can't be used. ``make_tables`` makes the tables that are missing."""
        self.path = path
        self._title = title
        self._error = error
        self._make_tables = make_tables

    @contextlib.contextmanager
    def changing(self) -> Iterator[Connection]:
        """Provide a connection whose changes are kept at the end of the block. Others can't change anything meanwhile,
        so that what is read inside stays true."""
        try:
            # SQLite would create it for everyone, whatever the umask allows.
            make_private(self.path)
        except OSError as error:
            raise self._unusable("written", error) from None
        try:
            with self._engine().connect() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                try:
                    self._make_tables(connection)
                    yield connection
                except BaseException:
                    connection.exec_driver_sql("ROLLBACK")
                    raise
                connection.exec_driver_sql("COMMIT")
        except SQLAlchemyError as error:
            raise self._unusable("written", error) from None

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection | None]:
        """Provide a connection to read with, or None if there is no file."""
        if not self.path.exists():
            yield None
            return
        try:
            with self._engine().connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._unusable("read", error) from None

    def _unusable(self, done: str, error: OSError | SQLAlchemyError) -> Exception:
        why = error.strerror if isinstance(error, OSError) else getattr(error, "orig", None)
        return self._error(f"{self.path}: {self._title} can't be {done}: {why or 'it is damaged'}")

    def _engine(self) -> Engine:
        # isolation_level: transactions begin where ``changing`` says.
        return create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(self.path, timeout=_LOCK_TIMEOUT_S, isolation_level=None),
            poolclass=NullPool,
        )
