"""The exchanges that the dashboard has loaded, and their sums by session and day."""

import time
from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from candela_tui.analysis.conversation import same_agent
from candela_tui.analysis.limits import tells_limits
from candela_tui.exchange import Exchange
from candela_tui.ledger.ledger import Ledger
from candela_tui.ledger.sessions import SessionSummary, SessionSummer
from candela_tui.ledger.totals import Totals
from candela_tui.protocol.kind import Kind
from candela_tui.text.times import Clock

BACKGROUND = frozenset({Kind.PROBE, Kind.MODELS, Kind.COUNT_TOKENS, Kind.TITLE})
"""Requests that the client makes for itself, not for the conversation."""

_SUM_AT_ONCE = 500
"""With at most this many exchanges to add, a session is summed up on each change; with more, once a second."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a merge changed."""

    exchanges: tuple[Exchange, ...] = ()
    sessions: frozenset[str | None] = frozenset()
    removed: frozenset[str] = frozenset()
    """The ids of exchanges that were removed."""


@dataclass(slots=True)
class _Settled:
    """The sums over a session's first exchanges, all of which have ended. Later ones are added to a copy."""

    summer: SessionSummer
    count: int = 0
    last_id: str = ""


class LoadedExchanges:
    """Holds the newest snapshot of each exchange. Snapshots from the feed take precedence over those from the store."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._exchanges: dict[str, Exchange] = {}
        self._from_feed: set[str] = set()
        self._ids: dict[str | None, list[str]] = {}
        self._every_id: list[str] = []
        """Ids of the exchanges of all sessions, sorted."""
        self._live: set[str] = set()
        self._unnamed = 0
        """Exchanges without a session that appear in the list: all but probes and free requests."""
        self._settled: dict[str | None, _Settled] = {}
        self._summaries: dict[str | None, tuple[float, SessionSummary]] = {}
        self._stale: set[str | None] = set()
        self._limiting: Exchange | None = None
        self._removed: set[str] = set()
        """Ids of exchanges that were removed: a page of the store that was read before that may still have them."""
        self.ledger = Ledger()
        """The sums over all exchanges."""

    def merge(self, exchanges: Iterable[Exchange], *, from_feed: bool) -> Change:
        """Take snapshots; return the change that they make."""
        changed: list[Exchange] = []
        for exchange in exchanges:
            known = self._exchanges.get(exchange.id)
            if known == exchange or exchange.id in self._removed:
                continue
            if not from_feed and exchange.id in self._from_feed:
                continue
            if from_feed:
                self._from_feed.add(exchange.id)
            self._take(exchange, known)
            changed.append(exchange)
        sessions = frozenset(exchange.session_id for exchange in changed)
        self._stale |= sessions
        return Change(tuple(changed), sessions)

    def _take(self, exchange: Exchange, known: Exchange | None) -> None:
        if known is None:
            _put(self._every_id, exchange.id)
        self._exchanges[exchange.id] = exchange
        self.ledger.change(known, exchange)
        self._unnamed += _unnamed(exchange) - (known is not None and _unnamed(known))
        if known is not None:
            self._unsettle(known)
        self._unsettle(exchange)
        if known is not None and known.session_id != exchange.session_id:
            self._ids[known.session_id].remove(known.id)
            self._stale.add(known.session_id)
            known = None
        if known is None:
            _put(self._ids.setdefault(exchange.session_id, []), exchange.id)
        if (self._limiting is None or exchange.id >= self._limiting.id) and tells_limits(exchange):
            self._limiting = exchange
        if exchange.live:
            self._live.add(exchange.id)
        else:
            self._live.discard(exchange.id)

    def remove(self, exchange_ids: Iterable[str]) -> Change:
        """Forget exchanges that were removed from the store; return the change that this makes."""
        gone = set(exchange_ids)
        self._removed |= gone
        known = [exchange for each in gone if (exchange := self._exchanges.pop(each, None)) is not None]
        if not known:
            return Change()
        sessions = frozenset(exchange.session_id for exchange in known)
        for exchange in known:
            self.ledger.remove(exchange)
            self._unnamed -= _unnamed(exchange)
        self._from_feed -= gone
        self._live -= gone
        self._every_id = [each for each in self._every_id if each not in gone]
        for session_id in sessions:
            self._settled.pop(session_id, None)
            left = [each for each in self._ids[session_id] if each not in gone]
            if left:
                self._ids[session_id] = left
                self._stale.add(session_id)
            else:
                del self._ids[session_id]
                self._summaries.pop(session_id, None)
                self._stale.discard(session_id)
        return Change((), sessions, frozenset(exchange.id for exchange in known))

    def _unsettle(self, exchange: Exchange) -> None:
        """Drop a session's settled sums if they include this exchange."""
        settled = self._settled.get(exchange.session_id)
        if settled is not None and exchange.id <= settled.last_id:
            del self._settled[exchange.session_id]

    def exchange(self, exchange_id: str) -> Exchange | None:
        """Return the newest snapshot of an exchange."""
        return self._exchanges.get(exchange_id)

    def is_told(self, exchange_id: str) -> bool:
        """Return whether the feed tells all that happens to an exchange."""
        return exchange_id in self._from_feed

    @property
    def live(self) -> list[Exchange]:
        """The live exchanges, earliest first."""
        return [self._exchanges[exchange_id] for exchange_id in sorted(self._live)]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show: no request but probes and free ones without a session."""
        return not any(self._shown(session_id) for session_id in self._ids)

    @property
    def newest(self) -> Exchange | None:
        """The exchange that began last."""
        return self._exchanges[self._every_id[-1]] if self._every_id else None

    @property
    def limiting(self) -> Exchange | None:
        """The latest exchange whose answer states the provider's limits."""
        return self._limiting

    def since(self, moment: datetime) -> Iterator[Exchange]:
        """Yield the exchanges that began at that moment or later, in no particular order."""
        for ids in self._ids.values():
            for exchange_id in reversed(ids):
                exchange = self._exchanges[exchange_id]
                if exchange.started_at < moment:
                    break
                yield exchange

    def requests(self, session_id: str | None) -> list[Exchange]:
        """Return the exchanges of a session, earliest first."""
        return [self._exchanges[exchange_id] for exchange_id in self._ids.get(session_id, ())]

    def everything(self) -> list[Exchange]:
        """Return the exchanges of all sessions, earliest first."""
        return [self._exchanges[exchange_id] for exchange_id in self._every_id]

    def totals(self) -> Totals:
        """Return the sums over all sessions that have something to show."""
        totals = self.ledger.totals.copy()
        if None in self._ids and not self._shown(None):
            totals.exclude(self.ledger.session(None))
        return totals

    def went_on(self, exchange: Exchange) -> bool:
        """Return whether the agent of an exchange has sent another message since."""
        for other_id in reversed(self._ids.get(exchange.session_id, ())):
            if other_id <= exchange.id:
                break
            other = self._exchanges[other_id]
            if other.kind is Kind.MESSAGES and same_agent(other, exchange):
                return True
        return False

    def latest(self, session_id: str | None) -> Exchange | None:
        """Return the exchange of a session that began last."""
        ids = self._ids.get(session_id)
        return self._exchanges[ids[-1]] if ids else None

    def _shown(self, session_id: str | None) -> bool:
        if session_id is not None:
            return bool(self._ids[session_id])
        return self._unnamed > 0

    def session(self, session_id: str | None) -> SessionSummary:
        """Return a session's sums, at most a second old."""
        now = time.monotonic()
        at, summary = self._summaries.get(session_id, (None, None))
        settled = self._settled.get(session_id)
        few = len(self._ids.get(session_id, ())) - (settled.count if settled else 0) <= _SUM_AT_ONCE
        if summary is None or at is None or (session_id in self._stale and (few or now - at >= 1)):
            summary = self._summed_up(session_id)
            self._summaries[session_id] = (now, summary)
            self._stale.discard(session_id)
        return summary

    def _summed_up(self, session_id: str | None) -> SessionSummary:
        settled = self._settled.setdefault(session_id, _Settled(SessionSummer(session_id)))
        rest = [self._exchanges[exchange_id] for exchange_id in self._ids.get(session_id, ())[settled.count :]]
        ended = next((place for place, exchange in enumerate(rest) if exchange.live), len(rest))
        for exchange in rest[:ended]:
            settled.summer.add(exchange)
            settled.count, settled.last_id = settled.count + 1, exchange.id
        summer = settled.summer.copy()
        for exchange in rest[ended:]:
            summer.add(exchange)
        return summer.finish()

    def sum_again(self) -> Change:
        """Mark every session's sums as outdated, because something other than the exchanges changed."""
        self._stale |= self._ids.keys()
        return Change(sessions=frozenset(self._ids))

    @property
    def behind(self) -> bool:
        """Whether some session's sums are outdated."""
        return bool(self._stale)

    def sessions(self) -> list[SessionSummary]:
        """Return every session with something to show, the most recently active first."""
        shown = [self.session(session_id) for session_id in self._ids if self._shown(session_id)]
        shown.sort(key=lambda session: session.last_at.timestamp() if session.last_at else 0.0, reverse=True)
        self._stale &= {session.session_id for session in shown}
        return shown

    def today(self) -> Totals:
        """Return the sums over the requests that began today, in the user's time zone."""
        return self.ledger.day(self._clock.now(), self._clock.local)


def _put(ids: list[str], exchange_id: str) -> None:
    """Insert an id into a sorted list. Usually it goes at the end."""
    if not ids or ids[-1] < exchange_id:
        ids.append(exchange_id)
    else:
        insort(ids, exchange_id)


def _unnamed(exchange: Exchange) -> bool:
    return exchange.session_id is None and exchange.kind is not Kind.PROBE and not exchange.free
