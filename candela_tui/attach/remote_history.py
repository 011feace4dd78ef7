"""The records of a running candela, read over its local API, or from its store if it has exited."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import datetime

from candela_tui import wire
from candela_tui.analysis.context_parts import ContextPart
from candela_tui.analysis.filter import Filter
from candela_tui.analysis.limit_history import LimitedRequest
from candela_tui.attach.client import Client
from candela_tui.attach.errors import NotRecorded, Unavailable
from candela_tui.exchange import Exchange
from candela_tui.ledger.agent_types import AgentTypes
from candela_tui.ledger.ledger import EVERY_DIMENSION, Dimension, Ledger
from candela_tui.ledger.usage_report import UsageReport
from candela_tui.store.history import EVERY_SESSION, EVERYTHING, ExchangeQuery
from candela_tui.store.reader import StoreReader
from candela_tui.store.search import search_sessions
from candela_tui.wire import Chunk, NotUnderstood


class RemoteHistory:
    """Reads like a StoreReader, from any thread. Every method raises StoreError on failure."""

    freshness_s = 0.25

    def __init__(self, client: Client, store: StoreReader) -> None:
        self._client = client
        self._store = store

    def exchanges(self, query: ExchangeQuery = EVERYTHING) -> list[Exchange]:
        """Return exchanges without their headers, oldest first."""
        # The local API has no end of a time span.
        limit = query.limit if query.until is None else None
        try:
            with self._client.ask(
                wire.SNAPSHOTS,
                session=None if query.session_id is EVERY_SESSION else query.session_id or "",
                since=query.since.isoformat() if query.since else None,
                before=query.before,
                limit=limit,
            ) as answer:
                found = list(filter(query.includes, self._exchanges(answer.lines())))
        except Unavailable:
            return self._store.exchanges(query)
        if query.limit is not None:
            del found[query.limit :]
        found.reverse()
        return found

    def search(self, wanted: Filter, query: ExchangeQuery = EVERYTHING, *, now: datetime) -> list[Exchange]:
        """Return the exchanges that a filter matches, oldest first."""
        return search_sessions(self, wanted, query, now)

    def sessions_that_may_match(self, wanted: Filter) -> frozenset[str | None] | None:
        """Return None: the filter is tried on every session."""
        return None

    def totals(
        self,
        query: ExchangeQuery = EVERYTHING,
        *,
        by: Collection[Dimension] = EVERY_DIMENSION,
        without: Collection[str] = (),
    ) -> Ledger:
        """Return the sums over exchanges, ignoring the query's limit."""
        found = self.exchanges(replace(query, limit=None))
        return Ledger.of(exchange for exchange in found if exchange.id not in without)

    def usage(self, query: ExchangeQuery, begin: Callable[[], UsageReport]) -> UsageReport:
        """Return a report over the exchanges of the running candela's store, ignoring the query's limit."""
        return self._store.usage(query, begin)

    def agent_types(self, query: ExchangeQuery) -> AgentTypes:
        """Return the types of sub-agents, as far as the exchanges of a query state them."""
        return self._store.agent_types(query)

    def five_hour_resets(self, query: ExchangeQuery) -> list[tuple[datetime, datetime | None]]:
        """Return when each exchange of a query began, and the end of the window of five hours that its answer
        states."""
        return self._store.five_hour_resets(query)

    def limited_requests(self, query: ExchangeQuery) -> list[LimitedRequest]:
        """Return the requests of a query that count in the windows of a subscription, in any order."""
        return self._store.limited_requests(query)

    def context_parts(self, exchange_id: str) -> tuple[ContextPart, ...] | None:
        """Return what fills the context window at a request, without the pieces of each part; None if that was not
        worked out."""
        return self._store.context_parts(exchange_id)

    def exchange(self, id_or_prefix: str) -> Exchange | None:
        """Return one exchange with its headers."""
        try:
            with self._client.ask(wire.SNAPSHOTS, id_or_prefix) as answer:
                return next(self._exchanges(iter([answer.whole()])))
        except NotRecorded:
            return None
        except Unavailable:
            return self._store.exchange(id_or_prefix)

    def request_body(self, exchange_id: str) -> bytes | None:
        """Return the request's body as the client sent it, or None if it was not recorded."""
        try:
            with self._client.ask("requests", exchange_id, "request") as answer:
                return answer.whole()
        except NotRecorded:
            return None
        except Unavailable:
            return self._store.request_body(exchange_id)

    def response_chunks(self, exchange_id: str, after: int = 0) -> tuple[list[bytes], list[float]]:
        """Return the response's chunks after the first ``after`` as they were sent, and their times in milliseconds."""
        try:
            with self._client.ask("requests", exchange_id, "chunks", after=after) as answer:
                chunks = [self._client.understood(line, Chunk) for line in answer.lines()]
        except Unavailable:
            return self._store.response_chunks(exchange_id, after)
        return [chunk.data for chunk in chunks], [chunk.at_ms for chunk in chunks]

    def provider_request_body(self, exchange_id: str) -> bytes | None:
        """Return the body sent to the provider, or None if it was not recorded or body and response are the client's
        own."""
        try:
            with self._client.ask("requests", exchange_id, "provider", "request") as answer:
                return answer.whole()
        except NotRecorded:
            return None
        except Unavailable:
            return self._store.provider_request_body(exchange_id)

    def provider_response_chunks(self, exchange_id: str, after: int = 0) -> tuple[list[bytes], list[float]]:
        """Return what the provider sent, in the form of ``response_chunks``; nothing if ``provider_request_body``
        returns None."""
        try:
            with self._client.ask("requests", exchange_id, "provider", "chunks", after=after) as answer:
                chunks = [self._client.understood(line, Chunk) for line in answer.lines()]
        except Unavailable:
            return self._store.provider_response_chunks(exchange_id, after)
        return [chunk.data for chunk in chunks], [chunk.at_ms for chunk in chunks]

    def _exchanges(self, lines: Iterator[bytes]) -> Iterator[Exchange]:
        for line in lines:
            try:
                yield wire.decode_exchange(line)
            except NotUnderstood as error:
                raise self._client.not_understood(error) from error
