"""Finds recorded exchanges by a filter, in any history. What was said in them is searched by ``fulltext``."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from candela_tui.analysis.filter import Filter
from candela_tui.analysis.filter_fields import Surroundings
from candela_tui.exchange import Exchange
from candela_tui.ledger.ledger import Dimension
from candela_tui.ledger.names import agent_names, session_title
from candela_tui.ledger.session_requests import SessionRequests, session_requests
from candela_tui.store.history import EVERY_SESSION, ExchangeQuery, History


def search_sessions(history: History, wanted: Filter, query: ExchangeQuery, now: datetime) -> list[Exchange]:
    """Return the exchanges of a query that a filter matches, oldest first. Raises StoreError."""
    found = [each for of_session in read_sessions(history, query, wanted, now) for each in of_session.exchanges]
    found.sort(key=lambda exchange: exchange.id)
    return found if query.limit is None else found[len(found) - min(len(found), query.limit) :]


def read_sessions(history: History, query: ExchangeQuery, wanted: Filter, now: datetime) -> Iterator[SessionRequests]:
    """Yield the exchanges of a query, ignoring its limit, that a filter matches: those of one session at a time, the
    earliest session first. Sessions without any are omitted. Raises StoreError.

    Each session is read as a whole, because facts and filters can refer to what it says about an exchange.
    """
    some = history.sessions_that_may_match(wanted) if wanted else None
    for session_id in session_ids(history, query):
        if some is not None and session_id not in some:
            continue
        read = session_requests(session_id, history.exchanges(ExchangeQuery(session_id)), query.includes)
        if wanted:
            read = _matching(read, wanted, now)
        if read.exchanges:
            yield read


def session_ids(history: History, query: ExchangeQuery) -> list[str | None]:
    """Return the sessions that have exchanges of a query, the earliest first. Raises StoreError."""
    if query.session_id is not EVERY_SESSION:
        return [query.session_id]
    sums = history.totals(query, by=(Dimension.SESSION,))
    started = {session.session_id: session.started_at for session in sums.sessions()}
    # Free requests without a session are in the sums, but open no session.
    ids = list(sums.by_session())
    ids.sort(key=lambda session_id: at.timestamp() if (at := started.get(session_id)) is not None else 0.0)
    return ids


def _matching(read: SessionRequests, wanted: Filter, now: datetime) -> SessionRequests:
    title = session_title(read.session)
    surroundings = Surroundings(now, agent_names(read.session), lambda _: title, lambda _: read.session.cwd)
    found = [
        each for each in read.exchanges if wanted.matches(each, replace(surroundings, context=read.contexts[each.id]))
    ]
    return replace(read, exchanges=found)
