"""Reading the store, also while a candela writes it."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import Connection, RowMapping, Select, Table, select
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from candela_tui.exchange import Exchange
from candela_tui.store.bodies import DamagedBody, Part, unpack_part, unpack_part_body
from candela_tui.store.database import driver_connection, reading_engine, revision_of, text_or_bytes
from candela_tui.store.errors import DamagedStore, ForeignStore, StoreError, unreadable
from candela_tui.store.lanes import read_request
from candela_tui.store.processes import is_running
from candela_tui.store.provider_requests import answer_passed_untouched, read_provider_request
from candela_tui.store.rows import exchange_of, interrupted, read_text, stored_text, stored_time, with_headers
from candela_tui.store.schema import REVISIONS, exchanges, headers, provider_parts, response_parts

__all__ = ["EVERY_SESSION", "EverySession", "StoreError", "StoreReader"]


class EverySession(Enum):
    """The type of EVERY_SESSION."""

    EVERY_SESSION = "every session"


EVERY_SESSION: Final = EverySession.EVERY_SESSION
"""Exchanges of all sessions, those that named none included; a ``session_id`` of None is the latter alone."""

_LAST_CHARACTER = "\U0010ffff"


class StoreReader:
    """Each call opens a connection of its own, sees one state of the store, and may come from any thread.

    Every method raises StoreError where the store can't be read. A file that does not exist (yet) is an empty store.
    """

    freshness_s = 1.0
    """Seconds after which more of a live answer may be stored."""

    def __init__(self, path: Path, on_damaged: Callable[[str], None] | None = None) -> None:
        """``on_damaged`` is called with words about each exchange that a list leaves out because it can't be read."""
        self._path = path
        self._engine = reading_engine(path)
        self._on_damaged = on_damaged
        self._damaged: set[str] = set()

    def close(self) -> None:
        """Nothing is held between calls; for symmetry with the writer."""
        self._engine.dispose()

    def exchanges(
        self,
        *,
        session_id: str | Literal[EverySession.EVERY_SESSION] | None = EVERY_SESSION,
        since: datetime | None = None,
        before: str | None = None,
        limit: int | None = None,
    ) -> list[Exchange]:
        """Exchanges without their headers, oldest first; ``limit`` keeps the newest. ``before`` is an id."""
        wanted = select(exchanges).order_by(exchanges.c.id.desc()).limit(limit)
        if session_id is not EVERY_SESSION:
            wanted = wanted.where(exchanges.c.session_id.is_not_distinct_from(stored_text(session_id)))
        if since is not None:
            wanted = wanted.where(exchanges.c.started_at_us >= stored_time(since))
        if before is not None:
            wanted = wanted.where(exchanges.c.id < stored_text(before))
        with self._reading() as connection:
            rows = _rows(connection, wanted) if connection else []
        running = cache(is_running)
        return list(self._readable(reversed(rows), running))

    def session_ids(self, since: datetime | None = None) -> list[str | None]:
        """The sessions that have exchanges, or have some that began then or later; None: those that named none."""
        wanted = select(exchanges.c.session_id).distinct()
        if since is not None:
            wanted = wanted.where(exchanges.c.started_at_us >= stored_time(since))
        with self._reading() as connection:
            rows = _rows(connection, wanted) if connection else []
        found: list[str | None] = []
        for row in rows:
            # What is not text belongs to an exchange that the lists leave out and name.
            with contextlib.suppress(ValueError, TypeError):
                found.append(read_text(row["session_id"]))
        return found

    def exchange(self, id_or_prefix: str) -> Exchange | None:
        """One exchange with its headers, by its id or the beginning of it. Raises StoreError where several fit."""
        if not id_or_prefix:
            return None
        wanted = (
            select(exchanges, *(column for column in headers.c if not column.primary_key))
            .outerjoin(headers, headers.c.exchange_id == exchanges.c.id)
            .order_by(exchanges.c.id)
            .limit(2)
        )
        beginning = exchanges.c.id.between(stored_text(id_or_prefix), stored_text(id_or_prefix + _LAST_CHARACTER))
        with self._reading() as connection:
            if connection is None:
                return None
            rows = _rows(connection, wanted.where(exchanges.c.id == stored_text(id_or_prefix)))
            rows = rows or _rows(connection, wanted.where(beginning))
        if not rows:
            return None
        if len(rows) > 1:
            raise StoreError(
                f"More than one exchange begins with {id_or_prefix}, such as {rows[0]['id']} and {rows[1]['id']}; "
                f"give more of the id."
            )
        return self._exchange(rows[0], is_running, headers_too=True)

    def request_body(self, exchange_id: str) -> bytes | None:
        """The request's body, byte for byte; None: not in the store. Raises StoreError where it is damaged."""
        with self._reading() as connection:
            return read_request(connection, exchange_id) if connection else None

    def response_body(self, exchange_id: str) -> bytes | None:
        """The response's body as far as it is stored, byte for byte; None: not in the store. Raises StoreError."""
        return _body_of(exchange_id, self._parts(exchange_id))

    def response_chunks(self, exchange_id: str, after: int = 0) -> tuple[list[bytes], list[float]]:
        """The response's chunks beyond the first ``after`` as they crossed, and their times in ms to the microsecond.

        Raises StoreError.
        """
        return _chunks_of(exchange_id, self._parts(exchange_id), after)

    def provider_request_body(self, exchange_id: str) -> bytes | None:
        """The body that went to the provider, byte for byte; None: not in the store, or the client's own body and
        answer are all that crossed. Raises StoreError where it is damaged."""
        with self._reading() as connection:
            return read_provider_request(connection, exchange_id) if connection else None

    def provider_response_body(self, exchange_id: str) -> bytes | None:
        """The body that came from the provider, as far as it is stored; None as ``provider_request_body`` has it. The
        client's, where it passed as it came. Raises StoreError."""
        return _body_of(exchange_id, self._parts(exchange_id, of_provider=True))

    def provider_response_chunks(self, exchange_id: str, after: int = 0) -> tuple[list[bytes], list[float]]:
        """The chunks that came from the provider beyond the first ``after``, and their times, as ``response_chunks``
        has the client's; none where ``provider_response_body`` has none. Raises StoreError."""
        return _chunks_of(exchange_id, self._parts(exchange_id, of_provider=True), after)

    def _parts(self, exchange_id: str, *, of_provider: bool = False) -> list[Part] | None:
        table: Table = response_parts
        with self._reading() as connection:
            if connection is None:
                return None
            if of_provider:
                untouched = answer_passed_untouched(connection, exchange_id)
                if untouched is None:
                    return None
                table = response_parts if untouched else provider_parts
            columns = table.c
            dropped = connection.execute(
                select(exchanges.c.response_dropped).where(exchanges.c.id == exchange_id)
            ).scalar()
            if dropped is not False:
                return None
            rows = connection.execute(
                select(columns.size, columns.digest, columns.data, columns.chunks)
                .where(columns.exchange_id == exchange_id)
                .order_by(columns.number)
            )
            return [Part(*row) for row in rows]

    @contextmanager
    def _reading(self) -> Iterator[Connection | None]:
        """A connection that sees one state of the store; None: there is nothing in it."""
        try:
            if not self._path.exists():
                yield None
                return
            with self._engine.connect() as connection:
                connection.exec_driver_sql("BEGIN")
                revision = revision_of(connection, self._path)
                if revision is not None and revision != REVISIONS[-1]:
                    raise StoreError(
                        f"{self._path} was written by an older candela (schema {revision}). "
                        f"Start candela: it brings the file up to date."
                    )
                yield connection if revision else None
        except ForeignStore:
            raise
        except (SQLAlchemyError, OSError, DamagedStore, UnicodeDecodeError) as error:
            raise unreadable(self._path, error) from error

    def _readable(
        self, rows: Iterable[RowMapping], running: Callable[[int | None, str | None], bool]
    ) -> Iterator[Exchange]:
        for row in rows:
            try:
                yield self._exchange(row, running)
            except StoreError as error:
                words = str(error)
                if self._on_damaged is not None and words not in self._damaged:
                    self._damaged.add(words)
                    self._on_damaged(words)

    def _exchange(
        self, row: RowMapping, running: Callable[[int | None, str | None], bool], *, headers_too: bool = False
    ) -> Exchange:
        try:
            columns = dict(row)
            exchange = exchange_of(columns)
            if headers_too:
                exchange = with_headers(exchange, columns)
        except (ValueError, TypeError, ArithmeticError) as error:
            raise StoreError(f"Exchange {row['id']} in {self._path} is damaged and can't be read.") from error
        return interrupted(exchange) if exchange.live and not running(row["pid"], row["process"]) else exchange


def _rows(connection: Connection, wanted: Select[Any]) -> Sequence[RowMapping]:
    try:
        return connection.execute(wanted).mappings().all()
    except OperationalError as error:
        # Without a code of SQLite's it is the sqlite3 module's own: a text that is not UTF-8.
        if hasattr(error.orig, "sqlite_errorcode"):
            raise
        driver_connection(connection).text_factory = text_or_bytes
        return connection.execute(wanted).mappings().all()


def _body_of(exchange_id: str, parts: list[Part] | None) -> bytes | None:
    return None if parts is None else b"".join(_checked(exchange_id, unpack_part_body, part) for part in parts)


def _chunks_of(exchange_id: str, parts: list[Part] | None, after: int) -> tuple[list[bytes], list[float]]:
    chunks: list[bytes] = []
    times: list[float] = []
    for part in parts or ():
        its_chunks, its_times = _checked(exchange_id, unpack_part, part)
        chunks += its_chunks
        times += its_times
    return chunks[after:], times[after:]


def _checked(exchange_id: str, unpack: Callable[[Part], Any], part: Part) -> Any:
    try:
        return unpack(part)
    except DamagedBody as error:
        raise StoreError(f"The stored response of exchange {exchange_id} is damaged ({error}).") from error
