"""Finding what the request screen shows: a request with its headers, its bodies, its agent's name, its tries."""

import asyncio

from candela_tui.analysis.names import agent_name, agent_names
from candela_tui.analysis.retries import calls
from candela_tui.exchange import Exchange
from candela_tui.store.errors import StoreError
from candela_tui.ui.bodies import Bodies
from candela_tui.ui.request.page import Subject
from candela_tui.ui.sources import Sources


async def load_subject(sources: Sources, exchange_id: str) -> Subject | None:
    """The request with this id; None: it is not recorded. Raises StoreError where nothing at all is known of it."""
    exchange = sources.ledger.exchange(exchange_id)
    if exchange is None or not exchange.request_headers:
        # Lists hold exchanges without their headers.
        try:
            exchange = await asyncio.to_thread(sources.history.exchange, exchange_id) or exchange
        except StoreError:
            if exchange is None:
                raise
    if exchange is None:
        return None
    subject = Subject(
        exchange,
        Bodies(sources, exchange_id),
        sources.clock,
        agent_of(sources, exchange),
        tries_of(sources, exchange),
        sources.preferences,
    )
    newest = sources.ledger.exchange(exchange_id)
    if newest is not None and exchange.live:
        # The feed may have told more while the store was asked.
        subject.take(newest)
    return subject


def agent_of(sources: Sources, exchange: Exchange) -> str:
    """What the agent of a request is called."""
    return agent_name(exchange.agent_id, agent_names(sources.ledger.session(exchange.session_id)))


def tries_of(sources: Sources, exchange: Exchange) -> tuple[Exchange, ...]:
    """Every try of the call that a request is a try of, the earliest first."""
    alike = [
        other
        for other in sources.ledger.requests(exchange.session_id)
        if other.asked == exchange.asked
        and (other.asked is not None or other.request_bytes == exchange.request_bytes)
        and other.agent_id == exchange.agent_id
        and other.kind is exchange.kind
    ]
    return next((call.tries for call in calls(alike) if any(one.id == exchange.id for one in call.tries)), ())
