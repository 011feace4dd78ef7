"""Opening the database file, for the writer and for readers."""

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection, Engine, NullPool, column, create_engine, select, table

from candela_tui.store.errors import DamagedStore, ForeignStore
from candela_tui.store.schema import REVISIONS, metadata

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

    Raises ForeignStore, DamagedStore, UnicodeDecodeError (see ``errors.trouble_of``), SQLAlchemyError and OSError.
    """
    _require_known_format(path)
    connection = _engine(lambda: _connect_to_write(path)).connect()
    try:
        driver_connection(connection).text_factory = text_or_bytes
        with connection.begin():
            revision_of(connection, path)
        # Only now: it writes to the file.
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        connection.rollback()
    except BaseException:
        connection.close()
        raise
    return connection


_WRITE_VERSION_OFFSET = 18
_WRITE_VERSIONS = (1, 2)
"""Rollback journal and write-ahead log (https://sqlite.org/fileformat2.html, "File format version numbers")."""


def _require_known_format(path: Path) -> None:
    """Raise DamagedStore where SQLite would take a damaged header for that of a later format, and only read."""
    try:
        with path.open("rb") as file:
            header = file.read(_WRITE_VERSION_OFFSET + 1)
    except FileNotFoundError:
        return
    if len(header) > _WRITE_VERSION_OFFSET and header[_WRITE_VERSION_OFFSET] not in _WRITE_VERSIONS:
        raise DamagedStore("its header is not SQLite's")


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
_TABLES = table("sqlite_master", column("name"), column("type"))


def revision_of(connection: Connection, path: Path) -> str | None:
    """The schema's revision; None: there is nothing in the file. Raises ForeignStore and DamagedStore."""
    tables = set(connection.execute(select(_TABLES.c.name).where(_TABLES.c.type == "table")).scalars())
    if not tables:
        return None
    ours = tables & metadata.tables.keys()
    revision = connection.execute(select(_VERSION)).scalar() if _VERSION.name in tables else None
    if revision in REVISIONS:
        return str(revision)
    if revision is None and not ours:
        raise ForeignStore(
            f"{path} is not candela's: it holds other tables. Move it away, or choose another place with --data-dir."
        )
    if revision is None or not _is_newer(connection, revision):
        raise DamagedStore(f"its schema has no revision that is known ({revision})")
    raise ForeignStore(
        f"{path} was written by a newer candela (schema {revision}, this one knows up to {REVISIONS[-1]}). "
        f"Update candela, or choose another place with --data-dir."
    )


def _is_newer(connection: Connection, revision: object) -> bool:
    """Whether an unknown revision is a later one: it is written twice, so that a damaged one is not taken for it."""
    if not (isinstance(revision, str) and revision.isascii() and revision.isdigit()):
        return False
    second = connection.exec_driver_sql("PRAGMA user_version").scalar()
    return int(revision) > int(REVISIONS[-1]) and second == int(revision)


def write_revision_again(connection: Connection) -> None:
    """Write the newest revision where ``revision_of`` looks for it a second time."""
    connection.exec_driver_sql(f"PRAGMA user_version = {int(REVISIONS[-1])}")


def require_columns(connection: Connection) -> None:
    """Raise DamagedStore where a table of the newest revision, or a column of one, is missing."""
    for known in metadata.sorted_tables:
        there = {row.name for row in connection.exec_driver_sql(f"PRAGMA table_info({known.name})")}
        missing = set(known.columns.keys()) - there
        if missing:
            raise DamagedStore(f"its table {known.name} lacks {', '.join(sorted(missing)[:3])}")


_QUICK_CHECK_STEPS = 10_000
"""Instructions of SQLite's machine between two looks at whether to go on: about a millisecond."""
_OF_ONE_ROW = " value in "
"""In complaints about the value in one row, such as ``NULL value in exchanges.id``."""


def damage(connection: sqlite3.Connection, stop: Callable[[], bool]) -> str | None:
    """What is wrong with the file's structure, or "" for nothing. None: stopped before that was known."""
    connection.set_progress_handler(stop, _QUICK_CHECK_STEPS)
    try:
        complaints = [str(row[0]) for row in connection.execute("PRAGMA quick_check")]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    finally:
        connection.set_progress_handler(None, 0)
    return next((each for each in complaints if each != "ok" and _OF_ONE_ROW not in each), "")


def text_or_bytes(stored: bytes) -> str | bytes:
    """A ``text_factory`` for which one text that is not UTF-8 does not cost the whole result."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return stored


def driver_connection(connection: Connection) -> sqlite3.Connection:
    """The connection of the sqlite3 module below."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def identity_of(path: Path) -> FileIdentity | None:
    """Which file is at this path now; None: none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
