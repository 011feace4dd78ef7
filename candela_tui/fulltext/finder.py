"""Finds the texts that have the words of a query, and says where they are."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from candela_tui.analysis.filter import Filter
from candela_tui.exchange import Exchange
from candela_tui.fulltext.index import EVERYWHERE, Indexed, IndexUnavailable, Progress, Scope, SearchIndex
from candela_tui.fulltext.pieces import piece
from candela_tui.fulltext.query import Query
from candela_tui.fulltext.recorded import RecordedConversation
from candela_tui.fulltext.snippets import Snippet, snippet
from candela_tui.fulltext.texts import Part, Place, text_at
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.search import read_sessions

if TYPE_CHECKING:
    from candela_tui.store.reader import StoreReader

_RANKED: Final = 5_000
"""Texts that are ranked, the latest ones. A word that is in more of them than that says little about any."""
_KEPT: Final = 8
"""Requests whose messages are kept while hits are read: several texts of a request are often found together."""
_AT_ONCE: Final = 50
"""Exchanges that are read from the store at once."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A text that was found."""

    exchange: Exchange
    """The first request of its session that has the text. Without its headers."""
    part: Part
    tool: str | None
    place: Place
    snippet: Snippet


class Finder:
    """Searches an index, and the store that it was made of. Each call may come from any thread."""

    def __init__(self, index: Path, store: "StoreReader") -> None:
        self._index = index
        self._store = store

    def progress(self) -> Progress | None:
        """Return how far the index is, or None if there is none. Raises IndexUnavailable."""
        index = SearchIndex.read(self._index)
        if index is None:
            return None
        try:
            return index.progress
        except sqlite3.Error as error:
            raise self._unreadable(error) from error
        finally:
            index.close()

    def find(
        self, query: Query, scope: Scope = EVERYWHERE, wanted: Filter | None = None, *, now: datetime
    ) -> Iterator[Hit]:
        """Yield the texts that match a query, the best first. Only what is still in the store is found.

        Raises IndexUnavailable and StoreError.
        """
        index = SearchIndex.read(self._index)
        if index is None:
            return
        try:
            found = index.find(query.expression, scope, _RANKED)
            yield from self._hits(found, query, wanted, now)
        except sqlite3.Error as error:
            raise self._unreadable(error) from error
        finally:
            index.close()

    def _hits(self, found: Iterator[Indexed], query: Query, wanted: Filter | None, now: datetime) -> Iterator[Hit]:
        recorded = RecordedConversation(self._store, keep=_KEPT)
        matches = self._matching(wanted, now) if wanted else lambda _: True
        while some := list(islice(found, _AT_ONCE)):
            exchanges = self._store.with_ids({each.request_id for each in some})
            for each in some:
                exchange = exchanges.get(each.request_id)
                if exchange is None or not matches(exchange):
                    continue
                text = _text_of(each, exchange, recorded)
                if text and query.is_in(text):
                    yield Hit(exchange, each.part, each.tool, each.place, snippet(text, query))

    def _matching(self, wanted: Filter, now: datetime) -> Callable[[Exchange], bool]:
        """Return whether a filter matches an exchange. A filter can refer to the exchange's session, so that is read
        as a whole, once."""
        known: dict[str | None, frozenset[str]] = {}

        def matches(exchange: Exchange) -> bool:
            session_id = exchange.session_id
            if session_id not in known:
                known[session_id] = _ids(
                    each
                    for of_session in read_sessions(self._store, ExchangeQuery(session_id), wanted, now)
                    for each in of_session.exchanges
                )
            return exchange.id in known[session_id]

        return matches

    def _unreadable(self, error: sqlite3.Error) -> IndexUnavailable:
        return IndexUnavailable(f"{self._index} can't be searched ({error}). Delete it: candela makes it again.")


def _ids(exchanges: Iterable[Exchange]) -> frozenset[str]:
    return frozenset(each.id for each in exchanges)


def _text_of(found: Indexed, exchange: Exchange, recorded: RecordedConversation) -> str:
    of_answer = found.place.message is None
    messages = [] if of_answer else recorded.messages(exchange)
    answer = recorded.answer(exchange) if of_answer else None
    return piece(text_at(found.place, messages, answer), found.piece)
