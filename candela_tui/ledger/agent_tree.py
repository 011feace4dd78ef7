"""The agents of a session as a tree, with what each cost and how its time went, and the turns of the user."""

from collections.abc import Collection, Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from candela_tui.analysis.context import ContextFill, context_fill
from candela_tui.analysis.conversation import CONTINUING
from candela_tui.analysis.timeline import begin_and_end, busy_seconds
from candela_tui.analysis.turn_timing import Activity, Start, TurnTiming, seconds_by_activity, turn_timing
from candela_tui.analysis.user_turns import UserTurn, user_turns
from candela_tui.exchange import Exchange, Outcome
from candela_tui.ledger.names import agent_names
from candela_tui.ledger.sessions import AgentSummary, SessionSummary, summarize
from candela_tui.ledger.totals import Totals
from candela_tui.protocol.kind import Kind

MAIN = "main"
_LONGEST_STEM = 8
"""Cells of the branches before a sub-agent. Deeper ones stand at the same place."""


@dataclass(slots=True)
class AgentNode:
    """One agent of a session; all figures are its own, without those of its sub-agents."""

    agent_id: str | None
    """None for the main agent."""
    name: str
    stem: str
    """The branches of the tree before its name, such as ``│ └``; empty for the main agent."""
    totals: Totals
    summary: AgentSummary | None = None
    """What is known of a sub-agent; None for the main agent."""
    model: str | None = None
    context: ContextFill | None = None
    compactions: int = 0
    started_at: float = 0.0
    """When its first request began (Unix seconds)."""
    ended_at: float = 0.0
    """When its last request ended, or now (Unix seconds)."""
    wall_s: float = 0.0
    """Seconds from the first request to the end of the last in each turn, without the time between turns."""
    busy_s: float = 0.0
    """Seconds in which at least one of its requests ran."""
    activities: dict[Activity, float] | None = None
    """Seconds by what it did; None if it has no requests of a conversation."""


@dataclass(frozen=True, slots=True)
class TimedTurn:
    """One turn of the user, with its sums and its time."""

    turn: UserTurn
    totals: Totals
    agents: int
    """The number of agents that have requests in it."""
    timing: TurnTiming | None
    """None if it has no requests of a conversation."""


@dataclass(frozen=True, slots=True)
class AgentTree:
    """The agents and turns of a session."""

    session: SessionSummary
    agents: tuple[AgentNode, ...]
    """In the order of the tree: an agent, its sub-agents with theirs, and then the next agent."""
    turns: tuple[TimedTurn, ...]


def agent_tree(session_id: str | None, exchanges: Iterable[Exchange], now: datetime) -> AgentTree:
    """Return the tree of a session. ``exchanges`` are all of its requests, in any order; live ones last until ``now``.

    The sums of the agents, and those of the turns, add up to the session's.
    """
    listed = sorted(exchanges, key=lambda exchange: exchange.id)
    session = summarize(session_id, listed)
    turns = tuple(timed_turn(turn, session, now) for turn in user_turns(listed))
    return AgentTree(session, agent_nodes(session, listed, [turn.timing for turn in turns], now), turns)


def timed_turn(turn: UserTurn, session: SessionSummary, now: datetime) -> TimedTurn:
    """Return a turn with its sums and its time."""
    totals = Totals()
    for exchange in turn.exchanges:
        totals.add(exchange)
    started = {agent.agent_id: Start(agent.parent_agent_id, agent.started_by) for agent in session.agents.values()}
    agents = len({exchange.agent_id for exchange in turn.exchanges})
    return TimedTurn(turn, totals, agents, turn_timing(turn.exchanges, started, now))


def agent_nodes(
    session: SessionSummary, exchanges: Iterable[Exchange], timings: Iterable[TurnTiming | None], now: datetime
) -> tuple[AgentNode, ...]:
    """Return the agents with requests among some of a session, in the order of the tree, and what those add up to.

    ``timings`` are those of the turns of these requests.
    """
    by_agent: dict[str | None, list[Exchange]] = {}
    for exchange in exchanges:
        by_agent.setdefault(exchange.agent_id, []).append(exchange)
    nodes = {node.agent_id: node for node in _nodes(session, by_agent)}
    for agent_id, of_agent in by_agent.items():
        _sum_up(nodes[agent_id], of_agent, now)
    for timing in timings:
        for agent in timing.agents if timing is not None else ():
            node = nodes[agent.agent_id]
            node.wall_s += agent.wall_s
            node.activities = node.activities or {}
            for activity, seconds in seconds_by_activity(agent.spans).items():
                node.activities[activity] = node.activities.get(activity, 0.0) + seconds
    return tuple(nodes.values())


def branches(agents: Collection[AgentSummary]) -> Iterator[tuple[AgentSummary, str]]:
    """Yield sub-agents in the order of the tree, each with the branches before it, such as ``│ └``."""
    ids = {agent.agent_id for agent in agents}
    below: dict[str | None, list[AgentSummary]] = {}
    for agent in agents:
        parent = agent.parent_agent_id
        below.setdefault(parent if parent in ids and parent != agent.agent_id else None, []).append(agent)
    seen: set[str] = set()

    def walk(siblings: list[AgentSummary], stem: str) -> Iterator[tuple[AgentSummary, str]]:
        for agent in siblings:
            if agent.agent_id in seen:
                continue
            seen.add(agent.agent_id)
            last = agent is siblings[-1]
            yield agent, stem + ("└" if last else "├")
            deeper = stem + ("  " if last else "│ ")
            yield from walk(below.get(agent.agent_id, []), deeper if len(deeper) <= _LONGEST_STEM else stem)

    yield from walk(below.get(None, []), "")
    # Agents that each name another one as the one that started them.
    yield from walk([agent for agent in agents if agent.agent_id not in seen], "")


def _nodes(session: SessionSummary, wanted: Container[str | None]) -> Iterator[AgentNode]:
    names = agent_names(session)
    if None in wanted:
        yield AgentNode(None, MAIN, "", Totals(), model=session.model)
    for agent, stem in branches([agent for agent in session.agents.values() if agent.agent_id in wanted]):
        yield AgentNode(agent.agent_id, names[agent.agent_id], stem, Totals(), agent, agent.model)


def _sum_up(node: AgentNode, exchanges: list[Exchange], now: datetime) -> None:
    spans = [begin_and_end(exchange, now) for exchange in exchanges]
    node.started_at, node.ended_at = min(start for start, _ in spans), max(end for _, end in spans)
    node.busy_s = busy_seconds(spans)
    for exchange in exchanges:
        node.totals.add(exchange)
    node.compactions = sum(each.kind is Kind.COMPACTION and each.outcome is Outcome.OK for each in exchanges)
    conversation = [each for each in exchanges if each.kind in CONTINUING]
    node.context = context_fill([each for each in conversation if each.cache_ttls] or conversation)
