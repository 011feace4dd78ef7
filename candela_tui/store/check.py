"""Checks the whole store: the file's structure, the sums, each row, and each body against its hash."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Table, exists, func, select
from sqlalchemy.exc import SQLAlchemyError

from candela_tui.database_url import StoreLocation
from candela_tui.store.bodies import DamagedBody, Part, unpack_part
from candela_tui.store.contexts import read_context_parts
from candela_tui.store.database import (
    driver_connection,
    reading_engine,
    require_tables,
    require_this_version,
    text_or_bytes,
)
from candela_tui.store.dialects import begin_to_read, on_postgres
from candela_tui.store.errors import DamagedStore, StoreError, Trouble, said, trouble_of, unreadable
from candela_tui.store.provider_requests import read_provider_request
from candela_tui.store.request_reader import RequestReader
from candela_tui.store.results import WITH_RESULTS
from candela_tui.store.rows import exchange_of, with_headers
from candela_tui.store.schema import (
    cache_diagnoses,
    context_parts,
    context_sums,
    exchanges,
    headers,
    metadata,
    provider_parts,
    removals,
    request_bodies,
    response_parts,
)
from candela_tui.store.sums import differing_sums

_AT_ONCE: Final = 200
"""Requests that are read in one transaction: a longer one would keep a running candela from emptying its log."""
_MOST_BASES: Final = 64 * 2**20
"""Bytes of bodies that are remembered, because later ones are patches of them."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong: with one request, or with the file as a whole."""

    request_id: str | None
    words: str


class Check:
    """A check of a store, also of one that a running candela writes to."""

    def __init__(self, path: StoreLocation) -> None:
        self._path = path
        self._requests = RequestReader(_MOST_BASES)
        self.problems: list[Problem] = []
        self.requests = 0
        """How many requests were checked."""
        self.total = 0
        """How many there were at the beginning."""
        self.doing = "Reading the file"

    def steps(self) -> Iterator[None]:
        """Check everything, a little per step. Raises StoreError if the store can't be read at all."""
        try:
            with reading_engine(self._path).connect() as connection:
                if not on_postgres(connection):
                    driver_connection(connection).text_factory = text_or_bytes
                yield from self._checked(connection)
        except (SQLAlchemyError, OSError, DamagedStore, UnicodeDecodeError) as error:
            raise unreadable(self._path, error) from error

    def _checked(self, connection: Connection) -> Iterator[None]:
        with connection.begin():
            if not require_this_version(connection, self._path):
                return
            self.total = int(connection.execute(select(func.count()).select_from(exchanges)).scalar_one())
        for table in metadata.sorted_tables if not on_postgres(connection) else ():
            self.doing = f"Checking the table {table.name}"
            yield
            with connection.begin():
                rows = connection.exec_driver_sql(f"PRAGMA integrity_check({table.name})")
                self.problems += [Problem(None, str(row[0])) for row in rows if row[0] != "ok"]
        self.doing = "Checking the sums"
        yield
        with connection.begin():
            begin_to_read(connection)
            self._check_tables(connection)
        yield from self._check_requests(connection)

    def _check_tables(self, connection: Connection) -> None:
        try:
            require_tables(connection)
        except DamagedStore as error:
            self.problems.append(Problem(None, f"{error}."))
        if differing := differing_sums(connection):
            words = f"The stored sums differ from the requests in {differing} groups."
            self.problems.append(Problem(None, words))
        for table in (headers, request_bodies, response_parts, cache_diagnoses, context_sums, context_parts):
            if count := _orphans(connection, table):
                self.problems.append(Problem(None, f"The table {table.name} has {count} rows without a request."))

    def _check_requests(self, connection: Connection) -> Iterator[None]:
        last = ""
        while True:
            wanted = (
                WITH_RESULTS.add_columns(headers.c.fields)
                .outerjoin(headers, headers.c.exchange_id == exchanges.c.id)
                .where(exchanges.c.id > last)
                .order_by(exchanges.c.id)
                .limit(_AT_ONCE)
            )
            with connection.begin():
                begin_to_read(connection)
                rows = connection.execute(wanted).mappings().all()
                for row in rows:
                    self.doing = f"Checking requests: {self.requests:,} of {self.total:,}"
                    self.problems += [Problem(row["id"], words) for words in self._wrong(connection, row)]
                    self.requests += 1
                    yield
            if not rows:
                return
            last = rows[-1]["id"]

    def _wrong(self, connection: Connection, row: Any) -> Iterator[str]:
        exchange_id = row["id"]
        try:
            with_headers(exchange_of(row), row)
            read_context_parts(connection, exchange_id)
        except (ValueError, TypeError, ArithmeticError) as error:
            yield f"Its row is damaged ({error})."
        for read in (self._requests.read, read_provider_request, _read_parts):
            try:
                read(connection, exchange_id)
            except StoreError as error:
                yield str(error)
            except SQLAlchemyError as error:
                if trouble_of(error) is not Trouble.BROKEN:
                    raise
                yield f"It can't be read ({said(error)})."


def _orphans(connection: Connection, table: Table) -> int:
    """Return how many rows belong to no request, without those of removed ones that are still to be deleted."""
    key = table.c.exchange_id
    owned = exists().where(exchanges.c.id == key)
    removed = exists().where(removals.c.exchange_id == key)
    return int(connection.execute(select(func.count()).select_from(table).where(~owned, ~removed)).scalar_one())


def _read_parts(connection: Connection, exchange_id: str) -> None:
    for table in (response_parts, provider_parts):
        columns = table.c
        wanted = select(columns.size, columns.digest, columns.data, columns.chunks)
        for row in connection.execute(wanted.where(columns.exchange_id == exchange_id).order_by(columns.number)):
            try:
                unpack_part(Part(*row))
            except DamagedBody as error:
                raise StoreError(f"The stored response of exchange {exchange_id} is damaged ({error}).") from error
