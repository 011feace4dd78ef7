"""The exchanges that the dashboard knows, and their sums by session and day."""

import time
from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from candela_tui.analysis.conversation import same_agent
from candela_tui.analysis.limits import tells_limits
from candela_tui.analysis.sessions import SessionSummary, Summing, Totals, sum_of
from candela_tui.analysis.spending import Spending
from candela_tui.exchange import Exchange
from candela_tui.protocol.kind import Kind
from candela_tui.ui.clock import Clock

BACKGROUND = frozenset({Kind.PROBE, Kind.MODELS, Kind.COUNT_TOKENS, Kind.TITLE})
"""Requests that the client makes for itself, not for the conversation."""

_SUM_AT_ONCE = 500
"""Exchanges that are summed up on a change; where there are more to add, it is done once a second."""
_SESSIONS_AT_ONCE = 100
"""Sessions whose sums are added up on each change; of more it is done once a second."""
_LONGEST_SHIFT = timedelta(hours=3)
"""How much later or earlier than usual a day begins where clocks are put forward or back."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a merge changed."""

    exchanges: tuple[Exchange, ...] = ()
    sessions: frozenset[str | None] = frozenset()


@dataclass(slots=True)
class _Settled:
    """The sums over a session's first exchanges, which have ended: the rest is added to a copy."""

    summing: Summing
    count: int = 0
    last_id: str = ""


class Ledger:
    """Knows the newest snapshot of each exchange. What the feed said outranks what the store says."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._exchanges: dict[str, Exchange] = {}
        self._from_feed: set[str] = set()
        self._ids: dict[str | None, list[str]] = {}
        self._every_id: list[str] = []
        """Of all sessions together."""
        self._live: set[str] = set()
        self._unnamed = 0
        """Exchanges without a session that are worth a row: all but probes."""
        self._settled: dict[str | None, _Settled] = {}
        self._summaries: dict[str | None, tuple[float, SessionSummary]] = {}
        self._stale: set[str | None] = set()
        self._limiting: Exchange | None = None
        self.spending = Spending()
        """What was spent when, over all exchanges."""
        self._day: date | None = None
        self._settled_today = Totals()
        self._totals = Totals()
        self._totals_at = 0.0
        self._totals_stale = False

    def merge(self, exchanges: Iterable[Exchange], *, from_feed: bool) -> Change:
        """Take snapshots; return those that are new."""
        changed: list[Exchange] = []
        for exchange in exchanges:
            known = self._exchanges.get(exchange.id)
            if known == exchange or (not from_feed and exchange.id in self._from_feed):
                continue
            if from_feed:
                self._from_feed.add(exchange.id)
            self._take(exchange, known)
            changed.append(exchange)
        sessions = frozenset(exchange.session_id for exchange in changed)
        self._stale |= sessions
        self._totals_stale |= bool(changed)
        return Change(tuple(changed), sessions)

    def _take(self, exchange: Exchange, known: Exchange | None) -> None:
        if known is None:
            _put(self._every_id, exchange.id)
        self._exchanges[exchange.id] = exchange
        self.spending.change(known, exchange)
        self._count_today(exchange, known)
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

    def _unsettle(self, exchange: Exchange) -> None:
        """What changed is no longer as it was summed up."""
        settled = self._settled.get(exchange.session_id)
        if settled is not None and exchange.id <= settled.last_id:
            del self._settled[exchange.session_id]

    def _count_today(self, exchange: Exchange, known: Exchange | None) -> None:
        if known is not None and self._is_counted(known):
            if _counts(known) != _counts(exchange) or not self._is_counted(exchange):
                self._day = None
        elif self._is_counted(exchange):
            self._settled_today.add(exchange)

    def _is_counted(self, exchange: Exchange) -> bool:
        return not exchange.live and self._clock.local(exchange.started_at).date() == self._day

    def exchange(self, exchange_id: str) -> Exchange | None:
        """The newest snapshot of an exchange."""
        return self._exchanges.get(exchange_id)

    @property
    def live(self) -> list[Exchange]:
        """The exchanges that are live."""
        return [self._exchanges[exchange_id] for exchange_id in sorted(self._live)]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show: no request but probes."""
        return not any(self._shown(session_id) for session_id in self._ids)

    @property
    def newest(self) -> Exchange | None:
        """The exchange that began last."""
        return self._exchanges[self._every_id[-1]] if self._every_id else None

    @property
    def limiting(self) -> Exchange | None:
        """The exchange that began last of those whose answers tell the provider's limits."""
        return self._limiting

    def since(self, moment: datetime) -> Iterator[Exchange]:
        """The exchanges that began then or later, in no order."""
        for ids in self._ids.values():
            for exchange_id in reversed(ids):
                exchange = self._exchanges[exchange_id]
                if exchange.started_at < moment:
                    break
                yield exchange

    def requests(self, session_id: str | None) -> list[Exchange]:
        """The exchanges of a session, the earliest first."""
        return [self._exchanges[exchange_id] for exchange_id in self._ids.get(session_id, ())]

    def everything(self) -> list[Exchange]:
        """Return the exchanges of all sessions, the earliest first."""
        return [self._exchanges[exchange_id] for exchange_id in self._every_id]

    def totals(self) -> Totals:
        """Return the sums over all sessions, at most a second old where there are many."""
        now = time.monotonic()
        if self._totals_stale and (len(self._ids) <= _SESSIONS_AT_ONCE or now - self._totals_at >= 1):
            self._totals = sum_of(self.session(each).totals for each in self._ids if self._shown(each))
            self._totals_at, self._totals_stale = now, False
        return self._totals

    def went_on(self, exchange: Exchange) -> bool:
        """Return whether the agent of an exchange sent another message since."""
        for other_id in reversed(self._ids.get(exchange.session_id, ())):
            if other_id <= exchange.id:
                break
            other = self._exchanges[other_id]
            if other.kind is Kind.MESSAGES and same_agent(other, exchange):
                return True
        return False

    def latest(self, session_id: str | None) -> Exchange | None:
        """The exchange of a session that began last."""
        ids = self._ids.get(session_id)
        return self._exchanges[ids[-1]] if ids else None

    def _shown(self, session_id: str | None) -> bool:
        if session_id is not None:
            return bool(self._ids[session_id])
        return self._unnamed > 0

    def session(self, session_id: str | None) -> SessionSummary:
        """A session's sums, at most a second old."""
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
        settled = self._settled.setdefault(session_id, _Settled(Summing(session_id)))
        rest = [self._exchanges[exchange_id] for exchange_id in self._ids.get(session_id, ())[settled.count :]]
        ended = next((place for place, exchange in enumerate(rest) if exchange.live), len(rest))
        for exchange in rest[:ended]:
            settled.summing.add(exchange)
            settled.count, settled.last_id = settled.count + 1, exchange.id
        summing = settled.summing.copy()
        for exchange in rest[ended:]:
            summing.add(exchange)
        return summing.finish()

    def sum_anew(self) -> Change:
        """Make every session's sums anew when they are next asked for: something beside the exchanges changed."""
        self._stale |= self._ids.keys()
        return Change(sessions=frozenset(self._ids))

    @property
    def behind(self) -> bool:
        """Whether some session's sums are to be made anew soon."""
        return bool(self._stale) or self._totals_stale

    def sessions(self) -> list[SessionSummary]:
        """Every session with something to show, the latest active first."""
        shown = [self.session(session_id) for session_id in self._ids if self._shown(session_id)]
        shown.sort(key=lambda session: session.last_at.timestamp() if session.last_at else 0.0, reverse=True)
        self._stale &= {session.session_id for session in shown}
        return shown

    def today(self) -> Totals:
        """Sums over what began today, in the user's time zone."""
        now = self._clock.local(self._clock.now())
        today = now.date()
        if self._day != today:
            self._day, self._settled_today = today, Totals()
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
            for exchange in self.since(midnight - _LONGEST_SHIFT):
                if self._is_counted(exchange):
                    self._settled_today.add(exchange)
        totals = replace(self._settled_today)
        for exchange in self.live:
            if self._clock.local(exchange.started_at).date() == today:
                totals.add(exchange)
        return totals


def _put(ids: list[str], exchange_id: str) -> None:
    """Insert an id into a sorted list; mostly it is the last."""
    if not ids or ids[-1] < exchange_id:
        ids.append(exchange_id)
    else:
        insort(ids, exchange_id)


def _unnamed(exchange: Exchange) -> bool:
    return exchange.session_id is None and exchange.kind is not Kind.PROBE


def _counts(exchange: Exchange) -> tuple[object, ...]:
    """What sums are made of."""
    return (
        exchange.outcome,
        exchange.kind,
        exchange.usage,
        exchange.cost,
        exchange.unpriced_model,
        exchange.unread,
        exchange.saved,
    )
