"""Finds recorded exchanges by a filter, in any history."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from candela_tui.analysis.filter import Filter
from candela_tui.analysis.filter_fields import Surroundings
from candela_tui.exchange import Exchange
from candela_tui.ledger.contexts import contexts
from candela_tui.ledger.ledger import Dimension
from candela_tui.ledger.names import agent_names, session_title
from candela_tui.ledger.sessions import summarize
from candela_tui.store.history import ExchangeQuery, History


def search_sessions(history: History, wanted: Filter, query: ExchangeQuery, now: datetime) -> list[Exchange]:
    """Return the exchanges of a query that a filter matches, oldest first. Raises StoreError.

    Reads one session at a time, because a filter can refer to what an exchange's session says about it.
    """
    found: list[Exchange] = []
    for session_id in history.totals(query, by=(Dimension.SESSION,)).by_session():
        found += _matching(history.exchanges(ExchangeQuery(session_id)), session_id, wanted, query, now)
    found.sort(key=lambda exchange: exchange.id)
    return found if query.limit is None else found[len(found) - min(len(found), query.limit) :]


def _matching(
    exchanges: list[Exchange], session_id: str | None, wanted: Filter, query: ExchangeQuery, now: datetime
) -> Iterator[Exchange]:
    session = summarize(session_id, exchanges)
    title = session_title(session)
    surroundings = Surroundings(now, agent_names(session), lambda _: title)
    known = contexts(exchanges)
    for exchange in exchanges:
        if query.includes(exchange) and wanted.matches(exchange, replace(surroundings, context=known[exchange.id])):
            yield exchange
