"""The earlier requests whose cache a request could read, and what prices them."""

import asyncio

from candela_tui.analysis.cache_baselines import LONGEST, readable_requests
from candela_tui.analysis.labels import agent_name
from candela_tui.analysis.traffic_side import request_side
from candela_tui.exchange import Exchange
from candela_tui.ledger.names import agent_names
from candela_tui.pricing import Pricer
from candela_tui.store.history import ExchangeQuery
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.state.exchange_bodies import ExchangeBodies


class EarlierRequests:
    """Reads the requests that one is compared with."""

    def __init__(self, sources: DataSources) -> None:
        self._sources = sources

    async def readable(self, exchange: Exchange) -> list[Exchange]:
        """Return the requests to compare one with. Raises StoreError."""
        loaded, since = self._sources.loaded, exchange.started_at - LONGEST
        if loaded.exchange(exchange.id) is not None:
            known = [*loaded.requests(exchange.session_id), *loaded.since(since)]
        else:
            known = await asyncio.to_thread(self._stored, exchange)
        return readable_requests(known, exchange)

    def _stored(self, exchange: Exchange) -> list[Exchange]:
        history, since = self._sources.history, exchange.started_at - LONGEST
        session = history.exchanges(ExchangeQuery(exchange.session_id, before=exchange.id))
        return [*session, *history.exchanges(ExchangeQuery(since=since, before=exchange.id))]

    def agent(self, earlier: Exchange, exchange: Exchange) -> str:
        """Return the name of an earlier request's agent, as seen from a request."""
        name = agent_name(earlier.agent_id, agent_names(self._sources.loaded.session(earlier.session_id)))
        return name if earlier.session_id == exchange.session_id else f"{name} in another session"

    async def body(self, exchange: Exchange) -> bytes | None:
        """Return a request's body in the form of the Messages API; None if it is not kept. Raises StoreError."""
        bodies = ExchangeBodies(self._sources, exchange.id)
        return await bodies.request(request_side(exchange)) or await bodies.request()

    async def pricer(self) -> Pricer:
        """Return what prices by config.toml as it is now. Raises ConfigError."""
        return await asyncio.to_thread(self._sources.pricer)
