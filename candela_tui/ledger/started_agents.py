"""The types of the sub-agents that are at work, for rules: known from an agent's first request on."""

import asyncio
from collections.abc import Hashable
from typing import TypeVar

from candela_tui.exchange import Exchange

_MOST = 10_000
"""Agents, and tasks, that are remembered."""
_PATIENCE_S = 0.5
"""How long to wait for the call that starts an agent. The client sends an agent's first request some milliseconds after
the end of the answer with the call, and that is recorded within a tenth of a second."""
_USER_DEFINED = "custom"
"""The type that the client states for every agent that the user defined; the call has its name."""

_Key = TypeVar("_Key", bound=Hashable)
_Session = str | None


class StartedAgents:
    """Finds the types of sub-agents. Used only on the proxy's event loop."""

    def __init__(self) -> None:
        self._called: dict[tuple[_Session, str], str] = {}
        """The types that calls name, by session and task."""
        self._types: dict[tuple[_Session, str], str | None] = {}
        """The types of agents that were asked for, by session and agent. They never change: a rule that changed its
        mind within a conversation would lose the prompt cache."""
        self._news = asyncio.Event()

    def take(self, exchange: Exchange) -> None:
        """Take the calls for agents in the newest snapshot of an exchange."""
        for delegation in exchange.delegations:
            key = exchange.session_id, delegation.task
            if delegation.agent_type is not None and self._called.get(key) != delegation.agent_type:
                _remember(self._called, key, delegation.agent_type)
                self._news.set()

    async def type_of(self, exchange: Exchange, task: str | None) -> str | None:
        """Return the type of the agent that makes a request, such as ``Explore``; None if it is the main agent or
        nothing says it. ``task`` is the agent's task, as ``first_user_text`` reads it from its requests.

        Where the client does not state the type, this waits for what is recorded of the call, at most half a second
        and once for each agent."""
        if exchange.agent_id is None:
            return None
        key = exchange.session_id, exchange.agent_id
        if key not in self._types:
            stated = exchange.agent_type or ("workflow" if exchange.request_class == "workflow" else None)
            if task is not None and stated in (None, _USER_DEFINED):
                stated = await self._by_call((exchange.session_id, task)) or stated
            _remember(self._types, key, stated)
        return self._types[key]

    async def _by_call(self, key: tuple[_Session, str]) -> str | None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while key not in self._called:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return None
        return self._called[key]


def _remember(known: dict[_Key, str] | dict[_Key, str | None], key: _Key, value: str | None) -> None:
    """Add a value; beyond ``_MOST``, the one that was added first is dropped."""
    known[key] = value  # type: ignore[assignment]
    if len(known) > _MOST:
        del known[next(iter(known))]
