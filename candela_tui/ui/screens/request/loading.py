"""Load a request for display: with its headers, bodies, agent name and tries."""

import asyncio

from candela_tui.analysis.labels import agent_name
from candela_tui.analysis.retries import calls
from candela_tui.analysis.served_changes import ServedChange, changes_since_before
from candela_tui.config import ConfigError
from candela_tui.exchange import Exchange
from candela_tui.ledger.names import agent_names
from candela_tui.pricing import Pricer
from candela_tui.store.errors import StoreError
from candela_tui.ui.screens.request.pages.page import ShownRequest, ShownSession
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.state.earlier_requests import EarlierRequests
from candela_tui.ui.state.exchange_bodies import ExchangeBodies


async def load_request(sources: DataSources, exchange_id: str) -> ShownRequest | None:
    """Load the request with this id, or return None if it was not recorded. Raises StoreError if nothing is known of
    it."""
    exchange = sources.loaded.exchange(exchange_id)
    if exchange is None or exchange.request_headers is None:
        # Lists hold exchanges without their headers.
        try:
            exchange = await asyncio.to_thread(sources.history.exchange, exchange_id) or exchange
        except StoreError:
            if exchange is None:
                raise
    if exchange is None:
        return None
    request = ShownRequest(
        exchange,
        ExchangeBodies(sources, exchange_id),
        sources.clock,
        agent_of(sources, exchange),
        tries_of(sources, exchange),
        session_of(sources, exchange.session_id),
        sources.preferences,
        EarlierRequests(sources),
        await asyncio.to_thread(_pricer, sources),
        changes_at(sources, exchange),
    )
    newest = sources.loaded.exchange(exchange_id)
    if newest is not None and exchange.live:
        # The feed may have published a newer snapshot while the store was read.
        request.take(newest)
    return request


def session_of(sources: DataSources, session_id: str | None) -> ShownSession:
    """Return the session of a request."""
    loaded = sources.loaded
    return ShownSession(
        lambda: loaded.requests(session_id),
        lambda: loaded.session(session_id),
        lambda exchange_id: ExchangeBodies(sources, exchange_id),
    )


def changes_at(sources: DataSources, exchange: Exchange) -> tuple[ServedChange, ...]:
    """Return what is served otherwise since a request than in its session before."""
    return changes_since_before(sources.loaded.requests(exchange.session_id), exchange)


def _pricer(sources: DataSources) -> Pricer | None:
    try:
        pricer = sources.pricer()
    except ConfigError:
        return None
    pricer.warm()
    return pricer


def agent_of(sources: DataSources, exchange: Exchange) -> str:
    """Return the name of the agent that made a request."""
    return agent_name(exchange.agent_id, agent_names(sources.loaded.session(exchange.session_id)))


def tries_of(sources: DataSources, exchange: Exchange) -> tuple[Exchange, ...]:
    """Return every try of the call that a request belongs to, the earliest first."""
    alike = [
        other
        for other in sources.loaded.requests(exchange.session_id)
        if other.asked == exchange.asked
        and (other.asked is not None or other.request_bytes == exchange.request_bytes)
        and other.agent_id == exchange.agent_id
        and other.kind is exchange.kind
    ]
    return next((call.tries for call in calls(alike) if any(one.id == exchange.id for one in call.tries)), ())
