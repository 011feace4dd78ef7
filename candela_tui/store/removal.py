"""Removes exchanges: from every list at once, and their headers and bodies in small steps after that; or only bodies.

``remove`` deletes the rows of ``exchanges`` and notes their ids in ``removals``. ``free_some`` deletes what those
exchanges still have in other tables, a few at a time. A kept request body that is a patch against a removed one is
stored alone before that. A process that ends in between leaves the rest to the next one. ``remove_bodies`` leaves
everything but the bodies.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Table,
    column,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    table,
    update,
)

from candela_tui.exchange import Kept, Outcome
from candela_tui.store.bodies import pack
from candela_tui.store.database import driver_connection
from candela_tui.store.dialects import StoredText, on_postgres, writing
from candela_tui.store.errors import StoreError
from candela_tui.store.lanes import read_request
from candela_tui.store.schema import (
    HAS_BODIES,
    exchanges,
    metadata,
    provider_parts,
    provider_requests,
    removals,
    request_bodies,
    response_parts,
)
from candela_tui.store.units import stored_time

_AT_ONCE: Final = 20
"""Exchanges whose headers and bodies are deleted in one transaction."""
_BYTES_AT_ONCE: Final = 2**20
"""Bytes after which a transaction takes no further exchange."""
_PAGES_AT_ONCE: Final = 100
"""Pages that are given back to the file system in one transaction: 400 kB."""
_NOTICED_WITHIN: Final = timedelta(seconds=5)
"""How long removed ids stay in ``removals`` at least, so that each running candela sees them (it looks once a
second)."""

OWNED_TABLES: Final = tuple(
    each
    for each in metadata.sorted_tables
    if any(key.column.table is exchanges for key in each.foreign_keys if key.ondelete == "CASCADE")
)
"""The tables whose rows belong to one exchange."""
_BODY_TABLES: Final = (request_bodies, response_parts, provider_requests, provider_parts)
_SEQUENCES = table("sqlite_sequence", column("name"), column("seq"))
"""SQLite's table of the highest number that each AUTOINCREMENT table has ever had."""
_LATEST = select(_SEQUENCES.c.seq).where(_SEQUENCES.c.name == removals.name)
_LATEST_LEFT = select(func.max(removals.c.number))

logger = logging.getLogger(__name__)


class Removed(NamedTuple):
    """What a removal took out of the lists."""

    requests: int
    size: int
    """Bytes of their headers and bodies, which are still to be freed."""


def remove(connection: Connection, wanted: ColumnElement[bool], now: datetime) -> Removed:
    """Remove the exchanges that meet a condition, in one transaction. They must not be live."""
    number = removals.c.number
    ids = select(exchanges.c.id, _size(), literal(stored_time(now))).where(wanted).order_by(exchanges.c.id)
    with _without_cascades(connection):
        before = last_removal(connection)
        connection.execute(insert(removals).from_select(["exchange_id", "size", "removed_at_us"], ids))
        new = select(removals.c.exchange_id).where(number > before)
        connection.execute(delete(exchanges).where(exchanges.c.id.in_(new)))
        counted = select(func.count(), func.coalesce(func.sum(removals.c.size), 0)).where(number > before)
        requests, size = connection.execute(counted).one()
    return Removed(requests, int(size))


def _size() -> ColumnElement[int]:
    """Return the bytes that the other tables hold of an exchange."""
    of_tables = (
        select(func.coalesce(func.sum(_length_of_row(each)), 0))
        .where(key_of(each) == exchanges.c.id)
        .correlate(exchanges)
        .scalar_subquery()
        for each in OWNED_TABLES
    )
    return sum(of_tables, start=literal(0))


def _length_of_row(each: Table) -> ColumnElement[int]:
    held = (one for one in each.columns if isinstance(one.type, LargeBinary | StoredText) and not one.foreign_keys)
    return sum((func.coalesce(func.length(one), 0) for one in held), start=literal(0))


def key_of(each: Table) -> ColumnElement[Any]:
    """Return the column of a table of ``OWNED_TABLES`` with the id of the exchange."""
    return next(key.parent for key in each.foreign_keys if key.column.table is exchanges)


@contextmanager
def _without_cascades(connection: Connection) -> Iterator[None]:
    """Run a transaction in which deleting an exchange leaves the rows of other tables, as it always does in
    PostgreSQL."""
    if on_postgres(connection):
        with writing(connection):
            yield
        return
    driver = driver_connection(connection)
    # SQLite ignores this pragma inside a transaction.
    driver.execute("PRAGMA foreign_keys = OFF").close()
    try:
        with writing(connection):
            yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON").close()


def last_removal(connection: Connection) -> int:
    """Return the number of the latest removal that any process made, 0 if there was none. In PostgreSQL, it is that of
    the latest one that still takes space."""
    return int(connection.execute(_LATEST_LEFT if on_postgres(connection) else _LATEST).scalar() or 0)


def removed_since(connection: Connection, number: int) -> list[str]:
    """Return the ids of the exchanges that were removed after a removal, as far as they still take space."""
    return list(connection.execute(select(removals.c.exchange_id).where(removals.c.number > number)).scalars())


def bytes_to_free(connection: Connection) -> int:
    """Return the bytes of the headers and bodies that are still to be deleted."""
    return int(connection.execute(select(func.coalesce(func.sum(removals.c.size), 0))).scalar_one())


def free_some(connection: Connection, now: datetime | None = None) -> bool:
    """Delete the headers and bodies of a few removed exchanges. Return whether there were any.

    With ``now``, only those that every running candela has noticed.
    """
    with _without_cascades(connection):
        ids = _next_to_free(connection, now)
        if ids:
            _store_dependents_alone(connection, ids)
            for each in OWNED_TABLES:
                connection.execute(delete(each).where(key_of(each).in_(ids)))
            connection.execute(delete(removals).where(removals.c.exchange_id.in_(ids)))
    return bool(ids)


def remove_bodies(connection: Connection, ids: Sequence[str]) -> int:
    """Remove the bodies of a few exchanges that have ended, in one transaction, and note in their rows that they are
    not stored. Return how many had any to be stored."""
    of = exchanges.c
    with _without_cascades(connection):
        wanted = select(of.id).where(of.id.in_(ids), of.outcome != Outcome.LIVE.value, HAS_BODIES)
        found = connection.execute(wanted).scalars().all()
        if found:
            _store_dependents_alone(connection, found)
            for each in _BODY_TABLES:
                connection.execute(delete(each).where(key_of(each).in_(found)))
            connection.execute(update(exchanges).where(of.id.in_(found)).values(kept=Kept.HEADERS.value))
    return len(found)


def _next_to_free(connection: Connection, now: datetime | None) -> list[str]:
    """Return a few removed exchanges. None of them is the base of another removed body, so that each kept body can
    still be read when its base is deleted."""
    others = removals.alias()
    bodies = request_bodies.join(others, others.c.exchange_id == request_bodies.c.exchange_id)
    is_base = exists().select_from(bodies).where(request_bodies.c.base_id == removals.c.exchange_id)
    # The latest first: usually, no body is a patch against it.
    wanted = select(removals.c.exchange_id, removals.c.size).where(~is_base).order_by(removals.c.number.desc())
    if now is not None:
        wanted = wanted.where(removals.c.removed_at_us <= stored_time(now - _NOTICED_WITHIN))
    ids: list[str] = []
    size = 0
    for row in connection.execute(wanted.limit(_AT_ONCE)):
        ids.append(row.exchange_id)
        size += row.size
        if size >= _BYTES_AT_ONCE:
            break
    return ids


def _store_dependents_alone(connection: Connection, ids: Sequence[str]) -> None:
    """Store the other bodies that are patches against these ones without a base."""
    key = request_bodies.c.exchange_id
    dependents = select(key).where(request_bodies.c.base_id.in_(ids), key.not_in(ids))
    for exchange_id in connection.execute(dependents).scalars().all():
        try:
            body = read_request(connection, exchange_id)
        except StoreError as error:
            # It could not be read before either.
            logger.warning("%s", error)
            continue
        assert body is not None
        connection.execute(update(request_bodies).where(key == exchange_id).values(base_id=None, data=pack(body)))


def give_pages_back(connection: Connection) -> bool:
    """Return a few unused pages of the file to the file system. Return whether there were any."""
    if not free_pages(connection):
        return False
    driver = driver_connection(connection)
    # Each step of the statement frees one page. ``execute`` takes only one step, since the statement has no columns.
    driver.executescript(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})").close()
    return True


def free_pages(connection: Connection) -> int:
    """Return the number of unused pages in the file; none of PostgreSQL, whose own autovacuum looks after them."""
    if on_postgres(connection):
        return 0
    return int(driver_connection(connection).execute("PRAGMA freelist_count").fetchone()[0])


def bytes_used(connection: Connection) -> int:
    """Return the size of the file without its unused pages."""
    driver = driver_connection(connection)
    pages, size = (int(driver.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size"))
    return (pages - free_pages(connection)) * size
