"""Brings back what can still be read of a damaged store.

Each request is copied with those of its bodies that equal their hashes. The rest is named, and left behind.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, Table, select, text
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError

from candela_tui.exchange import Exchange
from candela_tui.store.bodies import DamagedBody, Part, unpack_part
from candela_tui.store.contexts import read_context_parts
from candela_tui.store.database import (
    connect_to_write,
    driver_connection,
    reading_engine,
    require_this_version,
    text_or_bytes,
)
from candela_tui.store.errors import DamagedStore, StoreError, Trouble, said, trouble_of, unchangeable, unreadable
from candela_tui.store.exclusive import exclusively
from candela_tui.store.lanes import Lanes, read_request
from candela_tui.store.migrate import bring_up_to_date
from candela_tui.store.provider_requests import answer_passed_untouched, provider_request_row, read_provider_request
from candela_tui.store.results import WITH_RESULTS, write_results
from candela_tui.store.rows import exchange_of, with_headers
from candela_tui.store.schema import (
    exchanges,
    headers,
    provider_parts,
    provider_requests,
    request_bodies,
    response_parts,
)
from candela_tui.store.sums import differing_sums, sum_again

_T = TypeVar("_T")
_AT_ONCE: Final = 20
"""Requests that are written in one transaction, so that a running candela does not wait long."""
_MOST_BASES: Final = 64 * 2**20
_MOST_COMPLAINTS: Final = 100
_MOST_ROWS_OF_PAGE: Final = 12
"""A row takes at least 300 bytes of a page of 4096."""


def is_damaged(path: Path) -> bool:
    """Return whether the file's structure is damaged. Raises StoreError if it can't be read for another reason."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=rw", uri=True)) as connection:
            connection.execute("PRAGMA query_only = ON")
            return not _whole(connection)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        if trouble_of(error) is Trouble.BROKEN:
            return True
        raise unreadable(path, error) from error


def mend_in_place(path: Path) -> bool:
    """Rebuild the indexes of a store that nothing else has open. Return whether it is whole after that.

    Raises StoreError.
    """
    try:
        with exclusively(path) as connection:
            connection.execute("REINDEX")
            return _whole(connection)
    except DamagedStore:
        return False


def correct_sums(path: Path) -> bool:
    """Sum up the requests again if the stored sums differ. Return whether they did. Raises StoreError."""
    try:
        writing = connect_to_write(path)
        with closing(writing):
            bring_up_to_date(writing, path)
            with writing.begin():
                writing.exec_driver_sql("BEGIN IMMEDIATE")
                if not differing_sums(writing):
                    return False
                sum_again(writing)
                return True
    except (SQLAlchemyError, OSError, DamagedStore, UnicodeDecodeError) as error:
        raise unchangeable(path, error) from error


def _whole(connection: sqlite3.Connection) -> bool:
    complaints = connection.execute(f"PRAGMA integrity_check({_MOST_COMPLAINTS})").fetchall()
    return [row[0] for row in complaints] == ["ok"]


class Repair:
    """Copies everything readable of a damaged store into another, also into one that a running candela writes to."""

    def __init__(self, source: Path, target: Path) -> None:
        self._source = source
        self._target = target
        self._lanes = Lanes(_MOST_BASES)
        self.found = 0
        """Requests that were read."""
        self.added = 0
        """Requests that the target did not have."""
        self.lost: list[str] = []
        """What could not be read, in words."""

    def steps(self) -> Iterator[None]:
        """Copy everything, some requests per step. Raises StoreError if the target can't be written."""
        try:
            writing = connect_to_write(self._target)
            with closing(writing):
                bring_up_to_date(writing, self._target)
                with reading_engine(self._source).connect() as reading:
                    driver_connection(reading).text_factory = text_or_bytes
                    # SQLite then reads a file of which a part of the schema, or the end, is damaged.
                    driver_connection(reading).execute("PRAGMA writable_schema = ON").close()
                    yield from self._copied(reading, writing)
        except (SQLAlchemyError, OSError, DamagedStore) as error:
            raise unchangeable(self._target, error) from error

    def _copied(self, reading: Connection, writing: Connection) -> Iterator[None]:
        for rowids in self._rowids(reading):
            with writing.begin():
                writing.exec_driver_sql("BEGIN IMMEDIATE")
                for rowid in rowids:
                    self._copy(reading, writing, rowid)
            yield

    def _rowids(self, reading: Connection) -> Iterator[Sequence[int]]:
        """Yield the numbers of rows, some at a time. A file is damaged page by page: those on other pages are found by
        trying the next numbers."""
        try:
            require_this_version(reading, self._source)
            most = int(reading.exec_driver_sql("PRAGMA page_count").scalar_one()) * _MOST_ROWS_OF_PAGE
        except (SQLAlchemyError, DamagedStore, UnicodeDecodeError) as error:
            raise StoreError(f"Nothing of {self._source} can be read ({said(error)}). The file is kept.") from error
        wanted = text("SELECT rowid FROM exchanges WHERE rowid > :last ORDER BY rowid LIMIT :most")
        last = failures = 0
        while failures <= most:
            try:
                found = reading.execute(wanted, {"last": last, "most": _AT_ONCE}).scalars().all()
            except (SQLAlchemyError, UnicodeDecodeError) as error:
                self._lose_rows(error)
                last, failures = last + 1, failures + 1
                continue
            if not found:
                return
            yield found
            last, failures = found[-1], 0

    def _lose_rows(self, error: Exception) -> None:
        words = f"A part of the file can't be read ({said(error)}); the requests there are lost."
        if words not in self.lost:
            self.lost.append(words)

    def _copy(self, reading: Connection, writing: Connection, rowid: int) -> None:
        try:
            row = reading.execute(select(exchanges).where(text("exchanges.rowid = :row")), {"row": rowid}).mappings()
            found = row.one_or_none()
        except (SQLAlchemyError, UnicodeDecodeError) as error:
            self._lose_rows(error)
            return
        if found is None:
            return
        try:
            exchange = exchange_of(dict(found))
        except (ValueError, TypeError, ArithmeticError) as error:
            self.lost.append(f"Request {found['id']} can't be read ({error}).")
            return
        self.found += 1
        if writing.execute(insert(exchanges).on_conflict_do_nothing(), dict(found)).rowcount:
            self.added += 1
            self._copy_bodies(reading, writing, exchange)

    def _copy_bodies(self, reading: Connection, writing: Connection, exchange: Exchange) -> None:
        fields = self._try(exchange, lambda: _headers(reading, exchange))
        if fields is not None:
            writing.execute(insert(headers), fields)
        worked_out = self._try(exchange, lambda: _with_results(reading, exchange))
        if worked_out is not None:
            context = self._try(exchange, lambda: read_context_parts(reading, exchange.id))
            write_results(writing, [worked_out], {} if context is None else {exchange.id: context})
        for table in (response_parts, provider_parts):
            parts = self._try(exchange, partial(_parts, reading, table, exchange.id))
            if parts:
                writing.execute(insert(table), parts)
        body = self._try(exchange, lambda: read_request(reading, exchange.id))
        if body is not None:
            writing.execute(insert(request_bodies), self._lanes.row_of(writing, exchange, body))
        sent = self._try(exchange, lambda: read_provider_request(reading, exchange.id))
        untouched = self._try(exchange, lambda: answer_passed_untouched(reading, exchange.id))
        if sent is not None and untouched is not None:
            new = provider_request_row(exchange.id, sent, body, untouched=untouched)
            writing.execute(insert(provider_requests), new)

    def _try(self, exchange: Exchange, read: Callable[[], _T]) -> _T | None:
        """Return what is read, or None, and note that it is lost."""
        try:
            return read()
        except (StoreError, DamagedBody, SQLAlchemyError, ValueError, TypeError) as error:
            words = str(error) if isinstance(error, StoreError) else said(error)
            self.lost.append(f"Of request {exchange.id}, a part is lost ({words}).")
            return None


def _headers(reading: Connection, exchange: Exchange) -> dict[str, Any] | None:
    wanted = select(headers).where(headers.c.exchange_id == exchange.id)
    row = reading.execute(wanted).mappings().one_or_none()
    if row is None:
        return None
    # Only to see whether they can be read.
    with_headers(exchange, dict(row))
    return dict(row)


def _with_results(reading: Connection, exchange: Exchange) -> Exchange:
    row = reading.execute(WITH_RESULTS.where(exchanges.c.id == exchange.id)).mappings().one()
    return exchange_of(dict(row))


def _parts(reading: Connection, table: Table, exchange_id: str) -> list[dict[str, Any]]:
    wanted = select(table).where(table.c.exchange_id == exchange_id).order_by(table.c.number)
    rows = [dict(row) for row in reading.execute(wanted).mappings()]
    for row in rows:
        unpack_part(Part(row["size"], row["digest"], row["data"], row["chunks"]))
    return rows
