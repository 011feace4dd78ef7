"""The types and tasks of sub-agents: as the client states them, or as the call says that started the agent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from candela_tui.exchange import Delegation, Exchange

_BY_CLASS = {"workflow": "workflow"}
"""Agent types that the client names only by the class of their requests."""


class Caller(NamedTuple):
    """The exchange whose response called for a sub-agent."""

    exchange_id: str
    agent_id: str | None
    """The agent that called; None for the main agent."""


class AgentType(NamedTuple):
    """What is known of a sub-agent; None: not stated."""

    type: str | None = None
    """Such as ``Explore``."""
    description: str | None = None
    """A few words on the agent's task."""
    caller: Caller | None = None
    """Where it was called for; None if no response hands over its task."""


@dataclass(slots=True)
class SessionAgentTypes:
    """The sub-agents of one session. Add what its exchanges state in the order of their ids."""

    _stated: dict[str, str | None] = field(default_factory=dict)
    """The type that the client states, by agent, in the order of their first requests."""
    _tasks: dict[str, str] = field(default_factory=dict)
    _delegations: dict[str, list[tuple[Delegation, Caller]]] = field(default_factory=dict)

    def copy(self) -> "SessionAgentTypes":
        """Return a copy that can be continued independently."""
        delegations = {task: fitting.copy() for task, fitting in self._delegations.items()}
        return SessionAgentTypes(self._stated.copy(), self._tasks.copy(), delegations)

    def add(
        self,
        exchange_id: str,
        agent_id: str | None,
        agent_type: str | None,
        request_class: str | None,
        task: str | None,
        delegations: Sequence[Delegation],
    ) -> None:
        """Add what an exchange states."""
        for delegation in delegations:
            handed_over = delegation, Caller(exchange_id, agent_id)
            self._delegations.setdefault(delegation.task, []).append(handed_over)
        if agent_id is None:
            return
        if task is not None:
            self._tasks.setdefault(agent_id, task)
        known = self._stated.get(agent_id)
        self._stated[agent_id] = agent_type or known or _BY_CLASS.get(request_class or "")

    def types(self) -> dict[str, AgentType]:
        """Return each agent with the type and description of the call that started it: the one with its task."""
        left = {task: fitting.copy() for task, fitting in self._delegations.items()}
        found = {}
        for agent_id, stated in self._stated.items():
            fitting = left.get(self._tasks.get(agent_id, ""))
            if fitting:
                # If several calls have the same task, the first agent belongs to the first call.
                delegation, caller = fitting.pop(0) if len(fitting) > 1 else fitting[0]
                # The client's own hint says "custom" for every agent that the user defined.
                found[agent_id] = AgentType(delegation.agent_type or stated, delegation.description, caller)
            else:
                found[agent_id] = AgentType(stated)
        return found


@dataclass(slots=True)
class AgentTypes:
    """The sub-agents of several sessions."""

    _sessions: dict[str | None, SessionAgentTypes] = field(default_factory=dict)

    @classmethod
    def of(cls, exchanges: Iterable[Exchange]) -> "AgentTypes":
        """Return the sub-agents of exchanges, which come in the order of their ids."""
        types = cls()
        for each in exchanges:
            session = types.session(each.session_id)
            session.add(each.id, each.agent_id, each.agent_type, each.request_class, each.task, each.delegations)
        return types

    def session(self, session_id: str | None) -> SessionAgentTypes:
        """Return the sub-agents of a session."""
        return self._sessions.setdefault(session_id, SessionAgentTypes())

    def by_agent(self) -> dict[tuple[str | None, str], str | None]:
        """Return the type of each sub-agent, by its session's id and its own."""
        return {
            (session_id, agent_id): known.type
            for session_id, session in self._sessions.items()
            for agent_id, known in session.types().items()
        }
