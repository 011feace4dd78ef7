"""Sums up exchanges by session and agent."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from candela_tui.analysis.cache import CacheLife, cache_life
from candela_tui.analysis.context import ContextFill, context_fill
from candela_tui.analysis.served_changes import ServedChange, ServedWatch
from candela_tui.exchange import Continued, Exchange
from candela_tui.ledger.agent_types import SessionAgentTypes
from candela_tui.ledger.session_sums import SessionSums
from candela_tui.ledger.totals import Totals
from candela_tui.protocol.arrival import Arrival
from candela_tui.protocol.kind import Kind


@dataclass(slots=True)
class AgentSummary:
    """One sub-agent of a session."""

    agent_id: str
    parent_agent_id: str | None = None
    """The agent that started it; None for the main agent."""
    parent_inferred: bool = False
    """Whether candela found the agent that started it by the task, because the client did not name one."""
    started_by: str | None = None
    """The id of the exchange whose response called for it; None if unknown."""
    model: str | None = None
    """The model that last answered it."""
    agent_type: str | None = None
    """Such as ``Explore``; None if unknown."""
    description: str | None = None
    """A few words on the agent's task."""
    inferred: bool = False
    """Whether candela recognised the agent by its system prompt and task, because the client named none."""
    started_at: datetime | None = None
    """The start of its first request."""
    last_at: datetime | None = None
    """The start of its latest request."""
    totals: Totals = field(default_factory=Totals)


@dataclass(slots=True)
class SessionSummary:
    """One session. ``session_id`` None is the group of requests without a session."""

    session_id: str | None
    title: str | None = None
    cwd: str | None = None
    git_branch: str | None = None
    model: str | None = None
    """The model that last answered the main agent."""
    client: str | None = None
    """The client program of its conversation, such as ``claude-cli/2.1.332``."""
    continues: Continued | None = None
    """The other session that it continues, if any."""
    inferred: bool = False
    """Whether candela recognised the conversation by its messages, because the client named no session."""
    arrival: Arrival | None = None
    """How its latest request came in; None if none crossed candela."""
    started_at: datetime | None = None
    last_at: datetime | None = None
    cache: CacheLife | None = None
    context: ContextFill | None = None
    served_otherwise: tuple[ServedChange, ...] = ()
    """What is served otherwise than before or than requested, since when, the latest last."""
    totals: Totals = field(default_factory=Totals)
    agents: dict[str, AgentSummary] = field(default_factory=dict)
    """Sub-agents by id, in the order of their first request."""


class SessionSummer:
    """Sums up one session, one exchange at a time, in the order of their ids."""

    def __init__(self, session_id: str | None) -> None:
        self._session = SessionSummary(session_id)
        self._sums = SessionSums(session_id)
        self._conversation: list[Exchange] = []
        self._marked: list[Exchange] = []
        """The exchanges of the conversation that set cache breakpoints."""
        self._agent_types = SessionAgentTypes()
        self._served = ServedWatch()

    def copy(self) -> "SessionSummer":
        """Return a copy that can be continued independently."""
        session = self._session
        other = SessionSummer(session.session_id)
        other._session = replace(
            session, agents={agent_id: replace(agent) for agent_id, agent in session.agents.items()}
        )
        other._sums = self._sums.copy()
        other._conversation = self._conversation.copy()
        other._marked = self._marked.copy()
        other._agent_types = self._agent_types.copy()
        other._served = self._served.copy()
        return other

    def add(self, exchange: Exchange) -> None:
        """Count the next exchange in the summary."""
        session = self._session
        self._sums.add(exchange)
        self._served.add(exchange)
        if exchange.imported is None:
            session.arrival = exchange.arrival
        session.inferred = session.inferred or "session_id" in exchange.inferred
        self._agent_types.add(
            exchange.id,
            exchange.agent_id,
            exchange.agent_type,
            exchange.request_class,
            exchange.task,
            exchange.delegations,
        )
        if exchange.agent_id is not None:
            self._add_to_agent(exchange.agent_id, exchange)
        elif exchange.kind in (Kind.MESSAGES, Kind.COMPACTION):
            self._conversation.append(exchange)
            if exchange.cache_ttls:
                self._marked.append(exchange)
            session.model = exchange.model_used or exchange.model or session.model

    def _add_to_agent(self, agent_id: str, exchange: Exchange) -> None:
        agent = self._session.agents.get(agent_id)
        if agent is None:
            agent = self._session.agents[agent_id] = AgentSummary(agent_id)
        agent.parent_agent_id = exchange.parent_agent_id or agent.parent_agent_id
        agent.model = exchange.model_used or exchange.model or agent.model
        agent.inferred = agent.inferred or "agent_id" in exchange.inferred
        agent.started_at = min(agent.started_at or exchange.started_at, exchange.started_at)
        agent.last_at = max(agent.last_at or exchange.started_at, exchange.started_at)

    def finish(self) -> SessionSummary:
        """Return the summary. Add nothing after that; continue with a ``copy`` made before."""
        session, listed = self._session, self._sums.snapshot()
        session.title, session.client = listed.title, listed.client
        session.cwd, session.git_branch = listed.cwd, listed.git_branch
        session.started_at, session.last_at = listed.started_at, listed.last_at
        session.totals, session.continues = listed.totals, listed.continues
        session.served_otherwise = self._served.standing
        types = self._agent_types.types()
        for agent_id, agent in session.agents.items():
            agent.totals = self._sums.agents[agent_id]
            agent.agent_type, agent.description, caller = types[agent_id]
            if caller is not None:
                agent.started_by = caller.exchange_id
                if agent.parent_agent_id is None and caller.agent_id not in (None, agent_id):
                    agent.parent_agent_id, agent.parent_inferred = caller.agent_id, True
        # The client's side requests, such as one that summarises a web page, set no cache breakpoints: they have
        # contexts of their own.
        conversation = self._marked or self._conversation
        session.cache = cache_life(conversation)
        session.context = context_fill(conversation)
        return session


def summarize(session_id: str | None, exchanges: Iterable[Exchange]) -> SessionSummary:
    """Sum up the exchanges of one session. They may come in any order."""
    summer = SessionSummer(session_id)
    for exchange in sorted(exchanges, key=lambda exchange: exchange.id):
        summer.add(exchange)
    return summer.finish()


def by_session(exchanges: Iterable[Exchange]) -> list[SessionSummary]:
    """Return a summary of every session among the exchanges, the most recently active first."""
    groups: dict[str | None, list[Exchange]] = {}
    for exchange in exchanges:
        groups.setdefault(exchange.session_id, []).append(exchange)
    sessions = [summarize(session_id, group) for session_id, group in groups.items()]
    sessions.sort(key=lambda session: session.last_at.timestamp() if session.last_at else 0.0, reverse=True)
    return sessions
