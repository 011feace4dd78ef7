"""Reads the report on the prompt cache from a history. It opens no bodies."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from candela_tui.analysis.filter import Filter
from candela_tui.exchange import Exchange
from candela_tui.exchange.facts import Context
from candela_tui.ledger.cache_misses import CacheMisses, Key, MissesBy
from candela_tui.ledger.cache_savings import LongerLife, Saving, savings
from candela_tui.ledger.names import session_title
from candela_tui.ledger.session_requests import SessionRequests
from candela_tui.ledger.usage_report import MAIN_AGENT
from candela_tui.pricing import Pricer
from candela_tui.reports.cache.repeats import Repeats
from candela_tui.store.history import ExchangeQuery, History
from candela_tui.store.search import read_sessions
from candela_tui.text.times import Clock


@dataclass(frozen=True, slots=True)
class CacheReport:
    """A report that was read."""

    by: MissesBy | None
    """What the causes are listed within; None: nothing."""
    misses: CacheMisses
    savings: list[Saving]
    repeats: Repeats = field(default_factory=Repeats)
    titles: dict[str, str] = field(default_factory=dict)
    """The titles of the sessions, by id."""


def read_cache_report(
    history: History,
    query: ExchangeQuery,
    wanted: Filter,
    by: MissesBy | None,
    clock: Clock,
    pricer: Pricer,
    each: Callable[[Iterable[SessionRequests]], Iterable[SessionRequests]] = iter,
) -> CacheReport:
    """Read a report. Blocks for as long as it takes. Raises StoreError.

    ``each`` gets the sessions on their way, to show how far it is."""
    misses, longer_life, repeats, titles = CacheMisses(), LongerLife(pricer), Repeats(), {}
    for session in each(read_sessions(history, query, wanted, clock.now())):
        for exchange in session.exchanges:
            repeats.add(exchange)
            misses.add(exchange, _key(exchange, session.contexts[exchange.id], by, clock))
        longer_life.add_session(session.exchanges)
        if session.session.session_id is not None:
            titles[session.session.session_id] = session_title(session.session)
    return CacheReport(by, misses, savings(misses, longer_life), repeats, titles)


def _key(exchange: Exchange, context: Context, by: MissesBy | None, clock: Clock) -> Key:
    if by is MissesBy.DAY:
        return clock.local(exchange.started_at).date()
    if by is MissesBy.SESSION:
        return exchange.session_id
    if by is MissesBy.AGENT:
        return MAIN_AGENT if exchange.agent_id is None else context.agent_type
    return None
