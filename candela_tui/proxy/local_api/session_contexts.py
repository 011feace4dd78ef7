"""Contexts that an exchange gets from the others of its session, read once per session."""

import asyncio

from candela_tui.exchange import Exchange
from candela_tui.exchange.facts import Context
from candela_tui.ledger.contexts import contexts
from candela_tui.proxy.local_api.visible import ShownFeed, ShownStore
from candela_tui.store.history import ExchangeQuery

_MOST_SESSIONS = 64
"""The maximum number of sessions in memory: lists of requests are mostly of a few that alternate."""


class SessionContexts:
    """Reads the contexts of a session when one of its exchanges is first requested."""

    def __init__(self, feed: ShownFeed, store: ShownStore) -> None:
        self._feed = feed
        self._store = store
        self._sessions: dict[str | None, dict[str, Context]] = {}

    async def of(self, exchange: Exchange) -> Context:
        """Return the context of an exchange. Raises StoreError."""
        known = self._sessions.get(exchange.session_id)
        if known is None or exchange.id not in known:
            newer = [each for each in self._feed.newer_than_store() if each.session_id == exchange.session_id]
            known = await asyncio.to_thread(self._read, exchange, newer)
            self._sessions.pop(exchange.session_id, None)
            self._sessions[exchange.session_id] = known
            if len(self._sessions) > _MOST_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
        return known[exchange.id]

    def forget(self, session_id: str | None) -> None:
        """Read a session again at its next request, because one of its exchanges has ended."""
        self._sessions.pop(session_id, None)

    def _read(self, exchange: Exchange, newer: list[Exchange]) -> dict[str, Context]:
        stored = self._store.exchanges(ExchangeQuery(exchange.session_id))
        return contexts({each.id: each for each in (*stored, exchange, *newer)}.values())
