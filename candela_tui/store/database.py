"""Opens the database for the writer and for readers, and checks that it is candela's: a SQLite file, or PostgreSQL."""

import sqlite3
import stat
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import (
    Column,
    Connection,
    Dialect,
    Engine,
    MetaData,
    NullPool,
    Pool,
    PrimaryKeyConstraint,
    StaticPool,
    String,
    Table,
    column,
    create_engine,
    make_url,
    select,
    table,
    text,
)
from sqlalchemy.util import LRUCache

from candela_tui.database_url import DatabaseUrl, StoreLocation
from candela_tui.files import make_private
from candela_tui.store.dialects import on_postgres
from candela_tui.store.errors import DamagedStore, ForeignStore, OutdatedStore, Trouble, trouble_of
from candela_tui.store.schema import REVISIONS, metadata

_BUSY_TIMEOUT_S: Final = 2.0
_WAL_LIMIT: Final = 64 * 2**20
"""Bytes to which the write-ahead log is truncated after a burst made it large."""
_OTHERS: Final = 0o077

FileIdentity = tuple[int, int]


def reading_engine(path: StoreLocation, *, keep_open: bool = False) -> Engine:
    """Return an engine whose connections never create or change the store; with ``keep_open``, it has one for all that
    one thread reads. Raises StoreError."""
    if isinstance(path, DatabaseUrl):
        from candela_tui.store.postgres import shared_engine  # Few need it.

        return shared_engine(path, read_only=True)
    pool = StaticPool if keep_open else NullPool
    return _engine(lambda: _connect(path, "rw", "PRAGMA query_only = ON"), pool)


def connect_to_write(path: StoreLocation) -> Connection:
    """Open the writer's connection. Creates the file (mode 0600) and its directory (mode 0700) if they are missing.

    Raises ForeignStore, DamagedStore, UnicodeDecodeError (see ``errors.trouble_of``), SQLAlchemyError and OSError.
    """
    if isinstance(path, DatabaseUrl):
        return _connect_to_postgres(path)
    connection = _engine(lambda: _connect_to_write(path)).connect()
    try:
        driver_connection(connection).text_factory = text_or_bytes
        with connection.begin():
            revision_of(connection, path)
        # Only after the check, because this writes to the file.
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        connection.rollback()
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_to_postgres(url: DatabaseUrl) -> Connection:
    from candela_tui.store.postgres import own_engine  # Few need it.

    connection = own_engine(url).connect()
    try:
        with connection.begin():
            _require_encoding(connection, url)
            revision_of(connection, url)
    except BaseException:
        connection.close()
        raise
    return connection


_ENCODING: Final = "UTF8"


def _require_encoding(connection: Connection, url: DatabaseUrl) -> None:
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != _ENCODING:
        raise ForeignStore(f"{url} has the encoding {encoding}. Create the database with ENCODING '{_ENCODING}'.")


_WRITE_VERSION_OFFSET = 18
_WRITE_VERSIONS = (1, 2)
"""Rollback journal and write-ahead log (https://sqlite.org/fileformat2.html, "File format version numbers")."""


def _require_known_format(path: Path) -> None:
    """Raise DamagedStore if a damaged header makes SQLite take the file for a later format and open it read-only."""
    # A new connection: one that knows the file as read-only begins to read instead, without an error.
    connection = _connect(path, "rw")
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        # The file is read only now: reading it drops the locks on it in this process (see files.make_private).
        if trouble_of(error) is Trouble.READ_ONLY and _write_version(path) not in _WRITE_VERSIONS:
            raise DamagedStore("its header is not SQLite's") from None
    finally:
        connection.close()


def _write_version(path: Path) -> int:
    with path.open("rb") as file:
        return file.read(_WRITE_VERSION_OFFSET + 1)[_WRITE_VERSION_OFFSET]


_MOST_COMPILED: Final = 500
_COMPILED: Final = LRUCache[Any, Any](_MOST_COMPILED)
"""The SQL of the statements that were executed, for all engines: compiling those of one store takes 20 ms."""


def _engine(connect: Callable[[], Any], pool: type[Pool] = NullPool) -> Engine:
    # Not create_engine: each of its engines has a dialect of its own, and SQL is kept for a dialect.
    dialect = _dialect()
    return Engine(
        pool(connect, dialect=dialect),
        dialect,
        make_url("sqlite://"),
        execution_options={"compiled_cache": _COMPILED},
    )


@cache
def _dialect() -> Dialect:
    """Return SQLAlchemy's dialect, which learns what SQLite can do from a first connection."""
    engine = create_engine("sqlite://", poolclass=NullPool)
    engine.connect().close()
    return engine.dialect


def _connect_to_write(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_private(path)
    status = path.stat()
    if status.st_mode & _OTHERS:
        path.chmod(stat.S_IMODE(status.st_mode) & ~_OTHERS)
    _require_known_format(path)
    return _connect(
        path,
        "rw",
        # Can only be set on a new file; allows a later clean-up to return free space.
        *(["PRAGMA auto_vacuum = INCREMENTAL"] if status.st_size == 0 else []),
        "PRAGMA synchronous = NORMAL",
        "PRAGMA foreign_keys = ON",
        f"PRAGMA journal_size_limit = {_WAL_LIMIT}",
    )


def _connect(path: Path, mode: str, *pragmas: str) -> sqlite3.Connection:
    # Transactions begin with an explicit BEGIN, not where the sqlite3 module would start one.
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


REVISION_TABLE = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""The table in which Alembic stores the revision, defined as Alembic does (alembic 1.18, ``MigrationContext``)."""
_TABLES = table("sqlite_master", column("name"), column("type"))


_OF_POSTGRES = text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")


def revision_of(connection: Connection, path: StoreLocation) -> str | None:
    """Return the schema's revision, or None for an empty store. Raises ForeignStore and DamagedStore."""
    if isinstance(path, DatabaseUrl):
        return _revision_in_postgres(connection, path)
    tables = set(connection.execute(select(_TABLES.c.name).where(_TABLES.c.type == "table")).scalars())
    if not tables:
        return None
    ours = tables & metadata.tables.keys()
    revision = connection.execute(select(REVISION_TABLE)).scalar() if REVISION_TABLE.name in tables else None
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


def _revision_in_postgres(connection: Connection, url: DatabaseUrl) -> str | None:
    tables = set(connection.execute(_OF_POSTGRES).scalars())
    if REVISION_TABLE.name in tables:
        revision = connection.execute(select(REVISION_TABLE)).scalar()
        if revision in REVISIONS:
            return str(revision)
        raise ForeignStore(
            f"{url} was written by another version of candela (schema {revision}, this one knows up to "
            f"{REVISIONS[-1]}). Update candela."
        )
    if taken := tables & metadata.tables.keys():
        raise ForeignStore(f"{url} has a table {min(taken)} that is not candela's. Give candela a database of its own.")
    return None


def require_this_version(connection: Connection, path: StoreLocation) -> bool:
    """Return whether the location holds a store, False for an empty one. Raises StoreError for one of another
    version."""
    revision = revision_of(connection, path)
    if revision is not None and revision != REVISIONS[-1]:
        raise OutdatedStore(
            f"{path} was written by an older candela (schema {revision}). Start candela: it brings it up to date."
        )
    return revision is not None


def _is_newer(connection: Connection, revision: object) -> bool:
    """Return whether an unknown revision is a later one. It is stored twice, to distinguish it from a damaged one."""
    if not (isinstance(revision, str) and revision.isascii() and revision.isdigit()):
        return False
    second = connection.exec_driver_sql("PRAGMA user_version").scalar()
    return int(revision) > int(REVISIONS[-1]) and second == int(revision)


def write_revision_again(connection: Connection) -> None:
    """Write the newest revision to the second place that ``revision_of`` reads in a file."""
    if on_postgres(connection):
        return
    connection.exec_driver_sql(f"PRAGMA user_version = {int(REVISIONS[-1])}")


def require_tables(connection: Connection) -> None:
    """Raise DamagedStore if a table of the newest revision has other columns, keys or references than it should.

    One changed byte of the schema is enough. SQLite then rejects each statement, or stores other values than it was
    given: with another type affinity it converts numeric text to numbers, or numbers to text. PostgreSQL keeps its
    schema whole itself.
    """
    if on_postgres(connection):
        return
    for known in metadata.sorted_tables:
        expected = {
            column.name: (_affinity(column.type.compile(dialect=connection.dialect)), not column.nullable)
            for column in known.columns
        }
        rows = list(connection.exec_driver_sql(f"PRAGMA table_info({known.name})"))
        found = {row.name: (_affinity(row.type), bool(row.notnull)) for row in rows}
        if found != expected:
            different = sorted(name for name in expected if found.get(name) != expected[name])
            raise DamagedStore(
                f"its table {known.name} has other columns{': ' if different else ''}{', '.join(different[:3])}"
            )
        if {row.name for row in rows if row.pk} != set(known.primary_key.columns.keys()):
            raise DamagedStore(f"its table {known.name} lacks its primary key")
        keys = connection.exec_driver_sql(f"PRAGMA foreign_key_list({known.name})")
        references = {(key.parent.name, key.column.table.name, key.column.name) for key in known.foreign_keys}
        if {(row[3], row[2], row[4]) for row in keys} != references:
            raise DamagedStore(f"its table {known.name} refers to other rows than it should")


_AFFINITIES = (
    ("integer", ("INT",)),
    ("text", ("CHAR", "CLOB", "TEXT")),
    ("blob", ("BLOB",)),
    ("real", ("REAL", "FLOA", "DOUB")),
)
"""Affinity by a part of the declared type; the first match counts (https://sqlite.org/datatype3.html#determination_of_column_affinity)."""


def _affinity(declared: str | bytes) -> str:
    if not isinstance(declared, str):
        return "not text"
    upper = declared.upper()
    if not upper:
        return "blob"
    return next((name for name, parts in _AFFINITIES if any(part in upper for part in parts)), "numeric")


_QUICK_CHECK_STEPS = 10_000
"""Virtual-machine instructions of SQLite between two checks of whether to stop: about a millisecond."""
_HEADING = "*** in database "
"""Begins the line above the complaints about a file."""
_OF_ONE_ROW = " value in "
"""Marks complaints about the value in one row, such as ``NULL value in exchanges.id``."""


def damage(connection: sqlite3.Connection, stop: Callable[[], bool]) -> str | None:
    """Return what is wrong with the file's structure, "" for nothing, or None if stopped before that was known."""
    connection.set_progress_handler(stop, _QUICK_CHECK_STEPS)
    try:
        complaints = [line for row in connection.execute("PRAGMA quick_check") for line in str(row[0]).splitlines()]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    finally:
        connection.set_progress_handler(None, 0)
    found = (each for each in complaints if each != "ok" and not each.startswith(_HEADING) and _OF_ONE_ROW not in each)
    return next(found, "")


def text_or_bytes(stored: bytes) -> str | bytes:
    """A ``text_factory`` that returns bytes for text that is not UTF-8, so that the rest of a result can be read."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return stored


def driver_connection(connection: Connection) -> sqlite3.Connection:
    """Return the underlying connection of the sqlite3 module."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def store_exists(path: StoreLocation) -> bool:
    """Return whether there may be a store: a file at the path, or a database to ask."""
    return isinstance(path, DatabaseUrl) or path.exists()


def schema_state(connection: Connection, path: StoreLocation) -> object:
    """Return what changes with each migration, and where another file takes the place of this one."""
    if isinstance(path, DatabaseUrl):
        return _revision_in_postgres(connection, path)
    return identity_of(path), *connection.exec_driver_sql(_SCHEMA).one()


_SCHEMA = "SELECT * FROM pragma_schema_version, pragma_user_version"
"""Both change with each migration (see ``write_revision_again``)."""


def identity_of(path: StoreLocation) -> FileIdentity | None:
    """Return the identity of the file at this path, or None if there is none. A database has one that stays."""
    if isinstance(path, DatabaseUrl):
        return 0, 0
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
