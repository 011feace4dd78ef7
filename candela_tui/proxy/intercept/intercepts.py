"""Hold the requests that an intercept matches until the user lets them go.

With no intercept, the relay does not come here. What is held can always go on: its intercept ends with the dashboard
that set it, candela lets everything go when it stops, and no request is held longer than the client waits.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from candela_tui.analysis.filter import Filter
from candela_tui.analysis.filter_fields import Surroundings
from candela_tui.exchange import Exchange
from candela_tui.feed import Feed
from candela_tui.ledger.names import agent_names, session_title
from candela_tui.ledger.session_requests import session_requests
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.providers.upstream import ClientRequest
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.proxy.capture.record import ExchangeRecord
from candela_tui.proxy.intercept.edit import edited
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader
from candela_tui.text.times import utc_now

LONGEST_S = 240.0
"""Seconds that a request is held at most. Without a byte of the answer, Claude Code 2.1.197 gives up after 297 s and
2.1.332 after 360 s, although ``x-stainless-timeout`` says 600, and both send the request again."""
_MOST_HELD = 100
_MOST_BYTES = 64 * 2**20
"""Request bodies that may be held in memory. What comes beyond that passes."""
_LARGE = 256 * 1024
"""Bodies of at least this many bytes are read in a thread, because that takes milliseconds."""
_OF_SESSION = frozenset({"agent", "type", "session", "project", "retry"})
"""Fields of the filter that other requests of the session tell something about."""

logger = logging.getLogger(__name__)


class NotHeld(Exception):
    """No request of this id is held."""


@dataclass(slots=True, eq=False)
class _Intercept:
    wanted: Filter


@dataclass(slots=True, eq=False)
class _Held:
    intercept: _Intercept
    request: ClientRequest
    decision: asyncio.Future[tuple[ClientRequest, tuple[Adaptation, ...]]]


class Intercepts:
    """The intercepts that are set, and the requests that they hold. It is used on the proxy's loop."""

    def __init__(self, feed: Feed, store: StoreReader | None, *, longest_s: float = LONGEST_S) -> None:
        """``store`` has the other requests of a session; None: nothing is stored."""
        self._feed = feed
        self._store = store
        self.longest_s = longest_s
        self._set: list[_Intercept] = []
        self._held: dict[str, _Held] = {}
        self._closed = False

    def __bool__(self) -> bool:
        """Whether any intercept is set."""
        return bool(self._set)

    @property
    def filters(self) -> tuple[str, ...]:
        """The filters of all intercepts."""
        return tuple(intercept.wanted.text for intercept in self._set)

    @property
    def held(self) -> tuple[str, ...]:
        """The ids of the held requests, the earliest first."""
        return tuple(self._held)

    @contextlib.contextmanager
    def intercepting(self, wanted: Filter) -> Iterator[None]:
        """Hold what the filter matches while the block runs. At its end, what is still held goes on unchanged."""
        intercept = _Intercept(wanted)
        if not self._closed:
            self._set.append(intercept)
        try:
            yield
        finally:
            self._remove(intercept)

    def close(self) -> None:
        """Remove all intercepts for good, and let everything go on unchanged."""
        self._closed = True
        for intercept in tuple(self._set):
            self._remove(intercept)

    def _remove(self, intercept: _Intercept) -> None:
        if intercept in self._set:
            self._set.remove(intercept)
        for held in tuple(self._held.values()):
            if held.intercept is intercept and not held.decision.done():
                held.decision.set_result((held.request, ()))

    async def release(self, exchange_id: str, body: bytes | None = None) -> bool:
        """Let a held request go, with another body if one is given, and return whether that changes it. Raises NotHeld
        and NotEditable."""
        held = self._waiting(exchange_id)
        decided: tuple[ClientRequest, tuple[Adaptation, ...]] = held.request, ()
        if body is not None:
            large = max(len(body), len(held.request.body)) >= _LARGE
            decided = await asyncio.to_thread(edited, held.request, body) if large else edited(held.request, body)
            held = self._waiting(exchange_id)
        held.decision.set_result(decided)
        return bool(decided[1])

    def _waiting(self, exchange_id: str) -> _Held:
        held = self._held.get(exchange_id)
        if held is None or held.decision.done():
            raise NotHeld
        return held

    async def passed(self, request: ClientRequest, raw: RawExchange) -> ClientRequest:
        """Return the request that goes on to the provider, at once unless an intercept matches. A fault of the
        intercept lets it pass."""
        try:
            intercept = await self._matching(raw)
            if intercept is None or not self._has_room(request):
                return request
        except Exception:
            logger.exception("an intercept failed on a request, which passed")
            self._feed.notify("An intercept failed on a request, which was not held (the log says why)")
            return request
        return await self._held_back(request, raw, intercept)

    async def _held_back(self, request: ClientRequest, raw: RawExchange, intercept: _Intercept) -> ClientRequest:
        decision: asyncio.Future[tuple[ClientRequest, tuple[Adaptation, ...]]]
        decision = asyncio.get_running_loop().create_future()
        self._held[raw.id] = _Held(intercept, request, decision)
        raw.held()
        try:
            async with asyncio.timeout(self.longest_s):
                decided, changes = await decision
        except TimeoutError:
            self._feed.notify(
                f"A request was held for {self.longest_s / 60:g} minutes and went on unchanged: the client would have"
                " given it up"
            )
            return request
        finally:
            del self._held[raw.id]
            raw.released()
        if changes:
            raw.changed(decided, changes)
        return decided

    async def _matching(self, raw: RawExchange) -> _Intercept | None:
        """Return the intercept that holds a request."""
        large = len(raw.recording.request) >= _LARGE
        exchange = await asyncio.to_thread(_beginning, raw) if large else _beginning(raw)
        if not exchange.asks_message:
            return None
        around: Surroundings | None = None
        for intercept in tuple(self._set):
            if around is None and intercept.wanted.fields & _OF_SESSION and exchange.session_id is not None:
                around = await self._surroundings(exchange)
            if intercept.wanted.matches(exchange, around or Surroundings(utc_now())) and intercept in self._set:
                return intercept
        return None

    async def _surroundings(self, exchange: Exchange) -> Surroundings:
        newer = [each for each in self._feed.newer_than_store() if each.session_id == exchange.session_id]
        return await asyncio.to_thread(self._read_surroundings, exchange, newer)

    def _read_surroundings(self, exchange: Exchange, newer: list[Exchange]) -> Surroundings:
        stored = self._store.exchanges(ExchangeQuery(exchange.session_id)) if self._store is not None else []
        known = {each.id: each for each in (*stored, *newer, exchange)}
        read = session_requests(exchange.session_id, known.values())
        title, cwd = session_title(read.session), read.session.cwd
        return Surroundings(
            utc_now(), agent_names(read.session), lambda _: title, lambda _: cwd, read.contexts[exchange.id]
        )

    def _has_room(self, request: ClientRequest) -> bool:
        size = sum(len(held.request.body) for held in self._held.values())
        if len(self._held) < _MOST_HELD and size + len(request.body) <= _MOST_BYTES:
            return True
        self._feed.notify("A request was not held, because those that are held already take all the room there is")
        return False


def _beginning(raw: RawExchange) -> Exchange:
    """Return what is known of an exchange when its request has arrived."""
    record = ExchangeRecord(raw)
    while record.undecoded:
        record.decode_on()
    record.read_request()
    if record.exchange.agent_id is not None:
        record.read_task()
    return record.exchange
