"""Whether the records are whole, and have room."""

import os
import shutil
import sqlite3
import stat
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.exc import SQLAlchemyError

from candela_tui.config import data_access
from candela_tui.database_url import DatabaseUrl
from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.context import DoctorContext
from candela_tui.store.database import reading_engine, require_this_version
from candela_tui.store.errors import START_OVER, OutdatedStore, StoreError, Trouble, said, trouble_of, unreadable
from candela_tui.store.schema import REVISIONS

TOPIC = Topic("data.store", "Records")
DISK = Topic("data.disk", "Disk space")
_ANOTHER_PLACE = "Choose another place with --data-dir."
_NO_CANDELA = "candela can't start"
_NOT_STORED = "requests are not stored"
_LIMIT_S = 3.0
_BUSY_S = 1.0
_STEPS = 10_000
_LITTLE = 1 * 2**30
_NONE = 100 * 2**20
_LARGE_WAL = 256 * 2**20


def check_store(context: DoctorContext) -> Sequence[CheckResult]:
    """The database, its permissions, and the room on its disk. Blocks."""
    if context.paths.database is not None:
        return [_postgres(context.paths.database)]
    try:
        return _checked(context.paths.data, context.paths.store_file)
    except PermissionError as error:
        return [TOPIC.bad(f"{error.filename} can't be read: {error.strerror}", _ANOTHER_PLACE)]


def _postgres(url: DatabaseUrl) -> CheckResult:
    try:
        with reading_engine(url).connect() as connection:
            found = require_this_version(connection, url)
            version = connection.exec_driver_sql("SHOW server_version").scalar()
    except OutdatedStore as error:
        return TOPIC.warn(str(error))
    except StoreError as error:
        return TOPIC.bad(str(error), consequence=_NOT_STORED)
    except (SQLAlchemyError, OSError) as error:
        return TOPIC.bad(str(unreadable(url, error)), consequence=_NOT_STORED)
    return TOPIC.ok(f"{url}, PostgreSQL {version}: {f'schema {REVISIONS[-1]}' if found else 'nothing is recorded yet'}")


def _checked(data: Path, path: Path) -> Sequence[CheckResult]:
    """Raises PermissionError."""
    place = _existing(data)
    if not place.is_dir():
        return [TOPIC.bad(f"{place} is not a directory", _ANOTHER_PLACE, _NO_CANDELA)]
    wrong = _unwritable(place)
    if place != data:
        if wrong or data.is_symlink():
            words = f"{data} can't be created: {wrong or 'it is a link to nothing'}"
            return [TOPIC.bad(words, _ANOTHER_PLACE, _NO_CANDELA)]
        return [TOPIC.ok(f"nothing is recorded yet; candela will create {data}"), _disk(place)]
    checks = [_permissions(data), _database(path) if path.exists() else None]
    found = [check for check in checks if check is not None]
    if wrong:
        found.append(TOPIC.bad(f"nothing can be written in {data}: {wrong}", _ANOTHER_PLACE))
    return [*(found or [TOPIC.ok(f"nothing is recorded yet in {data}")]), _disk(data)]


def _unwritable(directory: Path) -> str:
    """Return why nothing can be created in a directory, or an empty string. Only trying shows it, to root, too."""
    try:
        Path(tempfile.mkdtemp(prefix=".candela-doctor-", dir=directory)).rmdir()
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def _database(path: Path) -> CheckResult:
    uri = f"file:{quote(str(path.absolute()))}?mode=rw"
    begun = time.monotonic()
    try:
        connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_S)
        try:
            connection.set_progress_handler(lambda: time.monotonic() - begun > _LIMIT_S, _STEPS)
            # Not mode=ro: such a reader leaves files of the log behind.
            connection.execute("PRAGMA query_only = ON")
            revision = _revision(connection)
            complaint = _complaint(connection)
        finally:
            connection.close()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        return _unreadable(path, error)
    if revision is None:
        return TOPIC.bad(f"{path} is not candela's", f"Move it away. {_ANOTHER_PLACE}")
    if revision not in REVISIONS:
        return TOPIC.bad(f"{path} was written by a newer candela (schema {revision})", "Update candela.")
    if complaint is not None and complaint != "ok":
        return TOPIC.bad(f"{path} is damaged: {complaint}", START_OVER)
    size, wal = _size(path), _size(path.with_name(f"{path.name}-wal"))
    words = f"{path}: {_bytes(size)}, schema {revision}, log {_bytes(wal)}"
    words += ", intact" if complaint == "ok" else f"; not checked to the end within {_LIMIT_S:g} s"
    if revision != REVISIONS[-1]:
        return TOPIC.warn(f"{words}; written by an older candela", "Start candela: it updates the file.")
    if wal > _LARGE_WAL:
        return TOPIC.warn(f"{words}, which is large", "Restart candela: it truncates the log when nothing reads it.")
    return TOPIC.ok(words)


def _revision(connection: sqlite3.Connection) -> str | None:
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return None
    return str(row[0]) if row is not None else None


def _complaint(connection: sqlite3.Connection) -> str | None:
    """What is wrong, ``ok``, or None where the time was too short."""
    try:
        return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            return None
        raise


def _unreadable(path: Path, error: sqlite3.DatabaseError | UnicodeDecodeError) -> CheckResult:
    match trouble_of(error):
        case Trouble.BROKEN:
            return TOPIC.bad(f"{path} is damaged ({said(error)})", START_OVER)
        case Trouble.LOCKED:
            return TOPIC.unknown(f"{path} is locked by another program")
        case _:
            fix = "Check the permissions of the file and of its directory."
            return TOPIC.bad(f"{path} can't be read ({said(error)})", fix)


def _permissions(data: Path) -> CheckResult | None:
    """None: nobody else may read them."""
    if sys.platform == "win32":
        return None
    for place in (data, *data.glob("candela.db*"), data / "accounts.json", data / "vault.json", data / "api-token"):
        try:
            found = place.stat()
        except OSError:
            continue
        if found.st_uid != os.getuid():
            return TOPIC.bad(f"{place} belongs to another user (uid {found.st_uid})", "Choose another --data-dir.")
        if place == data and (access := data_access(data)) is not None:
            return TOPIC.bad(access)
        if stat.S_IMODE(found.st_mode) & 0o077:
            return TOPIC.warn(f"{place} can be read by others", f"`chmod go= {place}`")
    return None


def _disk(place: Path) -> CheckResult:
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return DISK.unknown(f"{place}: {error.strerror}")
    words = f"{_bytes(free)} free for {place}"
    if free < _NONE:
        return DISK.bad(words, "Free some space: without it candela stops recording, though requests continue.")
    return DISK.warn(words, "Free some space soon.") if free < _LITTLE else DISK.ok(words)


def _existing(place: Path) -> Path:
    return next(one for one in (place, *place.parents) if one.exists())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _bytes(count: int) -> str:
    for unit, size in (("GB", 2**30), ("MB", 2**20), ("kB", 2**10)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
