"""Exchanges and sessions as flat records: the fields of ``candela requests --json`` and ``candela sessions --json``.

Times are ISO 8601 in UTC, durations milliseconds, money USD as Decimal; None means unknown.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from candela_tui.exchange import Exchange
from candela_tui.exchange.facts import DETAILS, FACTS, Context, Value, iso_time
from candela_tui.ledger.contexts import contexts
from candela_tui.ledger.names import session_title
from candela_tui.ledger.session_requests import SessionRequests
from candela_tui.ledger.session_sums import SessionTotals
from candela_tui.ledger.totals import Totals

Record = dict[str, Value]
_MOST_SESSIONS = 64
"""Sessions whose contexts are remembered: those of one time are few."""


def request_records(exchanges: Iterable[Exchange]) -> Iterator[Record]:
    """Yield the records of requests in the order given. Contexts come from the other requests of a session among
    them."""
    listed = list(exchanges)
    known = contexts(listed)
    for exchange in listed:
        yield request_record(exchange, known[exchange.id])


def records_of(sessions: Iterable[SessionRequests]) -> Iterator[Record]:
    """Yield the records of the requests of each session."""
    for read in sessions:
        for exchange in read.exchanges:
            yield request_record(exchange, read.contexts[exchange.id])


def records_in_order(
    exchanges: Iterable[Exchange], of_session: Callable[[str | None], Iterable[Exchange]]
) -> Iterator[Record]:
    """Yield the records of requests of any sessions, in the order given.

    ``of_session`` returns all requests of a session, for their contexts. Those of the latest sessions are remembered,
    so that a long list is not held as a whole.
    """
    known: dict[str | None, dict[str, Context]] = {}
    for exchange in exchanges:
        contexts_of = known.pop(exchange.session_id, {})
        if exchange.id not in contexts_of:
            others = {each.id: each for each in of_session(exchange.session_id)}
            contexts_of = contexts({**others, exchange.id: exchange}.values())
        known[exchange.session_id] = contexts_of
        if len(known) > _MOST_SESSIONS:
            del known[next(iter(known))]
        yield request_record(exchange, contexts_of[exchange.id])


def request_record(exchange: Exchange, context: Context) -> Record:
    """Return the facts of one request."""
    return {fact.name: fact.get(exchange, context) for fact in FACTS}


def detailed_record(exchange: Exchange, context: Context) -> dict[str, Any]:
    """Return the facts of one request, including those that don't fit in a table."""
    return {**request_record(exchange, context), **{detail.name: detail.get(exchange) for detail in DETAILS}}


def session_record(session: SessionTotals) -> Record:
    """Return the record of a session.

    The tokens are None if no response stated its usage. ``agents`` is the number of its sub-agents, ``cache_hit_rate``
    0 to 1, and ``cost_usd`` the sum over the requests with a price. ``cost_at_least`` says that the session may cost
    more, ``unpriced`` how many requests have no price, ``imported`` how many did not cross candela, and
    ``client_difference_usd`` how much more the client calculates than the provider bills.
    """
    return {
        "session_id": session.session_id,
        "title": session_title(session),
        "client": session.client,
        "cwd": session.cwd,
        "branch": session.git_branch,
        "started_at": _iso_time(session.started_at),
        "last_at": _iso_time(session.last_at),
        "agents": session.agents,
        "continues": session.continues.session_id if session.continues else None,
        "continues_request": session.continues.exchange_id if session.continues else None,
        **totals_record(session.totals),
    }


def totals_record(totals: Totals) -> Record:
    """Return the record of sums over requests: those of a session, an agent or a turn."""
    rate = totals.cache_hit_rate
    return {
        "requests": totals.requests,
        "input_tokens": totals.known(totals.input_tokens),
        "cache_read_tokens": totals.known(totals.cache_read_tokens),
        "cache_write_5m_tokens": totals.known(totals.cache_write_5m_tokens),
        "cache_write_1h_tokens": totals.known(totals.cache_write_1h_tokens),
        "output_tokens": totals.known(totals.output_tokens),
        "cache_hit_rate": None if rate is None else round(rate, 6),
        "cost_usd": totals.cost,
        "side_requests": totals.side_requests,
        "side_cost_usd": totals.side_cost_usd if totals.priced else None,
        "saved_usd": totals.saved_usd if totals.priced else None,
        "cost_at_least": totals.at_least,
        "unpriced": totals.unpriced,
        "unread": totals.unread,
        "client_difference_usd": totals.client_difference if totals.counted_otherwise else None,
        "imported": totals.imported,
    }


def in_order(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """Return the exchanges, earliest first."""
    return sorted(exchanges, key=lambda exchange: exchange.id)


def plain_decimal(value: Decimal) -> str:
    """Return a decimal with exactly its digits, without an exponent: ``0.029363``."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _iso_time(moment: datetime | None) -> str | None:
    return None if moment is None else iso_time(moment)
