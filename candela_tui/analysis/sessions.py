"""Exchanges summed up by session and agent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from candela_tui.analysis.cache import CacheLife as CacheLife
from candela_tui.analysis.cache import cache_life
from candela_tui.analysis.context import ContextFill as ContextFill
from candela_tui.analysis.context import context_fill
from candela_tui.exchange import Delegation, Exchange, Outcome
from candela_tui.protocol.request import Kind


@dataclass(slots=True)
class Totals:
    """Sums over exchanges. ``cost_usd`` leaves out what has no price; ``unpriced`` counts those exchanges. The tokens
    are the providers' top-level counts."""

    requests: int = 0
    live: int = 0
    errors: int = 0
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    priced: int = 0
    unpriced: int = 0
    saved_usd: Decimal = Decimal(0)
    """What the prompt cache saved, over the priced exchanges."""
    at_least: bool = False
    """Some exchange cost at least what is counted for it, or has no price."""

    def add(self, exchange: Exchange) -> None:
        """Count one exchange."""
        self.requests += 1
        self.live += exchange.live
        self.errors += exchange.outcome in (Outcome.ERROR, Outcome.CUT)
        usage = exchange.usage
        if usage is not None:
            self.input_tokens += usage.input_tokens or 0
            self.cache_read_tokens += usage.cache_read_tokens or 0
            self.cache_write_5m_tokens += usage.cache_write_5m_tokens or 0
            self.cache_write_1h_tokens += usage.cache_write_1h_tokens or 0
            self.output_tokens += usage.output_tokens or 0
        if exchange.cost is not None:
            self.cost_usd += exchange.cost.total
            self.priced += 1
            self.saved_usd += exchange.saved or 0
            self.at_least |= exchange.cost.at_least
        elif exchange.unpriced_model is not None:
            self.unpriced += 1
            self.at_least = True

    @property
    def prompt_tokens(self) -> int:
        """Input, cache read and cache write."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_5m_tokens + self.cache_write_1h_tokens

    @property
    def cache_hit_rate(self) -> float | None:
        """Share of the prompt tokens that came from the cache, 0 to 1; None before any prompt."""
        return self.cache_read_tokens / self.prompt_tokens if self.prompt_tokens else None

    @property
    def cost(self) -> Decimal | None:
        """USD; None where nothing has a price."""
        return self.cost_usd if self.priced else None


@dataclass(slots=True)
class AgentSummary:
    """One sub-agent of a session."""

    agent_id: str
    parent_agent_id: str | None = None
    model: str | None = None
    """The model that answered it last."""
    agent_type: str | None = None
    """Such as ``Explore``; None: nothing tells."""
    description: str | None = None
    """A few words on its task."""
    started_at: datetime | None = None
    """Of its first request."""
    last_at: datetime | None = None
    """Of the beginning of its latest request."""
    totals: Totals = field(default_factory=Totals)


@dataclass(slots=True)
class SessionSummary:
    """One session; ``session_id`` None is the group of requests that named none."""

    session_id: str | None
    title: str | None = None
    cwd: str | None = None
    git_branch: str | None = None
    model: str | None = None
    """The model that answered the main agent last."""
    started_at: datetime | None = None
    last_at: datetime | None = None
    cache: CacheLife | None = None
    context: ContextFill | None = None
    totals: Totals = field(default_factory=Totals)
    agents: dict[str, AgentSummary] = field(default_factory=dict)
    """Sub-agents by id, in the order of their first request."""


def summarize(session_id: str | None, exchanges: Iterable[Exchange]) -> SessionSummary:
    """Sum up the exchanges of one session. They may come in any order."""
    session = SessionSummary(session_id)
    first_words: str | None = None
    conversation: list[Exchange] = []
    delegations: dict[str, list[Delegation]] = {}
    tasks: dict[str, str] = {}
    for exchange in sorted(exchanges, key=lambda exchange: exchange.id):
        session.totals.add(exchange)
        session.started_at = min(session.started_at or exchange.started_at, exchange.started_at)
        session.last_at = max(session.last_at or exchange.started_at, exchange.started_at)
        session.title = exchange.session_title or session.title
        if exchange.clues is not None:
            first_words = first_words or exchange.clues.title
            session.cwd = exchange.clues.cwd or session.cwd
            session.git_branch = exchange.clues.git_branch or session.git_branch
        for delegation in exchange.delegations:
            delegations.setdefault(delegation.task, []).append(delegation)
        if exchange.agent_id is not None:
            if exchange.task is not None:
                tasks.setdefault(exchange.agent_id, exchange.task)
            agent = session.agents.get(exchange.agent_id)
            if agent is None:
                agent = session.agents[exchange.agent_id] = AgentSummary(exchange.agent_id)
            agent.parent_agent_id = exchange.parent_agent_id or agent.parent_agent_id
            agent.model = exchange.model_used or exchange.model or agent.model
            agent.totals.add(exchange)
            agent.started_at = min(agent.started_at or exchange.started_at, exchange.started_at)
            agent.last_at = max(agent.last_at or exchange.started_at, exchange.started_at)
        elif exchange.kind is Kind.MESSAGES:
            conversation.append(exchange)
            session.model = exchange.model_used or exchange.model or session.model
    session.title = session.title or first_words
    # The conversation marks what the cache is to keep. The client's side requests, such as one that sums up a page of
    # the web, do not: they have contexts of their own.
    conversation = [exchange for exchange in conversation if exchange.cache_ttls] or conversation
    session.cache = cache_life(conversation)
    session.context = context_fill(conversation)
    _name_agents(session.agents.values(), tasks, delegations)
    return session


def _name_agents(
    agents: Iterable[AgentSummary], tasks: Mapping[str, str], delegations: Mapping[str, list[Delegation]]
) -> None:
    """Give each agent the type and description of the call that set it to work: the one with its task."""
    for agent in agents:
        fitting = delegations.get(tasks.get(agent.agent_id, ""))
        if fitting:
            # Of several with the same task, the first agent is the first call's.
            delegation = fitting.pop(0) if len(fitting) > 1 else fitting[0]
            agent.agent_type, agent.description = delegation.agent_type, delegation.description


def by_session(exchanges: Iterable[Exchange]) -> list[SessionSummary]:
    """Every session among the exchanges, the latest active first."""
    groups: dict[str | None, list[Exchange]] = {}
    for exchange in exchanges:
        groups.setdefault(exchange.session_id, []).append(exchange)
    sessions = [summarize(session_id, group) for session_id, group in groups.items()]
    sessions.sort(key=lambda session: session.last_at.timestamp() if session.last_at else 0.0, reverse=True)
    return sessions
