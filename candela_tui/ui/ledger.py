"""The exchanges that the dashboard knows, and their sums by session and day."""

import time
from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from candela_tui.analysis.sessions import SessionSummary, Totals, summarize
from candela_tui.exchange import Exchange
from candela_tui.protocol.request import Kind
from candela_tui.ui.clock import Clock

BACKGROUND = frozenset({Kind.PROBE, Kind.MODELS, Kind.COUNT_TOKENS, Kind.TITLE})
"""Requests that the client makes for itself, not for the conversation."""

_SUM_AT_ONCE = 200
"""Exchanges of a session up to which its sums are made anew on every change; beyond, once a second."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a merge changed."""

    exchanges: tuple[Exchange, ...] = ()
    sessions: frozenset[str | None] = frozenset()


class Ledger:
    """Knows the newest snapshot of each exchange. What the feed said outranks what the store says."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._exchanges: dict[str, Exchange] = {}
        self._from_feed: set[str] = set()
        self._ids: dict[str | None, list[str]] = {}
        self._live: set[str] = set()
        self._summaries: dict[str | None, tuple[float, SessionSummary]] = {}
        self._stale: set[str | None] = set()
        self._limiting: Exchange | None = None
        self._day: date | None = None
        self._settled_today = Totals()

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
        return Change(tuple(changed), sessions)

    def _take(self, exchange: Exchange, known: Exchange | None) -> None:
        self._exchanges[exchange.id] = exchange
        if known is not None and known.session_id != exchange.session_id:
            self._ids[known.session_id].remove(known.id)
            self._stale.add(known.session_id)
            known = None
        if known is None:
            ids = self._ids.setdefault(exchange.session_id, [])
            if not ids or ids[-1] < exchange.id:
                ids.append(exchange.id)
            else:
                insort(ids, exchange.id)
        if exchange.rate_limits and (self._limiting is None or exchange.id >= self._limiting.id):
            self._limiting = exchange
        if exchange.live:
            self._live.add(exchange.id)
        else:
            self._live.discard(exchange.id)
        if known is not None and not known.live:
            self._day = None
        elif not exchange.live and self._day is not None and self._clock.local(exchange.started_at).date() == self._day:
            self._settled_today.add(exchange)

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
        newest = max((ids[-1] for ids in self._ids.values() if ids), default=None)
        return self._exchanges[newest] if newest else None

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

    def _shown(self, session_id: str | None) -> bool:
        if session_id is not None:
            return bool(self._ids[session_id])
        return any(self._exchanges[exchange_id].kind is not Kind.PROBE for exchange_id in self._ids[None])

    def session(self, session_id: str | None) -> SessionSummary:
        """A session's sums, at most a second old."""
        now = time.monotonic()
        at, summary = self._summaries.get(session_id, (None, None))
        few = len(self._ids.get(session_id, ())) <= _SUM_AT_ONCE
        if summary is None or at is None or (session_id in self._stale and (few or now - at >= 1)):
            summary = summarize(session_id, self.requests(session_id))
            self._summaries[session_id] = (now, summary)
            self._stale.discard(session_id)
        return summary

    @property
    def behind(self) -> bool:
        """Whether some session's sums are to be made anew soon."""
        return bool(self._stale)

    def sessions(self) -> list[SessionSummary]:
        """Every session with something to show, the latest active first."""
        shown = [self.session(session_id) for session_id in self._ids if self._shown(session_id)]
        shown.sort(key=lambda session: session.last_at.timestamp() if session.last_at else 0.0, reverse=True)
        self._stale &= {session.session_id for session in shown}
        return shown

    def session_ids(self) -> list[str | None]:
        """Every session that an exchange named, shown or not."""
        return list(self._ids)

    def today(self) -> Totals:
        """Sums over what began today, in the user's time zone."""
        today = self._clock.local(self._clock.now()).date()
        if self._day != today:
            self._day, self._settled_today = today, Totals()
            for exchange in self._exchanges.values():
                if not exchange.live and self._clock.local(exchange.started_at).date() == today:
                    self._settled_today.add(exchange)
        totals = replace(self._settled_today)
        for exchange in self.live:
            if self._clock.local(exchange.started_at).date() == today:
                totals.add(exchange)
        return totals
