"""The rows of the sessions: which are shown, in which order, and which show their sub-agents."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from candela_tui.analysis.names import session_title
from candela_tui.analysis.sessions import SessionSummary
from candela_tui.ui.dashboard.choice import Choice
from candela_tui.ui.dashboard.session_facts import recent
from candela_tui.ui.dashboard.session_rows import AgentRow, SessionRow, agent_rows, all_tokens


class Order(NamedTuple):
    """A way to order sessions, the highest first."""

    word: str
    rank: Callable[[SessionSummary], float]


ORDERS: Mapping[str, Order] = {
    "activity": Order("latest", lambda session: session.last_at.timestamp() if session.last_at else 0.0),
    "cost": Order("cost", lambda session: float(session.totals.cost_usd) if session.totals.priced else -1.0),
    "tokens": Order("tokens", lambda session: all_tokens(session.totals)),
}
"""By the name under which the choice is remembered; the first is the default."""


def order_name(name: str | None) -> str:
    """The name of an order; the default's where there is none of that name."""
    return name if name is not None and name in ORDERS else next(iter(ORDERS))


def next_order(name: str) -> str:
    """The one after it, round and round."""
    names = list(ORDERS)
    return names[(names.index(name) + 1) % len(names)]


def ordered(sessions: Sequence[SessionSummary], name: str, *, reverse: bool) -> list[SessionSummary]:
    """The sessions in that order; those that are equal stay as they were."""
    sign = 1 if reverse else -1
    return sorted(sessions, key=lambda session: sign * ORDERS[name].rank(session))


def matching(sessions: Sequence[SessionSummary], text: str) -> list[SessionSummary]:
    """The sessions that have every word of a text in their title, directory, branch, model or id."""
    wanted = text.casefold().split()
    return [session for session in sessions if all(word in _searched(session) for word in wanted)]


def _searched(session: SessionSummary) -> str:
    parts = (session_title(session), session.cwd, session.git_branch, session.model, session.session_id)
    return "\n".join(part for part in parts if part).casefold()


@dataclass(slots=True)
class Folds:
    """Which sessions hide their sub-agents: those that rested for long, unless their user said otherwise."""

    by_hand: dict[str | None, bool] = field(default_factory=dict)
    rest: bool | None = None
    """What holds for all other sessions; None: as recent as they are."""

    def folded(self, session: SessionSummary, now: datetime, chosen: Choice | None = None) -> bool:
        """Whether a session hides its sub-agents. That of a chosen sub-agent does so only if its user said so."""
        if not session.agents:
            return False
        by_hand = self.by_hand.get(session.session_id, self.rest)
        if by_hand is not None:
            return by_hand
        within = chosen is not None and chosen.agent_id is not None and chosen.session_id == session.session_id
        return not within and not recent(session, now)

    def set(self, session_id: str | None, folded: bool) -> None:
        """Fold or unfold one session."""
        self.by_hand[session_id] = folded

    def set_all(self, folded: bool) -> None:
        """Fold or unfold all, also those that are still to come."""
        self.by_hand.clear()
        self.rest = folded


class Look(NamedTuple):
    """How the rows are drawn."""

    compact: bool = False
    by_tokens: bool = False


class SessionTree:
    """Makes the rows, and keeps those of sessions that did not change."""

    def __init__(self) -> None:
        self.folds = Folds()
        self._made: dict[str | None, tuple[SessionSummary, bool, Look, tuple[SessionRow | AgentRow, ...]]] = {}

    def rows(
        self, sessions: Sequence[SessionSummary], now: datetime, look: Look, *, chosen: Choice | None, anew: bool
    ) -> list[SessionRow | AgentRow]:
        """The rows of all sessions, each with its sub-agents below it unless it is folded. With ``anew`` also what
        they say of the time is as of now."""
        if anew:
            self._made.clear()
        rows: list[SessionRow | AgentRow] = []
        for session in sessions:
            folded = self.folds.folded(session, now, chosen)
            made = self._made.get(session.session_id)
            if made is None or made[0] is not session or made[1:3] != (folded, look):
                made = session, folded, look, tuple(session_rows(session, now, look, folded=folded))
                self._made[session.session_id] = made
            rows += made[3]
        return rows


def session_rows(
    session: SessionSummary, now: datetime, look: Look, *, folded: bool
) -> Iterator[SessionRow | AgentRow]:
    """The row of a session, and those of its sub-agents."""
    yield SessionRow.of(session, now, folded=folded, compact=look.compact, by_tokens=look.by_tokens)
    if not folded:
        yield from agent_rows(session)
