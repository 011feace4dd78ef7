"""The turns of the user in a session: everything that was requested because of one prompt.

Claude Code states the turn of a request in a hint header. Where it does not, a turn begins with the main agent's first
request after an answer that ended the previous turn.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from candela_tui.analysis.conversation import CONTINUING
from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.kind import Kind

_GOES_ON = frozenset({"tool_use", "pause_turn", "max_tokens"})
"""Stop reasons after which the client sends the next request without waiting for the user."""


@dataclass(slots=True)
class UserTurn:
    """The exchanges of one turn, of all agents."""

    number: int
    """Counts the turns of the session, from 1."""
    prompt_id: str | None = None
    """The client's id of the prompt; None if it states none: then candela inferred where the turn begins."""
    exchanges: list[Exchange] = field(default_factory=list)
    """In the order of their ids, at least one."""

    @property
    def inferred(self) -> bool:
        """Whether the client does not state the turn."""
        return self.prompt_id is None


def user_turns(exchanges: Iterable[Exchange]) -> list[UserTurn]:
    """Split the exchanges of one session, in any order, into turns. Each exchange is in exactly one of them.

    A sub-agent belongs to the turn in which it began, also where it runs in the background while later turns begin.
    """
    splitter = TurnSplitter()
    for exchange in sorted(exchanges, key=lambda exchange: exchange.id):
        splitter.add(exchange)
    return splitter.turns


def turn_with(turns: Iterable[UserTurn], exchange_id: str) -> UserTurn | None:
    """Return the turn that an exchange belongs to."""
    return next((turn for turn in turns if any(each.id == exchange_id for each in turn.exchanges)), None)


class TurnSplitter:
    """Splits the exchanges of one session into turns, one exchange at a time, in the order of their ids."""

    def __init__(self) -> None:
        self.turns: list[UserTurn] = []
        self._stated: dict[str, UserTurn] = {}
        self._of_agent: dict[str, UserTurn] = {}
        self._now: UserTurn | None = None
        """The turn that the main agent works on."""
        self._last: Exchange | None = None
        """The main agent's last request of the conversation, other than compactions."""
        self._ended = True
        """Whether the main agent's next request begins a turn, unless it states otherwise."""

    def add(self, exchange: Exchange) -> UserTurn:
        """Add the next exchange to its turn, and return that."""
        turn = self._turn_of(exchange)
        turn.exchanges.append(exchange)
        return turn

    def _turn_of(self, exchange: Exchange) -> UserTurn:
        main = exchange.agent_id is None
        if exchange.prompt_id is not None:
            turn = self._stated.get(exchange.prompt_id) or self._begin_stated(exchange.prompt_id)
            if main:
                self._now = turn
        elif exchange.agent_id is not None:
            turn = self._of_agent.get(exchange.agent_id) or self._now or self._begin()
            self._of_agent[exchange.agent_id] = turn
        elif self._now is None or (exchange.kind in CONTINUING and self._begins(exchange)):
            turn = self._now = self._begin()
        else:
            turn = self._now
        if main and exchange.kind is Kind.MESSAGES:
            self._last, self._ended = exchange, _ends(exchange)
        return turn

    def _begin(self, prompt_id: str | None = None) -> UserTurn:
        turn = UserTurn(len(self.turns) + 1, prompt_id)
        self.turns.append(turn)
        return turn

    def _begin_stated(self, prompt_id: str) -> UserTurn:
        if self._now is not None and self._last is None and self._now.inferred:
            # So far it has only side requests, which belong to the first prompt.
            turn = self._now
            turn.prompt_id = prompt_id
        else:
            turn = self._begin(prompt_id)
        self._stated[prompt_id] = turn
        return turn

    def _begins(self, exchange: Exchange) -> bool:
        last = self._last
        if last is None:
            # Only side requests came before, such as one for a title.
            return False
        # A try of the same call, whatever became of the one before.
        return self._ended and (exchange.asked is None or exchange.asked != last.asked)


def _ends(exchange: Exchange) -> bool:
    if exchange.live:
        return False
    return exchange.outcome is not Outcome.OK or exchange.stop_reason not in _GOES_ON
