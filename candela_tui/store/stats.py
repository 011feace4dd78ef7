"""What the store holds, and the room that each part of it takes."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, func, literal, select
from sqlalchemy.exc import SQLAlchemyError

from candela_tui.database_url import DatabaseUrl, StoreLocation
from candela_tui.store.database import driver_connection, reading_engine, require_this_version, store_exists
from candela_tui.store.dialects import StoredText, begin_to_read
from candela_tui.store.errors import DamagedStore, ForeignStore, StoreError, unreadable
from candela_tui.store.schema import (
    REVISIONS,
    exchanges,
    headers,
    provider_parts,
    provider_requests,
    removals,
    request_bodies,
    response_parts,
    sums,
)
from candela_tui.store.set_aside import damaged_copies
from candela_tui.store.units import read_time


@dataclass(frozen=True, slots=True)
class Stats:
    """The figures of one store. Sizes are bytes."""

    path: StoreLocation
    schema: str
    requests: int
    sessions: int
    """Those with an id."""
    first_at: datetime | None
    last_at: datetime | None
    crossed: int
    """The bodies of all requests and answers, as they crossed."""
    file: int
    log: int
    unused: int
    """Bytes of the file that hold nothing."""
    waiting: int
    """Removed requests whose bodies are still to be deleted."""
    parts: dict[str, int]
    """The bytes that the bodies and header fields take, by kind."""
    alone: int
    """Request bodies that are not stored as the difference from another."""
    bodies: int
    """All request bodies."""
    damaged_copies: tuple[Path, ...]
    """Damaged stores that were set aside."""


def read_stats(path: StoreLocation) -> Stats | None:
    """Return the figures of a store, also while candela writes to it; None if there is none. Raises StoreError."""
    if not store_exists(path):
        return None
    try:
        with reading_engine(path).connect() as connection, connection.begin():
            begin_to_read(connection)
            return _read(connection, path) if require_this_version(connection, path) else None
    except ForeignStore:
        raise
    except (SQLAlchemyError, OSError, DamagedStore, UnicodeDecodeError) as error:
        raise unreadable(path, error) from error
    except (TypeError, OverflowError) as error:
        raise StoreError(f"{path} has damaged rows; `candela db check` names them.") from error


def _read(connection: Connection, path: StoreLocation) -> Stats:
    of = exchanges.c
    counted = select(func.count(), func.coalesce(func.sum(of.request_bytes + of.response_bytes), 0))
    requests, crossed = connection.execute(counted.select_from(exchanges)).one()
    spans = select(func.count(sums.c.session_id.distinct()), func.min(sums.c.first_us), func.max(sums.c.last_us))
    sessions, first, last = connection.execute(spans).one()
    bodies = request_bodies.c
    every, based = connection.execute(select(func.count(bodies.size), func.count(bodies.base_id))).one()
    file, log, unused = _room(connection, path)
    return Stats(
        path=path,
        schema=REVISIONS[-1],
        requests=requests,
        sessions=sessions,
        first_at=None if first is None else read_time(first),
        last_at=None if last is None else read_time(last),
        crossed=int(crossed),
        file=file,
        log=log,
        unused=unused,
        waiting=_one(connection, select(func.count()).select_from(removals)),
        parts={
            "header_fields": _stored(connection, headers),
            "requests": _stored(connection, request_bodies),
            "responses": _stored(connection, response_parts),
            "provider_requests": _stored(connection, provider_requests),
            "provider_responses": _stored(connection, provider_parts),
        },
        alone=every - based,
        bodies=every,
        damaged_copies=() if isinstance(path, DatabaseUrl) else tuple(damaged_copies(path)),
    )


_PAGES = ("page_size", "freelist_count")


def _room(connection: Connection, path: StoreLocation) -> tuple[int, int, int]:
    """Return the bytes of the file, of its log, and of what is unused in it. PostgreSQL states only the first."""
    if isinstance(path, DatabaseUrl):
        return _one(connection, select(func.pg_database_size(func.current_database()))), 0, 0
    page, free = (int(driver_connection(connection).execute(f"PRAGMA {name}").fetchone()[0]) for name in _PAGES)
    log = path.with_name(f"{path.name}-wal")
    return path.stat().st_size, log.stat().st_size if log.exists() else 0, page * free


def _stored(connection: Connection, table: Table) -> int:
    lengths = [func.length(each) for each in table.columns if isinstance(each.type, LargeBinary | StoredText)]
    return _one(connection, select(sum((func.coalesce(func.sum(each), 0) for each in lengths), start=literal(0))))


def _one(connection: Connection, wanted: Any) -> int:
    return int(connection.execute(wanted).scalar_one())
