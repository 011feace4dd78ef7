"""The rows of the sessions: which are shown, in which order, and with which sub-agents."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import NamedTuple

from candela_tui.ledger.names import session_title
from candela_tui.ledger.sessions import SessionSummary
from candela_tui.rules.budgets.state import BudgetState
from candela_tui.ui.screens.dashboard.selection import Selection
from candela_tui.ui.screens.dashboard.sessions.session_facts import at_work, recent
from candela_tui.ui.screens.dashboard.sessions.session_rows import AgentRow, SessionRow, agent_rows, all_tokens
from candela_tui.ui.style.budgets import most_urgent


class Order(NamedTuple):
    """A sort order of sessions, the highest rank first."""

    word: str
    rank: Callable[[SessionSummary, datetime], tuple[float, ...]]


def _latest(session: SessionSummary, now: datetime) -> tuple[float, ...]:
    """Rank by last activity. Sessions at work come first, by their start: they would swap places at each request."""
    if session.last_at is None:
        return (0.0,)
    if session.started_at is not None and at_work(session, now):
        return (inf, session.started_at.timestamp())
    return (session.last_at.timestamp(),)


ORDERS: Mapping[str, Order] = {
    "activity": Order("latest", _latest),
    "cost": Order("cost", lambda session, _: (float(session.totals.cost_usd) if session.totals.priced else -1.0,)),
    "tokens": Order("tokens", lambda session, _: (all_tokens(session.totals),)),
}
"""The orders by their name in the preferences; the first is the default."""


def order_name(name: str | None) -> str:
    """Return the name of a known order, the default's if it is not known."""
    return name if name is not None and name in ORDERS else next(iter(ORDERS))


def next_order(name: str) -> str:
    """Return the name of the next order, and of the first after the last."""
    names = list(ORDERS)
    return names[(names.index(name) + 1) % len(names)]


def ordered(sessions: Sequence[SessionSummary], name: str, now: datetime, *, reverse: bool) -> list[SessionSummary]:
    """Sort the sessions; equal ones keep their order."""
    return sorted(sessions, key=lambda session: ORDERS[name].rank(session, now), reverse=not reverse)


def matching(sessions: Sequence[SessionSummary], text: str) -> list[SessionSummary]:
    """Return the sessions that have every word of a text in their title, directory, branch, model or id."""
    wanted = text.casefold().split()
    return [session for session in sessions if all(word in _searched(session) for word in wanted)]


def _searched(session: SessionSummary) -> str:
    parts = (session_title(session), session.cwd, session.git_branch, session.model, session.session_id)
    return "\n".join(part for part in parts if part).casefold()


@dataclass(slots=True)
class SessionFolds:
    """Which sessions hide their sub-agents: those idle for long, unless the user chose otherwise."""

    by_hand: dict[str | None, bool] = field(default_factory=dict)
    rest: bool | None = None
    """The state of all other sessions; None: by how recent they are."""

    def folded(self, session: SessionSummary, now: datetime, chosen: Selection | None = None) -> bool:
        """Return whether a session hides its sub-agents. If one of them is selected, only the user's choice hides
        them."""
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
        """Fold or unfold all sessions, including future ones."""
        self.by_hand.clear()
        self.rest = folded


class RowStyle(NamedTuple):
    """How the rows are drawn."""

    compact: bool = False
    by_tokens: bool = False


class SessionTree:
    """Make the rows, and reuse those of unchanged sessions."""

    def __init__(self) -> None:
        self.folds = SessionFolds()
        self._made: dict[str | None, tuple[SessionSummary, bool, RowStyle, tuple[SessionRow | AgentRow, ...]]] = {}

    def rows(
        self,
        sessions: Sequence[SessionSummary],
        now: datetime,
        look: RowStyle,
        *,
        chosen: Selection | None,
        reset: bool,
        budgets: Sequence[BudgetState] = (),
    ) -> list[SessionRow | AgentRow]:
        """Return the rows of all sessions, each followed by its sub-agents unless folded. With ``reset``, times and
        budgets are updated too."""
        if reset:
            self._made.clear()
        rows: list[SessionRow | AgentRow] = []
        for session in sessions:
            folded = self.folds.folded(session, now, chosen)
            made = self._made.get(session.session_id)
            if made is None or made[0] is not session or made[1:3] != (folded, look):
                budget = budget_of(session, budgets)
                made = session, folded, look, tuple(session_rows(session, now, look, folded=folded, budget=budget))
                self._made[session.session_id] = made
            rows += made[3]
        return rows


def session_rows(
    session: SessionSummary, now: datetime, look: RowStyle, *, folded: bool, budget: BudgetState | None = None
) -> Iterator[SessionRow | AgentRow]:
    """Yield the row of a session, and those of its sub-agents."""
    yield SessionRow.of(session, now, folded=folded, compact=look.compact, by_tokens=look.by_tokens, budget=budget)
    if not folded:
        yield from agent_rows(session)


def budget_of(session: SessionSummary, budgets: Sequence[BudgetState]) -> BudgetState | None:
    """Return the budget that the user has to know of, among those for this session alone or for where it works."""
    places = {
        "session": session.session_id,
        "agent": session.session_id,
        "project": session.cwd,
        "branch": f"{session.cwd}:{session.git_branch}",
    }
    return most_urgent(
        state for state in budgets if state.target is not None and places.get(state.scope) == state.target
    )
