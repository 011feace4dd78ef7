"""Requests of one session, with what the whole session says about them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from candela_tui.exchange import Exchange
from candela_tui.exchange.facts import Context
from candela_tui.ledger.contexts import contexts_in
from candela_tui.ledger.sessions import SessionSummary, summarize


@dataclass(frozen=True, slots=True)
class SessionRequests:
    """Some requests of one session, or all of them."""

    session: SessionSummary
    """Sums up every request of the session, also those that were not selected."""
    exchanges: Sequence[Exchange]
    """The selected requests, earliest first."""
    contexts: Mapping[str, Context]
    """What the session says about each request, by the request's id."""


def session_requests(
    session_id: str | None, exchanges: Iterable[Exchange], selected: Callable[[Exchange], bool] = lambda _: True
) -> SessionRequests:
    """Return the selected requests of a session. ``exchanges`` are all of its requests, in any order."""
    listed = sorted(exchanges, key=lambda exchange: exchange.id)
    summary = summarize(session_id, listed)
    return SessionRequests(summary, [each for each in listed if selected(each)], contexts_in(listed, [summary]))


def requests_by_session(exchanges: Iterable[Exchange]) -> list[SessionRequests]:
    """Return exchanges, in any order, as the requests of their sessions, the earliest session first."""
    groups: dict[str | None, list[Exchange]] = {}
    for exchange in sorted(exchanges, key=lambda exchange: exchange.id):
        groups.setdefault(exchange.session_id, []).append(exchange)
    return [session_requests(session_id, group) for session_id, group in groups.items()]
