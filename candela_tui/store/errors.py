"""Errors of the store, explained for the user."""

import sqlite3
from collections.abc import Mapping
from enum import Enum, auto

from candela_tui.database_url import DatabaseUrl, StoreLocation

START_OVER = "Start candela: it sets the file aside, and begins a new one. Then run `candela db repair`."
"""How to fix a damaged store."""


class StoreError(Exception):
    """The store, or something in it, can't be used. The message names the file and what to do."""


class ForeignStore(StoreError):
    """The file belongs to a later version of candela or to another program, and must not be changed."""


class OutdatedStore(StoreError):
    """The file was written by an earlier version of candela. The writer of a running candela brings it up to date."""


class DamagedStore(StoreError):
    """The file is candela's but its contents are damaged. The message says how."""


class AmbiguousId(StoreError):
    """Several requests have an id that begins with the one asked for. The store itself is fine."""


class Trouble(Enum):
    """Kinds of failure, by what can be done about them."""

    LOCKED = auto()
    FULL = auto()
    READ_ONLY = auto()
    BROKEN = auto()
    VALUE = auto()
    """The problem is a value that was to be written, not the file."""
    UNREACHABLE = auto()
    DENIED = auto()
    """A server does not let candela in, or does not let it do this."""
    OTHER_VERSION = auto()
    """Tables of a database lack what this version of candela wants, or want what it does not have."""
    NO_TABLE = auto()
    """A database has none of candela's tables, or not this one."""
    BUSY = auto()
    """A server has no connection left."""
    OTHER = auto()


_TROUBLE = {
    # The statements are fixed, so an error in one means that the file lacks a table or column.
    sqlite3.SQLITE_ERROR: Trouble.BROKEN,
    sqlite3.SQLITE_BUSY: Trouble.LOCKED,
    sqlite3.SQLITE_LOCKED: Trouble.LOCKED,
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_READONLY: Trouble.READ_ONLY,
    sqlite3.SQLITE_PERM: Trouble.READ_ONLY,
    sqlite3.SQLITE_CORRUPT: Trouble.BROKEN,
    sqlite3.SQLITE_NOTADB: Trouble.BROKEN,
    sqlite3.SQLITE_CONSTRAINT: Trouble.VALUE,
    sqlite3.SQLITE_TOOBIG: Trouble.VALUE,
    sqlite3.SQLITE_MISMATCH: Trouble.VALUE,
    sqlite3.SQLITE_RANGE: Trouble.VALUE,
}
_PRIMARY = 0xFF
"""An extended result code has the primary one in its low byte (https://sqlite.org/rescode.html)."""


def _cause(error: BaseException) -> BaseException:
    """Return the driver's error that SQLAlchemy wrapped, or the error itself.

    It is not recognised by its class: commands that only report a StoreError would wait for SQLAlchemy's import."""
    wrapped = getattr(error, "orig", None)
    return wrapped if isinstance(wrapped, BaseException) else error


_OF_SQLSTATE = {
    "08": Trouble.UNREACHABLE,
    "57": Trouble.UNREACHABLE,
    "3D": Trouble.UNREACHABLE,
    "28": Trouble.DENIED,
    "42501": Trouble.DENIED,
    "42": Trouble.OTHER_VERSION,
    "42P01": Trouble.NO_TABLE,
    "53": Trouble.FULL,
    "53300": Trouble.BUSY,
    "22": Trouble.VALUE,
    "23": Trouble.VALUE,
    "40": Trouble.LOCKED,
    "55P03": Trouble.LOCKED,
    "25006": Trouble.READ_ONLY,
}
"""By PostgreSQL's codes, or their first two characters
(https://www.postgresql.org/docs/current/errcodes-appendix.html)."""


def _fields_of_postgres(cause: BaseException) -> Mapping[str, str]:
    """Return what PostgreSQL says of an error, by the codes of its fields: pg8000 passes them as they are."""
    fields = cause.args[0] if cause.args else None
    return fields if isinstance(fields, dict) else {}


def _is_of_pg8000(cause: BaseException) -> bool:
    # It is not loaded unless it is used.
    return type(cause).__module__.startswith("pg8000.")


def trouble_of(error: BaseException) -> Trouble:
    """Return the kind of trouble behind an error of the database, of the file system or of a value."""
    cause = _cause(error)
    if _is_of_pg8000(cause):
        state = _fields_of_postgres(cause).get("C")
        if state is None:
            return Trouble.UNREACHABLE
        return _OF_SQLSTATE.get(state) or _OF_SQLSTATE.get(state[:2], Trouble.OTHER)
    # SQLite quotes the schema in its messages, and sqlite3 can't decode one that is not UTF-8.
    if isinstance(cause, DamagedStore | UnicodeDecodeError):
        return Trouble.BROKEN
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return _TROUBLE.get(code & _PRIMARY, Trouble.UNREACHABLE)
    return Trouble.UNREACHABLE if isinstance(cause, OSError | sqlite3.OperationalError) else Trouble.VALUE


def is_about_statement(error: BaseException) -> bool:
    """Return whether SQLite rejected the statement rather than the file."""
    cause = _cause(error)
    return getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR


def said(error: BaseException) -> str:
    """Return the error in the database's or the operating system's own words, without SQLAlchemy's wrapping."""
    cause = _cause(error)
    if isinstance(cause, UnicodeDecodeError):
        return "its schema is not UTF-8 text"
    if _is_of_pg8000(cause):
        return _fields_of_postgres(cause).get("M") or "the connection is lost"
    return str(cause).strip() or type(cause).__name__


_REMEDIES = {
    Trouble.UNREACHABLE: "check that the server runs, and [store] url",
    Trouble.DENIED: "check the user in [store] url, PGPASSWORD or the password file, and that the user owns the tables",
    Trouble.OTHER_VERSION: "its tables are of another version of candela: update this one",
    Trouble.NO_TABLE: "candela makes its tables when it starts: wait until it has started, or start it",
    Trouble.FULL: "give the server more room",
    Trouble.BUSY: "raise max_connections of the server",
    Trouble.READ_ONLY: "connect to a server that can be written to",
    Trouble.LOCKED: "try again",
}


def of_server(error: BaseException) -> str:
    """Return why PostgreSQL can't be used, and what to do: two parts of a sentence."""
    cause = _cause(error)
    words = cause.strerror if isinstance(cause, OSError) and cause.strerror else said(error)
    remedy = _REMEDIES.get(trouble_of(error))
    return f"{words}; {remedy}" if remedy is not None else words


def unwritable(path: StoreLocation, error: BaseException) -> str:
    """Explain why nothing can be written at the moment, and how to fix it."""
    words, meanwhile = said(error), "Requests go on; what they bring is kept in memory for now."
    if isinstance(path, DatabaseUrl):
        return f"{path} can't be written ({of_server(error)}). {meanwhile}"
    match trouble_of(error):
        case Trouble.LOCKED:
            return f"{path} is locked by another program. {meanwhile} Close whatever holds the file open."
        case Trouble.FULL:
            return f"There is no room to write {path} ({words}). {meanwhile} Free some disk space."
        case Trouble.READ_ONLY:
            remedy = "Make the file and its directory writable, or choose another place with --data-dir."
        case _:
            remedy = "Check the file and its directory, or choose another place with --data-dir."
    return f"{path} can't be written ({words}). {meanwhile} {remedy}"


def unreadable(path: StoreLocation, error: BaseException) -> StoreError:
    """Return the error that explains why nothing can be read, and how to fix it."""
    words = said(error)
    if isinstance(path, DatabaseUrl):
        return StoreError(f"{path} can't be read ({of_server(error)}).")
    match trouble_of(error):
        case Trouble.LOCKED:
            return StoreError(f"{path} is locked by another program; close whatever holds the file open and try again.")
        case Trouble.BROKEN:
            return StoreError(f"{path} is damaged ({words}). {START_OVER}")
        case _:
            return StoreError(f"{path} can't be read ({words}); check the file and the permissions of its directory.")


def unchangeable(path: StoreLocation, error: BaseException) -> StoreError:
    """Return the error that explains to a command why nothing can be changed, and how to fix it."""
    if isinstance(path, DatabaseUrl):
        return StoreError(f"{path} can't be changed ({of_server(error)}).")
    match trouble_of(error):
        case Trouble.LOCKED | Trouble.BROKEN:
            return unreadable(path, error)
        case Trouble.FULL:
            return StoreError(f"There is no room to change {path} ({said(error)}). Free some disk space and try again.")
        case _:
            return StoreError(
                f"{path} can't be changed ({said(error)}); check the permissions of the file and its directory."
            )
