"""Opening the database file, for the writer and for readers."""

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection, Engine, NullPool, column, create_engine, inspect, select, table

from candela_tui.store.errors import ForeignStore
from candela_tui.store.schema import REVISIONS

_BUSY_TIMEOUT_S: Final = 2.0
_WAL_LIMIT: Final = 64 * 2**20
"""Bytes to which a write-ahead log that a burst made large is cut back."""
_OWNER_ONLY: Final = 0o600
_OTHERS: Final = 0o077

FileIdentity = tuple[int, int]


def reading_engine(path: Path) -> Engine:
    """Connections that never create the file nor change it."""
    return _engine(lambda: _connect(path, "rw", "PRAGMA query_only = ON"))


def connect_to_write(path: Path) -> Connection:
    """The writer's connection. The file is created (mode 0600) if there is none, its directory (0700) too.

    Raises ForeignStore, SQLAlchemyError and OSError.
    """
    connection = _engine(lambda: _connect_to_write(path)).connect()
    try:
        with connection.begin():
            revision_of(connection, path)
        # Only now: it writes to the file.
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        connection.rollback()
    except BaseException:
        connection.close()
        raise
    return connection


def _engine(connect: Callable[[], sqlite3.Connection]) -> Engine:
    return create_engine("sqlite://", creator=connect, poolclass=NullPool)


def _connect_to_write(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), _OWNER_ONLY))
    status = path.stat()
    if status.st_mode & _OTHERS:
        path.chmod(stat.S_IMODE(status.st_mode) & ~_OTHERS)
    return _connect(
        path,
        "rw",
        # Possible in a new file only; lets a later clean-up give its room back.
        *(["PRAGMA auto_vacuum = INCREMENTAL"] if status.st_size == 0 else []),
        "PRAGMA synchronous = NORMAL",
        "PRAGMA foreign_keys = ON",
        f"PRAGMA journal_size_limit = {_WAL_LIMIT}",
    )


def _connect(path: Path, mode: str, *pragmas: str) -> sqlite3.Connection:
    # Transactions begin where it is said (BEGIN), not where the sqlite3 module would guess.
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None
    )
    try:
        for pragma in pragmas:
            connection.execute(pragma).close()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


_VERSION = table("alembic_version", column("version_num"))


def revision_of(connection: Connection, path: Path) -> str | None:
    """The schema's revision; None: there is nothing in the file. Raises ForeignStore."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    revision = connection.execute(select(_VERSION)).scalar() if _VERSION.name in tables else None
    if revision is None:
        raise ForeignStore(
            f"{path} is not candela's: it holds other tables. Move it away, or choose another place with --data-dir."
        )
    if revision not in REVISIONS:
        raise ForeignStore(
            f"{path} was written by a newer candela (schema {revision}, this one knows up to {REVISIONS[-1]}). "
            f"Update candela, or choose another place with --data-dir."
        )
    return str(revision)


def identity_of(path: Path) -> FileIdentity | None:
    """Which file is at this path now; None: none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
