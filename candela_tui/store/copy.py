"""Copies what one store has into another, in the same kind of database or in the other.

Each step copies some requests, with all that belongs to them, and compares counts and sums before it commits. What the
other store has already stays as it is, so that an interrupted copy can go on where it stopped.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Table, func, insert, literal, select
from sqlalchemy.exc import SQLAlchemyError

from candela_tui.database_url import StoreLocation
from candela_tui.store.bodies import pack
from candela_tui.store.codecs import stored_text
from candela_tui.store.database import (
    connect_to_write,
    driver_connection,
    reading_engine,
    require_this_version,
    store_exists,
    text_or_bytes,
)
from candela_tui.store.dialects import begin_to_read, on_postgres, total, writing
from candela_tui.store.errors import DamagedStore, StoreError, Trouble, said, trouble_of, unchangeable, unreadable
from candela_tui.store.lanes import read_request
from candela_tui.store.migrate import bring_up_to_date
from candela_tui.store.removal import OWNED_TABLES, key_of
from candela_tui.store.schema import exchanges, request_bodies
from candela_tui.store.sums import LIVE, PARTS, STORED, differing_sums

T = TypeVar("T")

_AT_ONCE: Final = 100
"""Requests that are copied in one transaction, so that a running candela does not wait long."""


class StoreCopy:
    """A copy of a store, also while candelas write to both. Requests in flight are left out."""

    def __init__(self, source: StoreLocation, target: StoreLocation) -> None:
        self._source = source
        self._target = target
        self.total = 0
        """Requests of the source."""
        self.seen = 0
        """Requests that were looked at."""
        self.copied = 0
        self.there = 0
        """Requests that the target had."""
        self.live = 0
        """Requests in flight."""
        self.lost: list[str] = []
        """What can't be read in the source, in words."""

    def steps(self) -> Iterator[None]:
        """Copy everything, some requests per step. Raises StoreError; what was committed before that stays."""
        if self._source == self._target:
            raise StoreError(f"{self._source} can't be copied into itself.")
        if not store_exists(self._source):
            raise StoreError(f"{self._source} does not exist.")
        try:
            with closing(connect_to_write(self._target)) as writing_to:
                bring_up_to_date(writing_to, self._target)
                for _ in self._copied(writing_to):
                    yield
                with writing_to.begin():
                    if differing_sums(writing_to):
                        raise StoreError(
                            f"The sums of {self._target} differ from its requests: see `candela db check`."
                        )
        except (SQLAlchemyError, OSError, DamagedStore, UnicodeDecodeError) as error:
            raise unchangeable(self._target, error) from error

    def _copied(self, target: Connection) -> Iterator[None]:
        last = ""
        while True:
            with _opened(self._source) as source:
                if not last:
                    self._count(source)
                wanted = select(exchanges.c.id).where(exchanges.c.outcome != LIVE, exchanges.c.id > stored_text(last))
                with source.reading() as connection:
                    ids = list(connection.execute(wanted.order_by(exchanges.c.id).limit(_AT_ONCE)).scalars())
                known = select(exchanges.c.id).where(exchanges.c.id.in_(ids))
                with target.begin():
                    there = frozenset(target.execute(known).scalars())
                self._copy(source, target, [each for each in ids if each not in there])
            self.seen += len(ids)
            self.there += len(there)
            yield
            if len(ids) < _AT_ONCE:
                return
            last = ids[-1]

    def _count(self, source: "_Source") -> None:
        every = select(func.count()).select_from(exchanges)
        with source.reading() as connection:
            self.live = int(connection.execute(every.where(exchanges.c.outcome == LIVE)).scalar_one())
            self.total = int(connection.execute(every).scalar_one()) - self.live

    def _copy(self, source: "_Source", target: Connection, ids: Sequence[str]) -> None:
        """Copy these requests in one transaction; if a value of one of them can't be stored, each in one."""
        if not ids:
            return
        try:
            with writing(target):
                self._write(source, target, ids)
        except SQLAlchemyError as error:
            if trouble_of(error) is not Trouble.VALUE:
                raise
            if len(ids) == 1:
                self.lost.append(f"Request {ids[0]} can't be copied ({said(error)}).")
                return
            for each in ids:
                self._copy(source, target, [each])
            return
        self.copied += len(ids)

    def _write(self, source: "_Source", target: Connection, ids: Sequence[str]) -> None:
        _add(target, exchanges, source.rows(exchanges, ids))
        for table in OWNED_TABLES:
            rows = source.rows(table, ids)
            if table is request_bodies:
                rows = list(self._with_bases(source, target, rows))
            _add(target, table, rows)
            if _extent(target, table, ids) != (len(rows), sum(row.get("size", 0) for row in rows)):
                raise StoreError(f"{self._target} has other rows in {table.name} than were copied. Nothing was kept.")
        with source.reading() as connection:
            sums = _sums(connection, ids)
        if sums != _sums(target, ids):
            raise StoreError(f"The sums of {self._target} differ from those of {self._source}. Nothing was kept.")

    def _with_bases(
        self, source: "_Source", target: Connection, rows: Sequence[dict[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        """Yield the rows of request bodies, whose bases are in the target, or else alone."""
        based = {row["base_id"] for row in rows if row["base_id"] is not None}
        key = request_bodies.c.exchange_id
        with_base = set(target.execute(select(key).where(key.in_(based))).scalars()) if based else set[str]()
        for row in sorted(rows, key=lambda row: str(row["exchange_id"])):
            exchange_id, base_id = row["exchange_id"], row["base_id"]
            if base_id is not None and base_id not in with_base:
                with source.reading() as connection:
                    try:
                        body = read_request(connection, exchange_id)
                    except StoreError as error:
                        self.lost.append(str(error))
                        continue
                assert body is not None
                row = {**row, "base_id": None, "data": pack(body)}
            with_base.add(exchange_id)
            yield row


class _Source:
    """One state of the source. Whatever fails there names the source."""

    def __init__(self, location: StoreLocation, connection: Connection) -> None:
        self._location = location
        self._connection = connection

    def reading(self) -> AbstractContextManager[Connection]:
        """Provide the connection, for a block that does nothing but read. Raises StoreError."""
        return _naming(self._location, self._connection)

    def rows(self, table: Table, ids: Collection[str]) -> list[dict[str, Any]]:
        """Return the rows of these requests. Raises StoreError."""
        key = exchanges.c.id if table is exchanges else key_of(table)
        with self.reading() as connection:
            found = connection.execute(select(table).where(key.in_(ids))).mappings().all()
        return [
            {name: stored_text(value) if isinstance(value, str) else value for name, value in row.items()}
            for row in found
        ]


@contextmanager
def _opened(location: StoreLocation) -> Iterator[_Source]:
    with ExitStack() as opened:
        with _naming(location, None):
            connection = opened.enter_context(reading_engine(location).connect())
            if not on_postgres(connection):
                driver_connection(connection).text_factory = text_or_bytes
            begin_to_read(connection)
            if not require_this_version(connection, location):
                raise StoreError(f"Nothing is recorded in {location}.")
        yield _Source(location, connection)


@contextmanager
def _naming(location: StoreLocation, connection: T) -> Iterator[T]:
    try:
        yield connection
    except (SQLAlchemyError, OSError, DamagedStore, UnicodeDecodeError) as error:
        raise unreadable(location, error) from error


def _add(target: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        target.execute(insert(table), rows)


def _extent(connection: Connection, table: Table, ids: Collection[str]) -> tuple[int, int]:
    """Return how many rows belong to these requests, and the sizes of their bodies together."""
    sizes = func.coalesce(total(table.c.size), 0) if "size" in table.c else literal(0)
    count, size = connection.execute(select(func.count(), sizes).where(key_of(table).in_(ids))).one()
    return int(count), int(size)


def _sums(connection: Connection, ids: Collection[str]) -> tuple[Any, ...]:
    wanted = select(func.count(), *(total(part.of(STORED)) for part in PARTS)).where(exchanges.c.id.in_(ids))
    return tuple(connection.execute(wanted).one())
