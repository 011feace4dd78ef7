"""The turns and tool calls of sessions, from exchanges in the order in which they end."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from candela_tui.analysis.conversation import CONTINUING
from candela_tui.analysis.user_turns import TurnSplitter, UserTurn
from candela_tui.exchange import Exchange, ToolDuration
from candela_tui.protocol.kind import Kind

_MOST_SESSIONS: Final = 500
"""Sessions that are remembered. One that is forgotten is read from the store again."""
_MOST_AGENTS: Final = 100
"""Agents of a session whose tool calls wait for the next request."""
TURN_PATIENCE_S: Final = 60.0
"""Seconds without a request after which a turn is taken to be over."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call in an answer."""

    id: str
    """The id that the provider gave it, or its number in the answer."""
    tool: str
    arguments: str | None = None
    """JSON; None if content is not sent."""


@dataclass(frozen=True, slots=True)
class CalledTool:
    """A tool call with its time, as far as it is known."""

    exchange: Exchange
    """The one whose answer calls the tool."""
    call: ToolCall
    start: float
    """Unix seconds."""
    end: float
    measured: bool
    """Whether the client measured how long it took. Otherwise it is all the time between the two requests."""
    result: str | None = None


@dataclass(slots=True)
class TurnSpan:
    """A turn of the user, as far as it has gone."""

    session_id: str
    key: str
    """The id of its first exchange."""
    number: int
    prompt_id: str | None
    start: float
    end: float
    """Unix seconds."""
    requests: int = 0
    usd: Decimal = Decimal(0)
    sent: bool = False
    joined: bool = False
    """Whether its requests are in the client's own trace, which has a span for the turn."""


@dataclass(slots=True)
class _Pending:
    exchange: Exchange
    calls: Sequence[ToolCall]


@dataclass(slots=True)
class _Session:
    splitter: TurnSplitter = field(default_factory=TurnSplitter)
    turns: dict[int, TurnSpan] = field(default_factory=dict)
    """By the number of the turn."""
    pending: OrderedDict[str | None, _Pending] = field(default_factory=OrderedDict)
    known: bool = False
    """Whether its span was sent, or counts as sent."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an exchange belongs, and what it completes."""

    turn: TurnSpan
    session_is_new: bool
    ended: tuple[TurnSpan, ...]
    """Turns that are over."""
    tools: tuple[CalledTool, ...]
    """Tool calls that ran before it."""


class SessionSpans:
    """Follows the sessions. Not for several threads."""

    def __init__(self, earlier: Callable[[str], Sequence[Exchange]]) -> None:
        """``earlier`` returns a session's exchanges from before this process. Their turns count as sent."""
        self._earlier = earlier
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    def place(
        self, exchange: Exchange, calls: Sequence[ToolCall], results: Callable[[str], str | None], *, joined: bool
    ) -> Placed | None:
        """Add an exchange that ended, with the tool calls in its answer; None if it has no session.

        ``results`` returns the result of a call that the request has. ``joined`` is whether it is in the client's own
        trace.
        """
        if exchange.session_id is None:
            return None
        session = self._session(exchange.session_id)
        is_new, session.known = not session.known, True
        turn = self._add(session, exchange)
        turn.joined |= joined
        tools = self._tools(session, exchange, calls, results)
        over = [one for one in session.turns.values() if one.number < turn.number and not one.sent]
        for one in over:
            one.sent = True
        return Placed(turn, is_new, tuple(over), tuple(tools))

    def over(self, now: float) -> Iterator[TurnSpan]:
        """Yield the turns in which nothing has happened for a while (``now`` in Unix seconds)."""
        yield from self._taken(lambda turn: now - turn.end >= TURN_PATIENCE_S)

    def all(self) -> Iterator[TurnSpan]:
        """Yield the turns that were not sent."""
        yield from self._taken(lambda _: True)

    def _taken(self, wanted: Callable[[TurnSpan], bool]) -> Iterator[TurnSpan]:
        for session in self._sessions.values():
            for turn in session.turns.values():
                if not turn.sent and wanted(turn):
                    turn.sent = True
                    yield turn

    def _session(self, session_id: str) -> _Session:
        session = self._sessions.get(session_id)
        if session is None:
            session = _Session()
            for exchange in sorted(self._earlier(session_id), key=_ended_at):
                session.known = True
                self._add(session, exchange).sent = True
            self._sessions[session_id] = session
            if len(self._sessions) > _MOST_SESSIONS:
                self._forget()
        self._sessions.move_to_end(session_id)
        return session

    def _forget(self) -> None:
        """Forget the session that has been idle for the longest, if none of its turns waits to be sent."""
        oldest = next(iter(self._sessions))
        if all(turn.sent for turn in self._sessions[oldest].turns.values()):
            del self._sessions[oldest]

    def _add(self, session: _Session, exchange: Exchange) -> TurnSpan:
        found: UserTurn = session.splitter.add(exchange)
        # The splitter needs none of them again.
        found.exchanges.clear()
        start, end = exchange.started_at.timestamp(), _ended_at(exchange)
        turn = session.turns.get(found.number)
        if turn is None:
            turn = TurnSpan(exchange.session_id or "", exchange.id, found.number, found.prompt_id, start, end)
            session.turns = {each.number: each for each in session.turns.values() if not each.sent}
            session.turns[found.number] = turn
        turn.start, turn.end = min(turn.start, start), max(turn.end, end)
        turn.prompt_id = found.prompt_id
        turn.requests += 1
        turn.usd += exchange.cost.total if exchange.cost is not None else 0
        return turn

    def _tools(
        self, session: _Session, exchange: Exchange, calls: Sequence[ToolCall], results: Callable[[str], str | None]
    ) -> Iterator[CalledTool]:
        if exchange.kind not in CONTINUING:
            return
        pending = session.pending.pop(exchange.agent_id, None)
        if calls and exchange.kind is Kind.MESSAGES:
            session.pending[exchange.agent_id] = _Pending(exchange, calls)
            if len(session.pending) > _MOST_AGENTS:
                session.pending.popitem(last=False)
        if pending is not None:
            yield from _timed(pending, exchange, results)


def _timed(pending: _Pending, after: Exchange, results: Callable[[str], str | None]) -> Iterator[CalledTool]:
    """Yield the calls of an answer with their times, given the next request of the same agent."""
    begin, end = _ended_at(pending.exchange), after.started_at.timestamp()
    if end < begin:
        return
    durations = list(after.tool_durations)
    for call in pending.calls:
        took = _taken_from(durations, call.tool)
        start = max(begin, end - took / 1000) if took is not None else begin
        yield CalledTool(pending.exchange, call, start, end, took is not None, results(call.id))


def _taken_from(durations: list[ToolDuration], tool: str) -> int | None:
    """Remove the first duration of a tool, and return its milliseconds."""
    found = next((each for each in durations if each.tool == tool), None)
    if found is None:
        return None
    durations.remove(found)
    return found.milliseconds


def _ended_at(exchange: Exchange) -> float:
    return exchange.started_at.timestamp() + (exchange.duration_ms or 0) / 1000
