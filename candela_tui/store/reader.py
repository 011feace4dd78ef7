"""Reads the store, also while another process writes it."""

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Select, Table, bindparam, func, or_, select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from candela_tui.analysis.context_parts import ContextPart
from candela_tui.analysis.filter import Filter
from candela_tui.analysis.limit_history import LimitedRequest
from candela_tui.analysis.limits import five_hour_reset
from candela_tui.database_url import StoreLocation
from candela_tui.exchange import Exchange, Kept, Outcome
from candela_tui.ledger.agent_types import AgentTypes
from candela_tui.ledger.ledger import EVERY_DIMENSION, Dimension, Ledger
from candela_tui.ledger.usage_report import UsageGroup, UsageReport
from candela_tui.protocol.kind import NO_MESSAGE
from candela_tui.store.bodies import DamagedBody, Part, unpack_part, unpack_part_body
from candela_tui.store.codecs import read_text, stored_text
from candela_tui.store.contexts import read_context_parts
from candela_tui.store.database import (
    driver_connection,
    reading_engine,
    require_this_version,
    schema_state,
    store_exists,
    text_or_bytes,
)
from candela_tui.store.dialects import StoredText, begin_to_read, same
from candela_tui.store.errors import AmbiguousId, DamagedStore, ForeignStore, StoreError, is_about_statement, unreadable
from candela_tui.store.history import EVERYTHING, ExchangeQuery
from candela_tui.store.lanes import read_request
from candela_tui.store.prefilter import conditions_for
from candela_tui.store.process_locks import Running, running_processes
from candela_tui.store.provider_requests import answer_passed_untouched, read_provider_request
from candela_tui.store.recorded_answers import RecordedAnswer, recorded_answers
from candela_tui.store.results import WITH_RESULTS, lacking
from candela_tui.store.rows import COSTING_COLUMNS, costing_exchange_of, exchange_of, interrupted, with_headers
from candela_tui.store.schema import BODILESS, HAS_BODIES, exchanges, headers, provider_parts, response_parts
from candela_tui.store.search import search_sessions
from candela_tui.store.sums import LIVE
from candela_tui.store.totals import NotSummable, conditions, read_ledger, text_of
from candela_tui.store.units import read_time, stored_time
from candela_tui.store.usage import read_agent_types, read_five_hour_resets, read_groups, read_limited_requests

_LAST_CHARACTER = "\U0010ffff"
_AT_ONCE = 500
_COSTS_AT_ONCE = 1000
"""Exchanges that are read in one transaction."""
_MARGIN_US = 60_000_000
"""How much later than its id says an exchange may have begun: the process may sleep between the two."""


class Listed(NamedTuple):
    """What is needed to know whether there is anything new of an exchange."""

    id: str
    started_at: datetime
    live: bool


_LISTED = (exchanges.c.id, exchanges.c.started_at_us, exchanges.c.outcome)


def _listed(row: Any) -> Listed:
    return Listed(row.id, read_time(row.started_at_us), row.outcome == Outcome.LIVE.value)


_EARLIER_OF_AGENT = (
    select(exchanges.c.id)
    .where(
        same(exchanges.c.session_id, bindparam("session", type_=StoredText())),
        same(exchanges.c.agent_id, bindparam("agent", type_=StoredText())),
        exchanges.c.id < bindparam("before"),
        exchanges.c.id >= bindparam("since"),
    )
    .order_by(exchanges.c.id.desc())
    .limit(bindparam("limit"))
)
"""Built once: that takes longer than running it, and it runs for each request."""

_WITH_HEADERS = (
    WITH_RESULTS.add_columns(*(column for column in headers.c if not column.primary_key))
    .outerjoin(headers, headers.c.exchange_id == exchanges.c.id)
    .limit(2)
)
_WITH_ID = _WITH_HEADERS.where(exchanges.c.id == bindparam("id"))
"""Built once, as ``_EARLIER_OF_AGENT`` is."""
_WITH_PREFIX = _WITH_HEADERS.where(exchanges.c.id.between(bindparam("id"), bindparam("last"))).order_by(exchanges.c.id)


class StoreReader:
    """Reads the store. Each call opens its own connection, sees one state of the store, and may come from any thread.

    Every method raises StoreError if the store can't be read. A file that does not exist (yet) is an empty store.
    """

    freshness_s = 1.0
    """Seconds after which more of a live response may be stored."""

    def __init__(self, path: StoreLocation, on_damaged: Callable[[str], None] | None = None) -> None:
        """``on_damaged`` is called with a message for each exchange that a list omits because it can't be read."""
        self._path = path
        self._on_damaged = on_damaged
        self._damaged: set[str] = set()
        self._schema: object = None
        """The file and the version of its schema that were last found to be this candela's."""

    @cached_property
    def _engine(self) -> Engine:
        return reading_engine(self._path)

    def close(self) -> None:
        """Do nothing: no resource is held between calls. Exists for symmetry with the writer."""

    def exchanges(self, query: ExchangeQuery = EVERYTHING) -> list[Exchange]:
        """Return exchanges without their headers, oldest first."""
        with self._reading() as connection:
            rows = _rows(connection, _statement(query)) if connection else []
        return list(self._readable(reversed(rows)))

    def each(self, query: ExchangeQuery = EVERYTHING) -> Iterator[Exchange]:
        """Yield exchanges without their headers, oldest first, holding a few of them at a time.

        Ignores the query's limit. An exchange that is stored meanwhile may be left out.
        """
        last = ""
        running = self._running()
        wanted = WITH_RESULTS.where(*conditions(query)).order_by(exchanges.c.id).limit(_AT_ONCE)
        while True:
            with self._reading() as connection:
                rows = _rows(connection, wanted.where(exchanges.c.id > last)) if connection else []
            yield from self._readable(rows, running)
            if len(rows) < _AT_ONCE:
                return
            last = rows[-1]["id"]

    def each_cost(self, query: ExchangeQuery = EVERYTHING) -> Iterator[list[Exchange]]:
        """Yield exchanges with what their requests said about themselves and what they cost, oldest first, many at a
        time. Ignores the query's limit, and exchanges that are damaged."""
        last = ""
        running = self._running()
        meets = conditions(query)
        if query.since is not None:
            meets.append(exchanges.c.id > _id_before(query.since))
        wanted = select(*COSTING_COLUMNS).where(*meets).order_by(exchanges.c.id).limit(_COSTS_AT_ONCE)
        while True:
            with self._reading() as connection:
                rows = _rows(connection, wanted.where(exchanges.c.id > last)) if connection else []
            yield list(_costing(rows, running))
            if len(rows) < _COSTS_AT_ONCE:
                return
            last = rows[-1]["id"]

    def costs_of(self, ids: Collection[str]) -> list[Exchange]:
        """Return the exchanges with these ids that are in the store, as ``each_cost`` does, oldest first."""
        running = self._running()
        wanted, ordered = select(*COSTING_COLUMNS).order_by(exchanges.c.id), sorted(ids)
        found: list[Exchange] = []
        for start in range(0, len(ordered), _COSTS_AT_ONCE):
            some = ordered[start : start + _COSTS_AT_ONCE]
            with self._reading() as connection:
                rows = _rows(connection, wanted.where(exchanges.c.id.in_(some))) if connection else []
            found += _costing(rows, running)
        return found

    def search(self, wanted: Filter, query: ExchangeQuery = EVERYTHING, *, now: datetime) -> list[Exchange]:
        """Return the exchanges that a filter matches, oldest first."""
        return search_sessions(self, wanted, query, now)

    def sessions_that_may_match(self, wanted: Filter) -> frozenset[str | None] | None:
        """Return the sessions with exchanges that a filter may match, or None if it has to be tried on all."""
        known = conditions_for(wanted)
        if not known:
            return None
        try:
            with self._summing() as connection:
                if connection is None:
                    return frozenset()
                found = connection.execute(select(exchanges.c.session_id).distinct().where(*known)).scalars()
                return frozenset(map(text_of, found))
        except NotSummable:
            return None

    def totals(
        self,
        query: ExchangeQuery = EVERYTHING,
        *,
        by: Collection[Dimension] = EVERY_DIMENSION,
        without: Collection[str] = (),
    ) -> Ledger:
        """Return the sums over exchanges, ignoring the query's limit. ``by`` names the dimensions that the ledger
        holds; ``without`` are ids of exchanges that are not counted."""
        query = replace(query, limit=None)
        not_counted = frozenset(without)
        try:
            with self._summing() as connection:
                if connection is None:
                    return Ledger()
                ledger = read_ledger(connection, query, not_counted, by)
                is_live = exchanges.c.outcome == LIVE
                live = _rows(connection, WITH_RESULTS.where(*conditions(query, not_counted), is_live))
        except NotSummable:
            # Read them one by one, so that only damaged ones are omitted, and named.
            return Ledger.of(each for each in self.exchanges(query) if each.id not in not_counted)
        for exchange in self._readable(live):
            ledger.change(None, exchange)
        return ledger

    def usage(self, query: ExchangeQuery, begin: Callable[[], UsageReport]) -> UsageReport:
        """Return a report to which every group of exchanges was added, ignoring the query's limit.

        ``begin`` makes an empty report, which says how long a group may last; it may be called again.
        """
        query = replace(query, limit=None)
        report = begin()
        live: Iterable[Exchange]
        try:
            with self._summing() as connection:
                if connection is None:
                    return report
                for group in read_groups(connection, query, report.within, keyed=report.keyed):
                    report.include(group)
                is_live = exchanges.c.outcome == LIVE
                rows = _rows(connection, WITH_RESULTS.where(*conditions(query), is_live))
                live = self._readable(rows)
        except NotSummable:
            # Read them one by one, so that only damaged ones are omitted, and named.
            report, live = begin(), self.exchanges(query)
        for exchange in live:
            report.include(UsageGroup.of(exchange))
        return report

    def agent_types(self, query: ExchangeQuery) -> AgentTypes:
        """Return the types of sub-agents, as far as the exchanges of a query state them."""
        query = replace(query, limit=None)
        try:
            with self._summing() as connection:
                return read_agent_types(connection, conditions(query)) if connection else AgentTypes()
        except NotSummable:
            return AgentTypes.of(self.exchanges(query))

    def conversations(self, limit: int) -> list[tuple[str, str, str]]:
        """Return the digests of the latest conversations with an answer, each with its session and exchange, the
        earliest first."""
        of = exchanges.c
        wanted = select(of.conversation, of.session_id, of.id).where(of.conversation.is_not(None))
        with self._reading() as connection:
            rows = _rows(connection, wanted.order_by(of.id.desc()).limit(limit)) if connection else []
        found = [(read_text(row["conversation"]), read_text(row["session_id"]), row["id"]) for row in rows]
        return [(digest, session, each) for digest, session, each in reversed(found) if digest and session]

    def five_hour_resets(self, query: ExchangeQuery) -> list[tuple[datetime, datetime | None]]:
        """Return when each exchange of a query began, and the end of the window of five hours that its answer
        states."""
        query = replace(query, limit=None)
        try:
            with self._summing() as connection:
                return list(read_five_hour_resets(connection, conditions(query))) if connection else []
        except NotSummable:
            return [(each.started_at, five_hour_reset(each.rate_limits)) for each in self.exchanges(query)]

    def limited_requests(self, query: ExchangeQuery) -> list[LimitedRequest]:
        """Return the requests of a query that count in the windows of a subscription, in any order."""
        query = replace(query, limit=None)
        try:
            with self._summing() as connection:
                return list(read_limited_requests(connection, conditions(query))) if connection else []
        except NotSummable:
            return [limited for each in self.exchanges(query) if (limited := LimitedRequest.of(each)) is not None]

    def sessions_beginning(self, beginning: str, limit: int) -> list[str]:
        """Return the ids of sessions that begin with this text, at most ``limit`` of them, in order."""
        of_session = exchanges.c.session_id
        wanted = select(of_session).distinct().order_by(of_session).limit(limit)
        between = of_session.between(stored_text(beginning), stored_text(beginning + _LAST_CHARACTER))
        with self._reading() as connection:
            rows = _rows(connection, wanted.where(between)) if connection else []
        return [row["session_id"] for row in rows]

    def with_ids(self, ids: Collection[str]) -> dict[str, Exchange]:
        """Return the exchanges with these ids that are in the store, without their headers, by their ids."""
        wanted = WITH_RESULTS.where(exchanges.c.id.in_(list(map(stored_text, ids))))
        with self._reading() as connection:
            rows = _rows(connection, wanted) if connection else []
        return {exchange.id: exchange for exchange in self._readable(rows)}

    def listed_after(self, exchange_id: str, limit: int) -> list[Listed]:
        """Return the first exchanges after an id, in the order of their ids."""
        wanted = select(*_LISTED).where(exchanges.c.id > stored_text(exchange_id)).order_by(exchanges.c.id)
        with self._reading() as connection:
            rows = connection.execute(wanted.limit(limit)).all() if connection else []
        return [_listed(row) for row in rows]

    def indexable_after(self, exchange_id: str, limit: int) -> list[Listed]:
        """Return what ``listed_after`` does, without those whose bodies are not stored."""
        wanted = select(*_LISTED).where(exchanges.c.id > stored_text(exchange_id), HAS_BODIES)
        with self._reading() as connection:
            rows = connection.execute(wanted.order_by(exchanges.c.id).limit(limit)).all() if connection else []
        return [_listed(row) for row in rows]

    def exchanges_since(self, since: datetime, after: str | None, limit: int) -> list[Exchange]:
        """Return the first exchanges that began at a time or later, and after another one, without their headers."""
        wanted = _statement(ExchangeQuery(since=since)).order_by(None).order_by(exchanges.c.id).limit(limit)
        if after is not None:
            wanted = wanted.where(exchanges.c.id > stored_text(after))
        with self._reading() as connection:
            rows = _rows(connection, wanted) if connection else []
        return list(self._readable(rows))

    def beginnings(self, session_id: str) -> list[Listed]:
        """Return the first exchange of each agent of a session whose bodies are stored."""
        columns = exchanges.c
        of_session = columns.session_id == stored_text(session_id)
        first = select(func.min(columns.id)).where(of_session, HAS_BODIES).group_by(columns.agent_id)
        with self._reading() as connection:
            rows = connection.execute(select(*_LISTED).where(columns.id.in_(first))).all() if connection else []
        return [listed for listed in map(_listed, rows) if not listed.live]

    def latest_of_agents(self, session_id: str, before: str) -> list[str]:
        """Return the id of the last exchange with messages of each agent of a session that began before another one,
        and whose bodies are stored."""
        columns = exchanges.c
        earlier = (columns.session_id == stored_text(session_id)) & (columns.id < stored_text(before))
        asks = columns.kind.not_in([kind.value for kind in NO_MESSAGE])
        latest = select(func.max(columns.id)).where(earlier, asks, HAS_BODIES).group_by(columns.agent_id)
        with self._reading() as connection:
            return list(connection.execute(latest).scalars()) if connection else []

    def without_results(self, before: str | None, limit: int) -> list[str]:
        """Return the ids of the newest ended exchanges before an id of which this version has not worked out
        everything."""
        with self._reading() as connection:
            return list(connection.execute(lacking(before, limit)).scalars()) if connection else []

    def earlier_of_agent(self, exchange: Exchange, before: str, limit: int, *, since: str = "") -> list[str]:
        """Return the ids of the newest exchanges of the same session and agent from the id ``since`` on that began
        before another id, the newest first."""
        values = {
            "session": stored_text(exchange.session_id),
            "agent": stored_text(exchange.agent_id),
            "before": stored_text(before),
            "since": stored_text(since),
            "limit": limit,
        }
        with self._reading() as connection:
            return list(connection.execute(_EARLIER_OF_AGENT, values).scalars()) if connection else []

    def earlier_alike(
        self, exchange: Exchange, since: datetime, limit: int, *, since_id: str = ""
    ) -> list[tuple[str, str | None]]:
        """Return the ids and sessions of the newest exchanges from a time and an id on that began before this one,
        asked the same model by the same route, and left something in the cache or may still do so, the newest first."""
        columns = exchanges.c
        cached = (columns.cache_read_tokens, columns.cache_write_5m_tokens, columns.cache_write_1h_tokens)
        wanted = select(columns.id, columns.session_id).where(
            columns.id < exchange.id,
            columns.id > _id_before(since),
            columns.id >= stored_text(since_id),
            columns.started_at_us >= stored_time(since),
            columns.route == exchange.route,
            same(columns.model, stored_text(exchange.model)),
            or_(columns.outcome == LIVE, *(tokens > 0 for tokens in cached)),
        )
        with self._reading() as connection:
            newest_first = wanted.order_by(columns.id.desc()).limit(limit)
            return [(row.id, row.session_id) for row in connection.execute(newest_first)] if connection else []

    def count_ended(self) -> int:
        """Return the number of exchanges that are not live."""
        every = select(func.count()).select_from(exchanges)
        live = every.where(exchanges.c.outcome == LIVE)
        with self._reading() as connection:
            if connection is None:
                return 0
            return int(connection.execute(every).scalar_one()) - int(connection.execute(live).scalar_one())

    def count_indexable(self) -> int:
        """Return the number of exchanges that are not live, and whose bodies are stored."""
        # Counted by an index, which has only those without bodies.
        bodiless = select(func.count()).select_from(exchanges).where(text(BODILESS), exchanges.c.outcome != LIVE)
        with self._reading() as connection:
            others = int(connection.execute(bodiless).scalar_one()) if connection is not None else 0
        return self.count_ended() - others

    def recorded_answers(self) -> list[RecordedAnswer]:
        """Return what is stored of each answer that has an id of its provider or was imported. Raises StoreError."""
        with self._reading() as connection:
            try:
                return list(recorded_answers(connection)) if connection else []
            except (ValueError, TypeError, ArithmeticError) as error:
                raise StoreError(f"{self._path} has damaged rows: nothing can be imported into it.") from error

    def exchange(self, id_or_prefix: str) -> Exchange | None:
        """Return one exchange with its headers, by its id or a prefix of it. Raises AmbiguousId if several match."""
        if not id_or_prefix:
            return None
        exact = {"id": stored_text(id_or_prefix)}
        prefix = exact | {"last": stored_text(id_or_prefix + _LAST_CHARACTER)}
        with self._reading() as connection:
            if connection is None:
                return None
            rows = _rows(connection, _WITH_ID, exact) or _rows(connection, _WITH_PREFIX, prefix)
        if not rows:
            return None
        if len(rows) > 1:
            raise AmbiguousId(
                f"More than one request begins with {id_or_prefix}, such as {rows[0]['id']} and {rows[1]['id']}; "
                f"give more of the id."
            )
        return self._exchange(rows[0], self._running(), headers_too=True)

    def context_parts(self, exchange_id: str) -> tuple[ContextPart, ...] | None:
        """Return what fills the context window at a request, without the pieces of each part; None if that was not
        worked out."""
        with self._reading() as connection:
            try:
                return read_context_parts(connection, exchange_id) if connection else None
            except (ValueError, TypeError) as error:
                raise StoreError(f"The stored parts of exchange {exchange_id} are damaged ({error}).") from error

    def request_body(self, exchange_id: str) -> bytes | None:
        """Return the request's body unchanged; None if it is not in the store. Raises StoreError if it is damaged."""
        with self._reading() as connection:
            return read_request(connection, exchange_id) if connection else None

    def response_body(self, exchange_id: str) -> bytes | None:
        """Return the response's body as far as it is stored, or None if it is not in the store. Raises StoreError."""
        return _body_of(exchange_id, self._parts(exchange_id))

    def response_chunks(self, exchange_id: str, after: int = 0) -> tuple[list[bytes], list[float]]:
        """Return the response's chunks after the first ``after`` as they were sent, and their times in ms (to the µs).

        Raises StoreError.
        """
        return _chunks_of(exchange_id, self._parts(exchange_id), after)

    def provider_request_body(self, exchange_id: str) -> bytes | None:
        """Return the body sent to the provider, unchanged. None if it is not in the store, or if body and response are
        the client's own. Raises StoreError if it is damaged."""
        with self._reading() as connection:
            return read_provider_request(connection, exchange_id) if connection else None

    def provider_response_body(self, exchange_id: str) -> bytes | None:
        """Return the body received from the provider, as far as it is stored: the client's if it passed unchanged,
        None if ``provider_request_body`` returns None. Raises StoreError."""
        return _body_of(exchange_id, self._parts(exchange_id, of_provider=True))

    def provider_response_chunks(self, exchange_id: str, after: int = 0) -> tuple[list[bytes], list[float]]:
        """Return the chunks received from the provider after the first ``after``, and their times, in the form of
        ``response_chunks``; none if ``provider_response_body`` has none. Raises StoreError."""
        return _chunks_of(exchange_id, self._parts(exchange_id, of_provider=True), after)

    def provider_side(self, exchange_id: str) -> tuple[bytes | None, bool, list[Part]]:
        """Return what is stored of a provider's side and is not the client's own: the body, whether the response passed
        unchanged, and the parts of the response. Raises StoreError."""
        parts = provider_parts.c
        wanted = select(parts.size, parts.digest, parts.data, parts.chunks).where(parts.exchange_id == exchange_id)
        with self._reading() as connection:
            if connection is None:
                return None, False, []
            body = read_provider_request(connection, exchange_id)
            rows = connection.execute(wanted.order_by(parts.number))
            return body, bool(answer_passed_untouched(connection, exchange_id)), [Part(*row) for row in rows]

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
            stored = connection.execute(
                select(exchanges.c.response_dropped, exchanges.c.kept).where(exchanges.c.id == exchange_id)
            ).one_or_none()
            if stored is None or stored.response_dropped is not False or stored.kept not in (None, Kept.FULL):
                return None
            rows = connection.execute(
                select(columns.size, columns.digest, columns.data, columns.chunks)
                .where(columns.exchange_id == exchange_id)
                .order_by(columns.number)
            )
            return [Part(*row) for row in rows]

    @contextmanager
    def _reading(self) -> Iterator[Connection | None]:
        """Yield a connection that sees one state of the store, or None if the store is empty."""
        try:
            if not store_exists(self._path):
                yield None
                return
            with self._engine.connect() as connection:
                begin_to_read(connection)
                yield connection if self._is_of_this_version(connection) else None
        except ForeignStore:
            raise
        except (SQLAlchemyError, OSError, DamagedStore, UnicodeDecodeError) as error:
            raise unreadable(self._path, error) from error

    def _is_of_this_version(self, connection: Connection) -> bool:
        """Return what ``require_this_version`` does, which takes half of the time of a small read. It is asked once for
        each file and each change of its schema."""
        schema = schema_state(connection, self._path)
        # An empty PostgreSQL database has none, which is what this begins with.
        if schema is None or schema != self._schema:
            if not require_this_version(connection, self._path):
                return False
            self._schema = schema
        return True

    @contextmanager
    def _summing(self) -> Iterator[Connection | None]:
        """Yield a connection as ``_reading`` does, to read sums with. Raises NotSummable where a value prevents it."""
        with self._reading() as connection:
            try:
                yield connection
            except OperationalError as error:
                # A text that is not UTF-8 (see _rows), or a sum beyond 64 bits: candela writes neither.
                if hasattr(error.orig, "sqlite_errorcode") and not is_about_statement(error):
                    raise
                raise NotSummable from error

    def _running(self) -> Running:
        """Return what tells whether the process of a live exchange still runs; it is only asked where there is one."""
        known: list[Running] = []

        def runs(pid: int | None, process: str | None) -> bool:
            if not known:
                with self._reading() as connection:
                    known.append(running_processes(connection) if connection else lambda *_: False)
            return known[0](pid, process)

        return runs

    def _readable(self, rows: Iterable[RowMapping], running: Running | None = None) -> Iterator[Exchange]:
        running = running or self._running()
        for row in rows:
            try:
                yield self._exchange(row, running)
            except StoreError as error:
                words = str(error)
                if self._on_damaged is not None and words not in self._damaged:
                    self._damaged.add(words)
                    self._on_damaged(words)

    def _exchange(self, row: RowMapping, running: Running, *, headers_too: bool = False) -> Exchange:
        try:
            columns = dict(row)
            exchange = exchange_of(columns)
            if headers_too:
                exchange = with_headers(exchange, columns)
        except (ValueError, TypeError, ArithmeticError) as error:
            raise StoreError(f"Exchange {row['id']} in {self._path} is damaged and can't be read.") from error
        return interrupted(exchange) if exchange.live and not running(row["pid"], row["process"]) else exchange


def _statement(query: ExchangeQuery) -> Select[Any]:
    """Return the statement for one page of exchanges, newest first."""
    wanted = conditions(query)
    if query.since is not None:
        wanted.append(exchanges.c.id > _id_before(query.since))
    return WITH_RESULTS.where(*wanted).order_by(exchanges.c.id.desc()).limit(query.limit)


def _costing(rows: Iterable[RowMapping], running: Running) -> Iterator[Exchange]:
    """Yield the exchanges of rows of ``COSTING_COLUMNS`` that are not damaged."""
    for row in rows:
        with contextlib.suppress(ValueError, TypeError, ArithmeticError):
            exchange = costing_exchange_of(dict(row))
            ended = exchange.live and not running(row["pid"], row["process"])
            yield replace(exchange, outcome=Outcome.INTERRUPTED) if ended else exchange


def _id_before(moment: datetime) -> ColumnElement[str]:
    """Return the id of an exchange that began shortly before that moment; empty if there is none.

    Ids sort by the time at which exchanges began. Without a lower bound for them, SQLite reads the whole table to find
    that no more exchanges are late enough.
    """
    earlier = exchanges.alias()
    shortly = stored_time(moment) - _MARGIN_US
    nearest = select(earlier.c.id).where(earlier.c.started_at_us < shortly).order_by(earlier.c.started_at_us.desc())
    return func.coalesce(nearest.limit(1).scalar_subquery(), "")


def _rows(connection: Connection, wanted: Select[Any], values: Mapping[str, Any] | None = None) -> Sequence[RowMapping]:
    try:
        return connection.execute(wanted, values).mappings().all()
    except OperationalError as error:
        # An error without an SQLite code comes from the sqlite3 module: a text that is not UTF-8.
        if hasattr(error.orig, "sqlite_errorcode"):
            raise
        driver_connection(connection).text_factory = text_or_bytes
        return connection.execute(wanted, values).mappings().all()


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
