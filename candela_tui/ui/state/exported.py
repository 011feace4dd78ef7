"""What an export reads: what the dashboard has loaded, together with what is only in the store."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from candela_tui.analysis.filter import parse
from candela_tui.exchange import Exchange
from candela_tui.feed import Feed
from candela_tui.ledger.session_requests import SessionRequests, requests_by_session, session_requests
from candela_tui.store.errors import StoreError
from candela_tui.store.history import ExchangeQuery, History
from candela_tui.store.search import read_sessions
from candela_tui.text.times import utc_now


def whole_sessions(
    history: History, query: ExchangeQuery, loaded: Sequence[Exchange], on_trouble: Callable[[str], None]
) -> Iterator[SessionRequests]:
    """Yield every session of a query, with the newest snapshots. Blocks. If the store can't be read, only what is
    loaded follows, and ``on_trouble`` is called with the reason."""
    newest: dict[str | None, dict[str, Exchange]] = {}
    for exchange in loaded:
        newest.setdefault(exchange.session_id, {})[exchange.id] = exchange
    try:
        for read in read_sessions(history, query, parse(""), utc_now()):
            session_id = read.session.session_id
            known = newest.pop(session_id, {})
            stored = {exchange.id: exchange for exchange in read.exchanges}
            yield session_requests(session_id, {**stored, **known}.values()) if known else read
    except StoreError as error:
        on_trouble(str(error))
    yield from requests_by_session(exchange for known in newest.values() for exchange in known.values())


class RecordedBodies:
    """Bodies from the feed while it has them, else from the store. Blocks; may be used from any thread."""

    def __init__(self, feed: Feed, history: History, loaded: Iterable[Exchange]) -> None:
        self._feed = feed
        self._history = history
        self._loaded = {exchange.id: exchange for exchange in loaded}

    def exchange(self, id_or_prefix: str) -> Exchange | None:
        """Return one exchange with its headers."""
        loaded = self._loaded.get(id_or_prefix)
        if loaded is not None and loaded.request_headers is not None:
            return loaded
        return self._history.exchange(id_or_prefix)

    def request_body(self, exchange_id: str) -> bytes | None:
        """Return the request's body as the client sent it, or None if it was not recorded."""
        recording = self._feed.recording(exchange_id)
        return recording.request if recording is not None else self._history.request_body(exchange_id)

    def response_chunks(self, exchange_id: str, after: int = 0) -> tuple[list[bytes], list[float]]:
        """Return the response's chunks after the first ``after`` as they were sent, and their times in milliseconds."""
        recording = self._feed.recording(exchange_id)
        if recording is None:
            return self._history.response_chunks(exchange_id, after)
        # The first chunks of a large answer may be only in the store.
        chunks, times = recording.after(0)
        if recording.stored:
            stored, stored_times = self._history.response_chunks(exchange_id)
            chunks, times = [*stored, *chunks[len(stored) :]], [*stored_times, *times[len(stored) :]]
        return chunks[after:], times[after:]
