"""The running sums of one session, and its facts for a list of sessions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from candela_tui.exchange import Continued, Exchange
from candela_tui.ledger.totals import Totals
from candela_tui.protocol.claude_code.session_clues import SessionClues


@dataclass(frozen=True, slots=True)
class SessionTotals:
    """One session in a list. ``session_id`` None is the group of requests without a session."""

    session_id: str | None
    title: str | None
    client: str | None
    """The client program of its conversation, such as ``claude-cli/2.1.332``."""
    cwd: str | None
    git_branch: str | None
    started_at: datetime | None
    last_at: datetime | None
    continues: Continued | None
    """The other session that it continues, if any."""
    agents: int
    """The number of its sub-agents."""
    totals: Totals


class SessionFacts(NamedTuple):
    """What the requests of a session state about it; None: not stated."""

    title: str | None = None
    cwd: str | None = None
    """The directory in which it works."""
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class _Stated:
    """A fact and the id of the exchange that states it."""

    id: str
    value: str


class SessionSums:
    """Sums over the exchanges of one session, which may come in any order.

    Sums follow each change. Facts only accumulate: of several titles, the one of the latest exchange is used.
    """

    def __init__(self, session_id: str | None) -> None:
        self.session_id = session_id
        self.totals = Totals()
        self.agents: dict[str, Totals] = {}
        """Sums of each sub-agent, by its id."""
        self.started_at: datetime | None = None
        self.last_at: datetime | None = None
        self._title: _Stated | None = None
        self._first_words: _Stated | None = None
        self._cwd: _Stated | None = None
        self._git_branch: _Stated | None = None
        self._client: _Stated | None = None
        self._continues: tuple[str, Continued] | None = None
        """The first exchange that says what the session continues, and that."""

    def copy(self) -> "SessionSums":
        """Return a copy that does not change with this object."""
        other = SessionSums(self.session_id)
        other.totals = self.totals.copy()
        other.agents = {agent_id: totals.copy() for agent_id, totals in self.agents.items()}
        other.started_at, other.last_at = self.started_at, self.last_at
        other._title, other._first_words = self._title, self._first_words
        other._cwd, other._git_branch, other._client = self._cwd, self._git_branch, self._client
        other._continues = self._continues
        return other

    def add(self, exchange: Exchange) -> None:
        """Count one exchange and record the facts that it states."""
        self.totals.add(exchange)
        if exchange.agent_id is not None:
            self.agent(exchange.agent_id).add(exchange)
        self.span(exchange.started_at, exchange.started_at)
        self.learn(exchange.id, exchange.session_title, exchange.clues, exchange.client, exchange.continues)

    def remove(self, exchange: Exchange) -> None:
        """Subtract an exchange that was added from the sums."""
        self.totals.remove(exchange)
        if exchange.agent_id is not None:
            agent = self.agent(exchange.agent_id)
            agent.remove(exchange)
            if not agent.requests:
                del self.agents[exchange.agent_id]

    def agent(self, agent_id: str) -> Totals:
        """Return the running sums of a sub-agent."""
        totals = self.agents.get(agent_id)
        if totals is None:
            totals = self.agents[agent_id] = Totals()
        return totals

    def span(self, first: datetime, last: datetime) -> None:
        """Extend the session's time span to include a first and a last exchange."""
        self.started_at = min(self.started_at or first, first)
        self.last_at = max(self.last_at or last, last)

    def learn(
        self,
        exchange_id: str,
        title: str | None,
        clues: SessionClues | None,
        client: str | None,
        continues: Continued | None = None,
    ) -> None:
        """Record the facts that an exchange states."""
        self._continue(exchange_id, continues)
        self._title = _latest(self._title, exchange_id, title)
        self._client = _latest(self._client, exchange_id, client)
        if clues is not None:
            self._cwd = _latest(self._cwd, exchange_id, clues.cwd)
            self._git_branch = _latest(self._git_branch, exchange_id, clues.git_branch)
            first = self._first_words
            if clues.title and (first is None or exchange_id <= first.id):
                self._first_words = _Stated(exchange_id, clues.title)

    def _continue(self, exchange_id: str, continues: Continued | None) -> None:
        if continues is not None and (self._continues is None or exchange_id <= self._continues[0]):
            self._continues = exchange_id, continues

    def include(self, other: "SessionSums") -> None:
        """Add the sums and facts of other exchanges of the session."""
        self.totals.include(other.totals)
        for agent_id, totals in other.agents.items():
            self.agent(agent_id).include(totals)
        if other.started_at is not None and other.last_at is not None:
            self.span(other.started_at, other.last_at)
        self._title = _later(self._title, other._title)
        self._cwd = _later(self._cwd, other._cwd)
        self._git_branch = _later(self._git_branch, other._git_branch)
        self._client = _later(self._client, other._client)
        if other._continues is not None:
            self._continue(*other._continues)
        words = [each for each in (self._first_words, other._first_words) if each is not None]
        self._first_words = min(words, key=lambda each: each.id, default=None)

    @property
    def cwd(self) -> str | None:
        """The directory in which the session works, which is its project."""
        return self._cwd.value if self._cwd else None

    @property
    def facts(self) -> SessionFacts:
        """What is known of the session itself."""
        return SessionFacts(self.title, self.cwd, self._git_branch.value if self._git_branch else None)

    @property
    def title(self) -> str | None:
        """The session's title, or the user's first words."""
        title = self._title or self._first_words
        return title.value if title else None

    def snapshot(self) -> SessionTotals:
        """Return the session's current state for a list."""
        return SessionTotals(
            session_id=self.session_id,
            title=self.title,
            client=self._client.value if self._client else None,
            cwd=self.cwd,
            git_branch=self._git_branch.value if self._git_branch else None,
            started_at=self.started_at,
            last_at=self.last_at,
            continues=self._continues[1] if self._continues else None,
            agents=len(self.agents),
            totals=self.totals.copy(),
        )


def continuations(sessions: Iterable[SessionTotals], session_id: str | None) -> list[SessionTotals]:
    """Return the sessions that continue a session, the earliest first."""
    found = [each for each in sessions if each.continues is not None and each.continues.session_id == session_id]
    return sorted(found, key=lambda each: each.started_at.timestamp() if each.started_at else 0.0)


def _latest(known: _Stated | None, exchange_id: str, value: str | None) -> _Stated | None:
    if not value or (known is not None and exchange_id < known.id):
        return known
    return _Stated(exchange_id, value)


def _later(one: _Stated | None, other: _Stated | None) -> _Stated | None:
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda each: each.id)
