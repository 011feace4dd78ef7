"""Works out what became of the cache of a recorded request."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from candela_tui.analysis.cache_baselines import (
    LONGEST,
    MOST_OTHERS,
    closest,
    latest_cached,
    leaves_cache,
    readable_requests,
)
from candela_tui.analysis.cache_changes import Asked
from candela_tui.analysis.cache_miss import diagnose, rewrite_usd
from candela_tui.analysis.conversation import CONTINUING
from candela_tui.exchange import Exchange
from candela_tui.exchange.cache_diagnosis import CacheResult, Diagnosis
from candela_tui.pricing import Pricer
from candela_tui.results.prompts import RecordedPrompts
from candela_tui.store.reader import StoreReader

_FIRST_LOOK: Final = 4
_NEXT_LOOK: Final = 200
"""Earlier requests of an agent that are read at once: nearly always, one of the first few left something."""
_MOST_ENDED: Final = 500
"""Exchanges that are remembered, and agents, routes and models of which something is."""
_MOST_RECENT: Final = 200
"""Requests of other agents and sessions among which those are chosen that a first request is compared with."""
_NEXT_OTHERS: Final = 8
"""So many of them are read at once."""


class CacheDiagnoser:
    """Compares requests with the earlier ones whose cache they could read. Not for more than one thread.

    ``pause`` is called after each few milliseconds of work. It may wait, and it may raise an exception to end the work.
    """

    def __init__(self, store: StoreReader, pricer: Pricer, pause: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._pricer = pricer
        self._pause = pause
        self.prompts = RecordedPrompts(store, pause)
        """The prompts that were read, for what else is worked out of them."""
        self._ended: OrderedDict[str, Exchange] = OrderedDict()
        self._nothing_before: dict[tuple[str | None, ...], str] = {}
        """For an agent, and for a route and model: an id before which no request left anything in the cache, so that
        they are not read for each request where the provider caches nothing."""

    def forget(self) -> None:
        """Free what is remembered of prompts."""
        self.prompts.forget()
        self._ended.clear()
        self._nothing_before.clear()

    def compared(self, exchange: Exchange) -> tuple[Asked, Asked | None]:
        """Return a request, and the one whose cache it could read; None if there is none. Raises StoreError."""
        # The earlier ones first: they were usually read already, and this one is then read against them.
        self._remember(exchange)
        others = [self.prompts.asked(other) for other in self._others(exchange)]
        now = self.prompts.asked(exchange)
        return now, closest(now, others)

    def result(self, exchange: Exchange) -> CacheResult:
        """Return what became of a request's cache. Raises StoreError."""
        return self.priced(exchange, diagnose(*self.compared(exchange)))

    def priced(self, exchange: Exchange, diagnosis: Diagnosis) -> CacheResult:
        """Return a diagnosis with what the tokens cost that were written again."""
        tokens = diagnosis.rewritten_tokens
        return CacheResult(diagnosis, rewrite_usd(exchange, tokens, self._pricer) if tokens is not None else None)

    def _others(self, exchange: Exchange) -> list[Exchange]:
        """Return the requests that one is compared with."""
        latest = self._latest(exchange) if exchange.kind in CONTINUING else None
        if latest is not None:
            return [latest]
        return self._of_others(exchange)

    def _of_others(self, exchange: Exchange) -> list[Exchange]:
        """Return the ``readable_requests`` of the last hour."""
        since = exchange.started_at - LONGEST
        alike = exchange.route, exchange.model
        known = self._store.earlier_alike(exchange, since, _MOST_RECENT, since_id=self._nothing_before.get(alike, ""))
        self._note_nothing_before(alike, (other_id for other_id, _ in known), exchange)
        # In the order in which they are preferred, so that few of them are read.
        ids = [other_id for other_id, session in known if session == exchange.session_id]
        ids += [other_id for other_id, session in known if session != exchange.session_id]
        read: list[Exchange] = []
        found: list[Exchange] = []
        for start in range(0, len(ids), _NEXT_OTHERS):
            read += self._read(ids[start : start + _NEXT_OTHERS])
            found = readable_requests(read, exchange)
            if len(found) == MOST_OTHERS:
                break
            self._pause()
        return found

    def _latest(self, exchange: Exchange) -> Exchange | None:
        """Return the ``latest_cached`` of the whole session, of which only the end is read as a rule."""
        agent = exchange.session_id, exchange.agent_id
        since = self._nothing_before.get(agent, "")
        seen: list[Exchange] = []
        last, limit = exchange.id, _FIRST_LOOK
        while True:
            ids = self._store.earlier_of_agent(exchange, last, limit, since=since)
            read = self._read(ids)
            found = latest_cached(read, exchange)
            if found is not None:
                return found
            seen += read
            if len(ids) < limit:
                cached = (other.id for other in seen if other.live or leaves_cache(other))
                self._note_nothing_before(agent, cached, exchange)
                return None
            last, limit = ids[-1], _NEXT_LOOK

    def _note_nothing_before(self, which: tuple[str | None, ...], cached: Iterable[str], exchange: Exchange) -> None:
        """Note from which id on requests may leave something in the cache. ``cached`` are those before this one."""
        first = min(cached, default=exchange.id)
        self._nothing_before[which] = max(first, self._nothing_before.get(which, ""))
        if len(self._nothing_before) > _MOST_ENDED:
            self._nothing_before.pop(next(iter(self._nothing_before)))

    def _read(self, ids: Sequence[str]) -> list[Exchange]:
        """Return exchanges, as far as they can be read."""
        unknown = [each for each in ids if each not in self._ended]
        read = self._store.with_ids(unknown) if unknown else {}
        for exchange in read.values():
            self._remember(exchange)
        known = [read.get(each) or self._ended.get(each) for each in ids]
        return [each for each in known if each is not None]

    def _remember(self, exchange: Exchange) -> None:
        if not exchange.live:
            self._ended[exchange.id] = exchange
            if len(self._ended) > _MOST_ENDED:
                self._ended.popitem(last=False)
