"""A running candela's records, read over its local API; where it has ended, from its store."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from candela_tui import wire
from candela_tui.attach.client import Client, NotRecorded, Unavailable
from candela_tui.exchange import Exchange
from candela_tui.store.reader import EVERY_SESSION, EverySession, StoreReader
from candela_tui.wire import Chunk, NotUnderstood


class RemoteHistory:
    """Reads like a StoreReader, from any thread; every method raises StoreError where that fails."""

    freshness_s = 0.25

    def __init__(self, client: Client, store: StoreReader) -> None:
        self._client = client
        self._store = store

    def exchanges(
        self,
        *,
        session_id: str | Literal[EverySession.EVERY_SESSION] | None = EVERY_SESSION,
        since: datetime | None = None,
        before: str | None = None,
        limit: int | None = None,
    ) -> list[Exchange]:
        """Exchanges without their headers, oldest first; ``limit`` keeps the newest. ``before`` is an id."""
        session = None if session_id is EVERY_SESSION else session_id or ""
        try:
            with self._client.ask(
                "requests",
                session=session,
                since=since.isoformat() if since else None,
                before=before,
                limit=limit,
            ) as answer:
                found = list(self._exchanges(answer.lines()))
        except Unavailable:
            return self._store.exchanges(session_id=session_id, since=since, before=before, limit=limit)
        found.reverse()
        return found

    def exchange(self, id_or_prefix: str) -> Exchange | None:
        """One exchange with its headers."""
        try:
            with self._client.ask("requests", id_or_prefix) as answer:
                return next(self._exchanges(iter([answer.whole()])))
        except NotRecorded:
            return None
        except Unavailable:
            return self._store.exchange(id_or_prefix)

    def request_body(self, exchange_id: str) -> bytes | None:
        """The request's body as it crossed; None: not recorded."""
        try:
            with self._client.ask("requests", exchange_id, "request") as answer:
                return answer.whole()
        except NotRecorded:
            return None
        except Unavailable:
            return self._store.request_body(exchange_id)

    def response_chunks(self, exchange_id: str, after: int = 0) -> tuple[list[bytes], list[float]]:
        """The response's chunks beyond the first ``after`` as they crossed, and their times in milliseconds."""
        try:
            with self._client.ask("requests", exchange_id, "chunks", after=after) as answer:
                chunks = [self._client.understood(line, Chunk) for line in answer.lines()]
        except Unavailable:
            return self._store.response_chunks(exchange_id, after)
        return [chunk.data for chunk in chunks], [chunk.at_ms for chunk in chunks]

    def provider_request_body(self, exchange_id: str) -> bytes | None:
        """The body that went to the provider; None: not recorded, or the client's own body and answer are all that
        crossed."""
        try:
            with self._client.ask("requests", exchange_id, "provider", "request") as answer:
                return answer.whole()
        except NotRecorded:
            return None
        except Unavailable:
            return self._store.provider_request_body(exchange_id)

    def provider_response_chunks(self, exchange_id: str, after: int = 0) -> tuple[list[bytes], list[float]]:
        """What came from the provider, as ``response_chunks`` has what went to the client; none where
        ``provider_request_body`` has none."""
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
