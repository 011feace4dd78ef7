"""Exchanges summed up by session and agent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from decimal import Decimal

from candela_tui.analysis.cache import CacheLife, cache_life
from candela_tui.analysis.context import ContextFill, context_fill
from candela_tui.exchange import Delegation, Exchange
from candela_tui.protocol.kind import SIDE_KINDS, Kind


@dataclass(slots=True)
class Totals:
    """Sums over exchanges. ``cost_usd`` leaves out what has no price; ``unpriced`` counts those exchanges, and
    ``unread`` those whose answers could not be read in full. The tokens are the providers' top-level counts."""

    requests: int = 0
    live: int = 0
    errors: int = 0
    counted: int = 0
    """Exchanges whose answer told its usage: with none of them the tokens are not 0, but not known."""
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    priced: int = 0
    unpriced: int = 0
    unread: int = 0
    side_requests: int = 0
    """Of the exchanges, those that the client makes beside the conversation."""
    side_cost_usd: Decimal = Decimal(0)
    """Of the cost, what those have cost."""
    saved_usd: Decimal = Decimal(0)
    """What the prompt cache saved, over the priced exchanges."""
    at_least: bool = False
    """Some exchange cost at least what is counted for it, has no price, or was not read in full."""
    counted_otherwise: int = 0
    """Exchanges for which the client counts another amount than the provider bills."""
    client_difference: Decimal = Decimal(0)
    """USD that the client counts more for those than they cost; negative: less."""

    def add(self, exchange: Exchange) -> None:
        """Count one exchange."""
        self.requests += 1
        self.live += exchange.live
        self.errors += exchange.failed
        if exchange.kind in SIDE_KINDS:
            self.side_requests += 1
            self.side_cost_usd += exchange.cost.total if exchange.cost else 0
        usage = exchange.usage
        if usage is not None:
            self.counted += 1
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
        if exchange.client_cost is not None:
            self.counted_otherwise += 1
            self.client_difference += exchange.client_cost - (exchange.cost.total if exchange.cost else 0)
        if exchange.unread is not None:
            self.unread += 1
            self.at_least = True

    def include(self, other: "Totals") -> None:
        """Add the sums over other exchanges."""
        for name in _SUMS:
            mine, more = getattr(self, name), getattr(other, name)
            setattr(self, name, mine or more if isinstance(mine, bool) else mine + more)

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


_BY_CLASS = {"workflow": "workflow"}
"""Types of agents that the client names only by the class of their requests."""
_SUMS = tuple(each.name for each in fields(Totals))


def sum_of(sums: Iterable[Totals]) -> Totals:
    """Return the sums over the exchanges of several sums."""
    every = Totals()
    for totals in sums:
        every.include(totals)
    return every


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
    inferred: bool = False
    """The client named no agent: candela recognised it by its system prompt and task."""
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
    client: str | None = None
    """The program of its conversation, such as ``claude-cli/2.1.332``."""
    inferred: bool = False
    """The client named no session: candela recognised the conversation by its messages."""
    started_at: datetime | None = None
    last_at: datetime | None = None
    cache: CacheLife | None = None
    context: ContextFill | None = None
    totals: Totals = field(default_factory=Totals)
    agents: dict[str, AgentSummary] = field(default_factory=dict)
    """Sub-agents by id, in the order of their first request."""


class Summing:
    """Sums up one session exchange by exchange, which come in the order of their ids."""

    def __init__(self, session_id: str | None) -> None:
        self._session = SessionSummary(session_id)
        self._first_words: str | None = None
        self._conversation: list[Exchange] = []
        self._marked: list[Exchange] = []
        """Those of the conversation that mark what the cache is to keep."""
        self._delegations: dict[str, list[Delegation]] = {}
        self._tasks: dict[str, str] = {}

    def copy(self) -> "Summing":
        """Another that goes on from here."""
        session = self._session
        agents = {agent_id: replace(agent, totals=replace(agent.totals)) for agent_id, agent in session.agents.items()}
        other = Summing(session.session_id)
        other._session = replace(session, totals=replace(session.totals), agents=agents)
        other._first_words = self._first_words
        other._conversation = self._conversation.copy()
        other._marked = self._marked.copy()
        other._delegations = {task: fitting.copy() for task, fitting in self._delegations.items()}
        other._tasks = self._tasks.copy()
        return other

    def add(self, exchange: Exchange) -> None:
        """Count the next exchange."""
        session = self._session
        session.totals.add(exchange)
        session.started_at = min(session.started_at or exchange.started_at, exchange.started_at)
        session.last_at = max(session.last_at or exchange.started_at, exchange.started_at)
        session.title = exchange.session_title or session.title
        if exchange.clues is not None:
            self._first_words = self._first_words or exchange.clues.title
            session.cwd = exchange.clues.cwd or session.cwd
            session.git_branch = exchange.clues.git_branch or session.git_branch
        session.client = exchange.client or session.client
        session.inferred = session.inferred or "session_id" in exchange.inferred
        for delegation in exchange.delegations:
            self._delegations.setdefault(delegation.task, []).append(delegation)
        if exchange.agent_id is not None:
            self._add_to_agent(exchange.agent_id, exchange)
        elif exchange.kind in (Kind.MESSAGES, Kind.COMPACTION):
            self._conversation.append(exchange)
            if exchange.cache_ttls:
                self._marked.append(exchange)
            session.model = exchange.model_used or exchange.model or session.model

    def _add_to_agent(self, agent_id: str, exchange: Exchange) -> None:
        if exchange.task is not None:
            self._tasks.setdefault(agent_id, exchange.task)
        agent = self._session.agents.get(agent_id)
        if agent is None:
            agent = self._session.agents[agent_id] = AgentSummary(agent_id)
        agent.parent_agent_id = exchange.parent_agent_id or agent.parent_agent_id
        agent.model = exchange.model_used or exchange.model or agent.model
        agent.agent_type = exchange.agent_type or agent.agent_type or _BY_CLASS.get(exchange.request_class or "")
        agent.inferred = agent.inferred or "agent_id" in exchange.inferred
        agent.totals.add(exchange)
        agent.started_at = min(agent.started_at or exchange.started_at, exchange.started_at)
        agent.last_at = max(agent.last_at or exchange.started_at, exchange.started_at)

    def finish(self) -> SessionSummary:
        """The sums. Nothing may be added any more; a ``copy`` made before goes on."""
        session = self._session
        session.title = session.title or self._first_words
        # The client's side requests, such as one that sums up a page of the web, mark nothing for the cache: they have
        # contexts of their own.
        conversation = self._marked or self._conversation
        session.cache = cache_life(conversation)
        session.context = context_fill(conversation)
        _name_agents(session.agents.values(), self._tasks, self._delegations)
        return session


def summarize(session_id: str | None, exchanges: Iterable[Exchange]) -> SessionSummary:
    """Sum up the exchanges of one session. They may come in any order."""
    summing = Summing(session_id)
    for exchange in sorted(exchanges, key=lambda exchange: exchange.id):
        summing.add(exchange)
    return summing.finish()


def _name_agents(
    agents: Iterable[AgentSummary], tasks: Mapping[str, str], delegations: Mapping[str, list[Delegation]]
) -> None:
    """Give each agent the type and description of the call that set it to work: the one with its task."""
    for agent in agents:
        fitting = delegations.get(tasks.get(agent.agent_id, ""))
        if fitting:
            # Of several with the same task, the first agent is the first call's.
            delegation = fitting.pop(0) if len(fitting) > 1 else fitting[0]
            # The client's own hint calls every agent of the user's "custom".
            agent.agent_type, agent.description = delegation.agent_type or agent.agent_type, delegation.description


def by_session(exchanges: Iterable[Exchange]) -> list[SessionSummary]:
    """Every session among the exchanges, the latest active first."""
    groups: dict[str | None, list[Exchange]] = {}
    for exchange in exchanges:
        groups.setdefault(exchange.session_id, []).append(exchange)
    sessions = [summarize(session_id, group) for session_id, group in groups.items()]
    sessions.sort(key=lambda session: session.last_at.timestamp() if session.last_at else 0.0, reverse=True)
    return sessions
