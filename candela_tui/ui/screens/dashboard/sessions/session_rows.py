"""Sessions and their sub-agents as rows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from rich.cells import cell_len

from candela_tui.analysis import labels
from candela_tui.analysis.served_changes import short_words
from candela_tui.ledger.agent_tree import branches
from candela_tui.ledger.names import agent_names, session_title
from candela_tui.ledger.sessions import SessionSummary
from candela_tui.ledger.totals import Totals
from candela_tui.protocol.arrival import Arrival
from candela_tui.rules.budgets.figures import used
from candela_tui.rules.budgets.state import BudgetState
from candela_tui.text import amounts
from candela_tui.text.cells import fitted
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.screens.dashboard.selection import ALL_SESSIONS, Selection
from candela_tui.ui.screens.dashboard.sessions.session_facts import (
    cache_clock,
    context_forms,
    counts_down,
    fills_up,
    recent,
    state,
)
from candela_tui.ui.style.budgets import standing_style
from candela_tui.ui.style.spinner import frame
from candela_tui.ui.style.styled_text import Line, Piece, cells_of

_NO_PIECE: Piece = ("", "dim")
_ALL = "All sessions"
CONTINUES = "↳"
"""The sign of a session that continues another one."""
_SHORTEST_TITLE, _LONGEST_TITLE = 14, 48
"""Cells of a title on a line that also has columns."""
_LONGEST_DIRECTORY = 24


class RowColumn(NamedTuple):
    """A column beside the title, in a row of one line."""

    rank: int | None
    """Columns of a higher rank are dropped first if there is no room; None: never shown."""
    cells: int
    pieces: Line


def row_of_columns(sign: Piece, title: str, columns: Sequence[RowColumn], width: int) -> Line:
    """Return a title with as many columns as leave it enough room."""
    least = min(max(_SHORTEST_TITLE, width // 4), _LONGEST_TITLE)
    room = width - 2 - least - 1
    shown: set[int] = set()
    for rank, cells, _ in sorted(columns, key=lambda column: -1 if column.rank is None else column.rank):
        if rank is None:
            continue
        if cells + 1 > room:
            break
        room -= cells + 1
        shown.add(rank)
    pieces: list[Piece] = [sign, (fitted(title, max(1, least + room)), "bright")]
    for rank, cells, column in columns:
        if rank in shown:
            used = cells_of(column)
            pieces += [(" " * max(1, cells + 1 - used), "dim"), *column]
    return (*pieces, (" ", "dim"))


@dataclass(frozen=True, slots=True)
class AllSessionsRow:
    """The row of all sessions: one line if ``compact``, else two."""

    totals: Totals
    sessions: int
    today: str
    """Today's cost, formatted."""
    compact: bool
    moving: bool = False

    @property
    def key(self) -> Selection:
        """The selection of all sessions."""
        return ALL_SESSIONS

    @property
    def height(self) -> int:
        """The number of lines."""
        return 1 if self.compact else 2

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Draw the title and the total cost; below, the number of sessions and requests, and today's cost."""
        cost = total_cost(self.totals)
        sessions = f"{self.sessions:,} session{'' if self.sessions == 1 else 's'}"
        requests = f"{amounts.count(self.totals.requests)} req"
        hit = amounts.percent(self.totals.cache_hit_rate)
        today: Line = (("today ", "dim"), (self.today, "text"))
        if self.compact:
            columns = (
                RowColumn(2, 12, ((sessions, "dim"),)),
                RowColumn(3, 8, ((requests, "dim"),)),
                RowColumn(4, 8, ((f"{hit} hit", "dim"),)),
                RowColumn(1, 14, today),
                RowColumn(0, max(7, len(cost)), ((cost, "text"),)),
            )
            return row_of_columns(("  ", "dim"), _ALL, columns, width)
        if line == 0:
            return (("  ", "dim"), (fitted(_ALL, max(1, width - 5 - len(cost))), "bright"), (f"  {cost} ", "text"))
        facts: tuple[Piece, ...] = ((sessions, "text"), (requests, "dim"), (f"{hit} hit", "dim"))
        return _between(_flow(facts, width - 5 - cells_of(today)), today, width)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """The row of a session: one line if ``compact``, else two."""

    session: SessionSummary
    state: Piece
    cache: Piece
    counts: bool
    """Whether the cache clock counts down."""
    folded: bool
    compact: bool
    by_tokens: bool
    height: int
    budget: BudgetState | None = None
    """The budget of the session that the user has to know of."""

    @classmethod
    def of(
        cls,
        session: SessionSummary,
        now: datetime,
        *,
        folded: bool,
        compact: bool,
        by_tokens: bool = False,
        budget: BudgetState | None = None,
    ) -> "SessionRow":
        """Return the row of a session at a moment."""
        row = cls(session, _NO_PIECE, _NO_PIECE, False, folded, compact, by_tokens, 1 if compact else 2, budget)
        return row.at(now)

    def at(self, now: datetime) -> "SessionRow":
        """Return the same row at another moment."""
        life = self.session.cache
        return replace(
            self,
            state=state(self.session, now),
            cache=cache_clock(life, now) if life and recent(self.session, now) else _NO_PIECE,
            counts=counts_down(life, now),
        )

    @property
    def key(self) -> Selection:
        """The selection of this session."""
        return Selection(self.session.session_id)

    @property
    def moving(self) -> bool:
        """Whether a request of the session is live."""
        return self.session.totals.live > 0

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Draw the title and the cost; below, facts and the state."""
        if self.compact:
            return self._columns(width, tick)
        if line == 0:
            return self._title(width, tick)
        room = width - 5 - len(self.state[0])
        return _between(_flow(self._facts(room), room), (self.state,), width)

    def _sign(self, tick: int) -> Piece:
        if self.moving:
            return f"{frame(tick)} ", "accent"
        if not self.session.agents:
            return "  ", "dim"
        return "▸ " if self.folded else "▾ ", "dim"

    def _title(self, width: int, tick: int) -> Line:
        cost = total_cost(self.session.totals)
        room = width - 2 - len(cost) - 3
        return (
            self._sign(tick),
            (fitted(session_title(self.session), max(1, room)), "bright"),
            (f"  {cost} ", "text"),
        )

    def _facts(self, room: int) -> Iterator[Piece | Line]:
        """Yield the facts, the most important first. What fills up or runs out comes before the rest."""
        session, totals = self.session, self.session.totals
        if self.budget is not None:
            yield budget_piece(self.budget)
        yield _model(session), "text"
        if totals.errors:
            yield f"✗ {totals.errors}", "bad"
        if session.served_otherwise:
            words = short_words(session.served_otherwise[-1])
            # What does not fit ends the line, and the cache's clock is behind it.
            yield words if cell_len(words) <= room // 3 else words[0], "warn"
        if session.arrival not in (None, Arrival.BASE_URL):
            yield session.arrival, "dim"
        if self.folded:
            yield _agent_count(session), "dim"
        context = list(context_forms(session.context)) if session.context and self.cache[0] else []
        filling = session.context is not None and fills_up(session.context)
        if context and filling:
            yield next((form for form in context if cells_of(form) <= room // 2), context[-1])
        if self.cache[0]:
            yield self.cache
        if self.by_tokens:
            yield f"{amounts.count(totals.known(all_tokens(totals)))} tok", "text"
        yield f"{totals.requests} req", "dim"
        if totals.cache_hit_rate is not None:
            yield f"{amounts.percent(totals.cache_hit_rate)} hit", "dim"
        if context and not filling:
            yield context[-1]
        if session.continues is not None:
            yield f"{CONTINUES} {session.continues.session_id[:8]}", "dim"
        if session.cwd:
            yield _tail(_home(session.cwd), _LONGEST_DIRECTORY), "dim"
        if session.git_branch:
            yield f"⎇ {session.git_branch}", "faint"

    def _columns(self, width: int, tick: int) -> Line:
        session, totals = self.session, self.session.totals
        cost = total_cost(totals)
        hit = f"{amounts.percent(totals.cache_hit_rate)} hit" if totals.cache_hit_rate is not None else ""
        context: Line = ()
        if session.context and session.context.window and self.cache[0]:
            *_, context = context_forms(session.context)
        errors = f"✗ {totals.errors}" if totals.errors else ""
        budget: Line = (budget_piece(self.budget),) if self.budget is not None else ()
        model: Piece = (f"≠ {_model(session)}", "warn") if session.served_otherwise else (_model(session), "dim")
        tokens = f"{amounts.count(totals.known(all_tokens(totals)))} tok" if self.by_tokens else ""
        # In display order.
        columns: tuple[RowColumn, ...] = (
            RowColumn(9, 14, ((_tail(_home(session.cwd or ""), 14), "dim"),)),
            RowColumn(2 if budget and not self.by_tokens else None, 17, budget),
            RowColumn(4, 11 if totals.imported else 10, (model,)),
            RowColumn(3, 4, ((errors, "bad"),)),
            RowColumn(2 if self.by_tokens else None, 8, ((tokens, "text"),)),
            RowColumn(6, 7, ((f"{totals.requests} req", "dim"),)),
            RowColumn(7, 8, ((hit, "dim"),)),
            RowColumn(8, 8, context),
            RowColumn(5, 10, (self.cache,)),
            RowColumn(1, 8, (self.state,)),
            RowColumn(0, max(7, len(cost)), ((cost, "text"),)),
        )
        return row_of_columns(self._sign(tick), session_title(session), columns, width)


def budget_piece(state: BudgetState) -> Piece:
    """Return how a session's budget stands, in words."""
    word = used(state) if state.state == "warned" else str(state.state)
    return f"budget {word}", standing_style(state)


@dataclass(frozen=True, slots=True)
class AgentRow:
    """The row of a sub-agent."""

    key: Selection
    stem: str
    """The branch of the tree, such as ``├``."""
    name: str
    description: str
    model: str
    requests: str
    cost: str
    moving: bool
    height: int = 1

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Draw the branch, name, task, model, requests and cost."""
        room = width - 2 - len(self.stem) - 1
        cost = fitted(self.cost, max(6, len(self.cost)), right=True)
        room -= len(cost) + 2
        requests = fitted(self.requests, max(7, len(self.requests) + 1), right=True)
        name = terminal_safe(self.name)
        if room - len(requests) >= min(cell_len(name), 8):
            room -= len(requests)
        else:
            requests = ""
        label = f"{name} · {terminal_safe(self.description)}" if self.description else name
        model = ""
        if room - cell_len(label) >= len(self.model) + 2:
            model = f"  {self.model}"
        cells = room - len(model)
        shown = fitted(label, max(0, cells))
        return (
            (f"{frame(tick)} " if self.moving else "  ", "accent"),
            (f"{self.stem} ", "rule"),
            (shown[: len(name)], "text"),
            (shown[len(name) :], "dim"),
            (model, "faint"),
            (requests, "dim"),
            (f" {cost} ", "dim"),
        )


def agent_rows(session: SessionSummary) -> Iterator[AgentRow]:
    """Yield the sub-agents of a session as a tree."""
    names = agent_names(session)
    for agent, stem in branches(session.agents.values()):
        yield AgentRow(
            Selection(session.session_id, agent.agent_id),
            stem,
            names[agent.agent_id],
            f"{agent.description or 'a sub-agent'} (inferred)" if agent.inferred else agent.description or "",
            labels.model(agent.model),
            f"{agent.totals.requests} req",
            total_cost(agent.totals),
            agent.totals.live > 0,
        )


def total_cost(totals: Totals) -> str:
    """Format the total cost, with ``≥`` if part of it is not known."""
    return amounts.cost(totals.cost, lower_bound=totals.at_least)


def all_tokens(totals: Totals) -> int:
    """Return the sum of prompt and output tokens."""
    return totals.prompt_tokens + totals.output_tokens


def _model(session: SessionSummary) -> str:
    return f"{labels.IMPORTED if session.totals.imported else ''}{labels.model(session.model)}"


def _agent_count(session: SessionSummary) -> str:
    return f"{len(session.agents)} agent{'' if len(session.agents) == 1 else 's'}"


def _flow(facts: Iterable[Piece | Line], width: int) -> Line:
    pieces: list[Piece] = []
    used = 0
    for fact in facts:
        part = fact if isinstance(fact[0], tuple) else (fact,)
        cells = cells_of(part)
        if not cells:
            continue
        if used + cells > width:
            break
        pieces += [*part, ("  ", "dim")]
        used += cells + 2
    return tuple(pieces)


def _between(left: Line, right: Line, width: int) -> Line:
    """Return a line with one part at the left and the other aligned with the costs at the right."""
    gap = width - 2 - cells_of(left) - cells_of(right) - 1
    return (("  ", "dim"), *left, (" " * max(0, gap), "dim"), *right, (" ", "dim"))


def _tail(path: str, width: int) -> str:
    path = terminal_safe(path)
    if cell_len(path) <= width:
        return path
    last = f"…/{path.rpartition('/')[2]}"
    return last if cell_len(last) <= width else ""


def _home(path: str) -> str:
    home = str(Path.home())
    return "~" + path[len(home) :] if path == home or path.startswith(home + "/") else path
