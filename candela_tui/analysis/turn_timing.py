"""What the agents of a turn did when: the model's time, the tools', the time spent waiting, and the critical path.

The requests are measured. What an agent did between two of them follows from the client's hint header with the
durations of its tools. They do not include the time in which the user was asked for permission (measured with Claude
Code 2.1.332), so that is the rest. Without the header, the whole gap counts as the tools'. Where the client's telemetry
says when each tool ran and how long it waited for a permission, that is measured. Spans say whether they are inferred.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice, pairwise
from typing import NamedTuple

from candela_tui.analysis.conversation import conversations
from candela_tui.analysis.retries import Call
from candela_tui.analysis.timeline import begin_and_end, busy_seconds
from candela_tui.exchange import Exchange, ToolDuration, ToolRun
from candela_tui.protocol.kind import Kind


class Activity(StrEnum):
    """What an agent did in a span of time."""

    MODEL = "model"
    """Waited for the model's answer."""
    TOOL = "tool"
    """Ran tools."""
    AGENTS = "agents"
    """Ran sub-agents."""
    CHECK = "check"
    """Had auto mode check a tool call."""
    WAITING = "waiting"
    """Waited for a permission, or the client did something else, such as running hooks."""
    RETRY = "retry"
    """Waited before it tried a call again."""
    SIDE = "side"
    """A request outside the conversation, such as one for a title. It delays nothing."""


DELEGATING = frozenset({"Agent", "Task"})
"""The client's tool that starts a sub-agent, and its name in earlier versions."""


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of an agent's time (Unix seconds)."""

    agent_id: str | None
    activity: Activity
    start: float
    end: float
    label: str = ""
    """The tools that ran, or what a request was for."""
    exchange_id: str | None = None
    """The request that it is; None for the time between requests."""
    inferred: bool = False
    """Whether candela worked it out, because nobody measured it."""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.start

    def within(self, start: float, end: float) -> "Span | None":
        """Return the part between two moments, or None if there is none."""
        start, end = max(start, self.start), min(end, self.end)
        if start >= end:
            return None
        return Span(self.agent_id, self.activity, start, end, self.label, self.exchange_id, self.inferred)


class Start(NamedTuple):
    """Where a sub-agent was started."""

    parent_agent_id: str | None
    exchange_id: str | None
    """The exchange whose response called for it; None if unknown."""


@dataclass(slots=True)
class AgentTiming:
    """What one agent did in a turn."""

    agent_id: str | None
    spans: list[Span]
    """In the order of their start. Only requests overlap: side requests, and those that the client sends at once."""

    @property
    def start(self) -> float:
        """When its first request began."""
        return min(span.start for span in self.spans)

    @property
    def end(self) -> float:
        """When its last request ended."""
        return max(span.end for span in self.spans)

    @property
    def wall_s(self) -> float:
        """Seconds from its first request to the end of its last."""
        return self.end - self.start

    @property
    def busy_s(self) -> float:
        """Seconds in which at least one of its requests ran."""
        return busy_seconds((span.start, span.end) for span in self.spans if span.exchange_id is not None)


@dataclass(frozen=True, slots=True)
class TurnTiming:
    """What the agents of a turn did."""

    start: float
    """When its first request of a conversation began (Unix seconds)."""
    end: float
    """When the last of its conversations ended, or now (Unix seconds)."""
    agents: tuple[AgentTiming, ...]
    """The main agent's first, then in the order of their first requests."""
    path: tuple[Span, ...]
    """The critical path: one span after another, each of which waited for the one before it. Together they are as long
    as the turn."""

    @property
    def wall_s(self) -> float:
        """Seconds from the beginning of the turn to its end."""
        return self.end - self.start

    @property
    def spans(self) -> Iterator[Span]:
        """The spans of all agents, one agent after another."""
        return (span for agent in self.agents for span in agent.spans)

    def on_path(self, span: Span) -> bool:
        """Return whether a span, or a part of it, is on the critical path."""
        place = bisect_right(self.path, span.start, key=lambda step: step.end)
        for step in islice(self.path, place, None):
            if step.start >= span.end:
                break
            if (step.agent_id, step.activity) == (span.agent_id, span.activity):
                return True
        return False


def seconds_by_activity(spans: Iterable[Span]) -> dict[Activity, float]:
    """Return how long the spans took together, by what was done."""
    found: dict[Activity, float] = {}
    for span in spans:
        found[span.activity] = found.get(span.activity, 0.0) + span.seconds
    return found


def turn_timing(exchanges: Sequence[Exchange], started: Mapping[str, Start], now: datetime) -> TurnTiming | None:
    """Return what the agents did in a turn with these exchanges, or None if none of them belongs to a conversation.

    ``started`` tells where each sub-agent was started; live requests last until ``now``.
    """
    found, outside = conversations(exchanges)
    lanes = {each.agent_id: _Lane(each.agent_id, each.calls, now) for each in found}
    if not lanes:
        return None
    for call in outside:
        agent_id = call.last.agent_id
        if agent_id in lanes:
            lanes[agent_id].add_outside(call)
    ordered = sorted(lanes.values(), key=lambda lane: (lane.agent_id is not None, lane.start))
    agents = tuple(AgentTiming(lane.agent_id, list(lane.spans())) for lane in ordered)
    start, path = min(lane.start for lane in ordered), _Paths(lanes, started).path()
    return TurnTiming(start, max(lane.end for lane in ordered), agents, tuple(path))


class _Request(NamedTuple):
    exchange: Exchange
    start: float
    end: float
    try_number: int


class _Stretch(NamedTuple):
    """A time of a tool call (Unix seconds)."""

    start: float
    end: float
    tool: str

    def meets(self, start: float, end: float) -> bool:
        """Return whether a part of it is between two moments."""
        return self.start < end and self.end > start


class _Lane:
    """The requests of one agent's conversation, one after another."""

    def __init__(self, agent_id: str | None, calls: Iterable[Call], now: datetime) -> None:
        self.agent_id = agent_id
        self.now = now
        self.requests = sorted(
            (
                _Request(exchange, *begin_and_end(exchange, now), number)
                for call in calls
                for number, exchange in enumerate(call.tries)
            ),
            key=lambda request: request.start,
        )
        self._outside: list[Span] = []

    @property
    def start(self) -> float:
        return self.requests[0].start

    @property
    def end(self) -> float:
        return max(request.end for request in self.requests)

    def add_outside(self, call: Call) -> None:
        """Add a request outside the conversation."""
        for exchange in call.tries:
            activity = Activity.CHECK if exchange.kind is Kind.CLASSIFIER else Activity.SIDE
            start, end = begin_and_end(exchange, self.now)
            self._outside.append(Span(self.agent_id, activity, start, end, exchange.kind.value, exchange.id))

    def spans(self) -> Iterator[Span]:
        """Yield everything that the agent did, in the order of time, and side requests at their beginning."""
        spans = [*self._outside]
        for place, request in enumerate(self.requests):
            spans += self.gap(place)
            spans.append(self.span(request))
        yield from sorted(spans, key=lambda span: (span.start, span.end))

    def span(self, request: _Request) -> Span:
        exchange = request.exchange
        label = "" if exchange.kind is Kind.MESSAGES else exchange.kind.value
        return Span(self.agent_id, Activity.MODEL, request.start, request.end, label, exchange.id)

    def gap(self, place: int) -> list[Span]:
        """Return what the agent did between a request and the one before it."""
        if place == 0:
            return []
        before, after = self.requests[place - 1], self.requests[place]
        if after.start <= before.end:
            return []
        if after.try_number:
            return [Span(self.agent_id, Activity.RETRY, before.end, after.start, inferred=True)]
        called = before.exchange.tools_called
        if before.exchange.stop_reason != "tool_use" or not called:
            return list(self._waiting(before.end, after.start))
        if (measured := _measured(before.exchange, before.end, after.start)) is not None:
            return list(self._as_measured(measured, before.end, after.start))
        durations = after.exchange.tool_durations
        if not durations:
            return [self._tools(called, before.end, after.start, inferred=True)]
        took = min(_took(durations, after.start - before.end), after.start - before.end)
        begin = after.start - took
        tools = self._tools([each.tool for each in durations], begin, after.start, inferred=len(durations) > 1)
        return [*self._waiting(before.end, begin), *([tools] if took else [])]

    def _as_measured(self, runs: Sequence[ToolRun], start: float, end: float) -> Iterator[Span]:
        """Yield what the client measured between two moments: a tool's time wins over a wait, and what is left over is
        the client's own."""
        ran = [
            _Stretch(run.ended_at - run.ran_ms / 1000, run.ended_at, run.tool)
            for run in runs
            if run.ended_at is not None and run.ran_ms is not None
        ]
        waits = [
            _Stretch(run.decided_at - run.waited_ms / 1000, run.decided_at, run.tool)
            for run in runs
            if run.decided_at is not None and run.waited_ms is not None
        ]
        edges = (edge for stretch in (*ran, *waits) for edge in (stretch.start, stretch.end))
        moments = sorted({start, end, *(min(max(edge, start), end) for edge in edges)})
        pieces: list[tuple[float, float, Activity, bool]] = []
        for one, other in pairwise(moments):
            if any(stretch.meets(one, other) for stretch in ran):
                kind, inferred = Activity.TOOL, False
            else:
                kind, inferred = Activity.WAITING, not any(stretch.meets(one, other) for stretch in waits)
            if pieces and pieces[-1][2:] == (kind, inferred):
                pieces[-1] = (pieces[-1][0], other, kind, inferred)
            else:
                pieces.append((one, other, kind, inferred))
        for one, other, kind, inferred in pieces:
            if kind is Activity.TOOL:
                names = [stretch.tool for stretch in ran if stretch.meets(one, other)]
                yield self._tools(names, one, other, inferred=False)
            elif inferred:
                yield from self._waiting(one, other)
            else:
                yield Span(self.agent_id, kind, one, other)

    def _tools(self, names: Iterable[str], start: float, end: float, *, inferred: bool) -> Span:
        names = list(names)
        activity = Activity.AGENTS if DELEGATING.issuperset(names) else Activity.TOOL
        return Span(self.agent_id, activity, start, end, _counted(names), inferred=inferred)

    def _waiting(self, start: float, end: float) -> Iterator[Span]:
        """Yield the time between two moments in which neither the model nor a tool worked."""
        at = start
        checks = sorted(
            (span for span in self._outside if span.activity is Activity.CHECK), key=lambda span: span.start
        )
        for check in checks:
            part = check.within(at, end)
            if part is not None:
                if part.start > at:
                    yield Span(self.agent_id, Activity.WAITING, at, part.start, inferred=True)
                at = part.end
        if end > at:
            yield Span(self.agent_id, Activity.WAITING, at, end, inferred=True)


def _measured(exchange: Exchange, start: float, end: float) -> Sequence[ToolRun] | None:
    """Return the tool calls of an answer if the client measured all of them, between two moments. Otherwise None."""
    runs = exchange.tool_runs
    if not {run.tool for run in runs}.issuperset(exchange.tools_called):
        return None
    for run in runs:
        if run.decision == "reject":
            continue
        if run.ended_at is None or run.ran_ms is None or not start - _CLOCKS_S <= run.ended_at <= end + _CLOCKS_S:
            return None
    return runs


_CLOCKS_S = 1.0
"""Seconds by which the client's times may be off, which have milliseconds and are noted a moment later."""


def _took(durations: Sequence[ToolDuration], gap_s: float) -> float:
    """Return the seconds in which at least one tool ran: one after another if the gap has room for that, otherwise at
    least as long as the longest."""
    seconds = [each.milliseconds / 1000 for each in durations]
    return sum(seconds) if sum(seconds) <= gap_s else max(seconds)


def _counted(names: Iterable[str]) -> str:
    """Return tools with how often each ran: ``Bash, Read ×3``."""
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(name if count == 1 else f"{name} ×{count}" for name, count in counts.items())


class _Paths:
    """Walks back from the end of a turn along what the next step waited for."""

    def __init__(self, lanes: Mapping[str | None, _Lane], started: Mapping[str, Start]) -> None:
        self._lanes = lanes
        self._children: dict[str | None, list[_Lane]] = {}
        self._started = started
        for agent_id, lane in lanes.items():
            if agent_id is not None:
                self._children.setdefault(self._parent(agent_id), []).append(lane)

    def path(self) -> list[Span]:
        """Return the critical path, earliest first."""
        last = max(self._lanes.values(), key=lambda lane: lane.end)
        steps = list(self._back(last, last.end))
        lane, seen = last, {last.agent_id}
        while lane.agent_id is not None and (parent := self._lanes.get(self._parent(lane.agent_id))) is not None:
            if parent.agent_id in seen or parent.start >= lane.start:
                break
            seen.add(parent.agent_id)
            # An agent in the background: before it, its parent worked up to the call that started it.
            called_at = self._called_at(lane, parent)
            if called_at < lane.start:
                steps.append(Span(parent.agent_id, Activity.WAITING, called_at, lane.start, inferred=True))
            steps += self._back(parent, min(called_at, lane.start))
            lane = parent
        return steps[::-1]

    def _parent(self, agent_id: str) -> str | None:
        start = self._started.get(agent_id)
        parent = start.parent_agent_id if start is not None else None
        return parent if parent in self._lanes and parent != agent_id else None

    def _called_at(self, lane: _Lane, parent: _Lane) -> float:
        """Return when the answer ended that started an agent, or the parent's last one before the agent began."""
        start = self._started.get(lane.agent_id or "")
        ends = [each.end for each in parent.requests if start is not None and each.exchange.id == start.exchange_id]
        ends = ends or [each.end for each in parent.requests if each.end <= lane.start]
        return min(max(ends, default=parent.start), lane.start)

    def _back(self, lane: _Lane, until: float) -> Iterator[Span]:
        """Yield the steps of an agent before a moment, the latest first."""
        for place in range(len(lane.requests) - 1, -1, -1):
            request = lane.requests[place]
            if request.start >= until:
                continue
            part = lane.span(request).within(lane.start, until)
            if part is not None:
                yield part
            until = request.start
            if place:
                yield from self._back_through_gap(lane, place, until)

    def _back_through_gap(self, lane: _Lane, place: int, until: float) -> Iterator[Span]:
        """Yield the steps between two requests of an agent, the latest first: those of the sub-agents that it waited
        for, or its own."""
        begin = lane.requests[place - 1].end
        own = lane.gap(place)
        while until > begin:
            inside = [
                child for child in self._children.get(lane.agent_id, ()) if begin <= child.start and child.end <= until
            ]
            child = max(inside, key=lambda child: child.end, default=None)
            if child is None or child.end <= child.start:
                break
            yield from _parts(own, child.end, until)
            yield from self._back(child, child.end)
            until = child.start
        yield from _parts(own, begin, until)


def _parts(spans: Sequence[Span], start: float, end: float) -> Iterator[Span]:
    """Yield the parts of spans between two moments, the latest first."""
    for span in reversed(spans):
        part = span.within(start, end)
        if part is not None:
            yield part
