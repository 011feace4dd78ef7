"""Sessions and their sub-agents as rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from rich.cells import cell_len

from candela_tui.analysis.names import agent_names, session_title
from candela_tui.analysis.sessions import AgentSummary, SessionSummary, Totals
from candela_tui.ui import words
from candela_tui.ui.dashboard.session_facts import cache_clock, context_forms, counts_down, recent, state
from candela_tui.ui.ink import Line, Piece, cells_of, fitted
from candela_tui.ui.plain import plain
from candela_tui.ui.spinner import frame

_NO_PIECE: Piece = ("", "dim")
_SHORTEST_TITLE, _LONGEST_TITLE = 14, 48
"""Cells that a title keeps on a line that also has columns."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the history is chosen: a session, or one of its sub-agents."""

    session_id: str | None
    agent_id: str | None = None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session: one line where ``compact``, else two, and a third with its context and cache while those matter."""

    session: SessionSummary
    state: Piece
    cache: Piece
    counts: bool
    """Whether the cache clock runs."""
    folded: bool
    compact: bool
    by_tokens: bool
    height: int

    @classmethod
    def of(
        cls, session: SessionSummary, now: datetime, *, folded: bool, compact: bool, by_tokens: bool = False
    ) -> "SessionRow":
        """The row as it is now."""
        more = recent(session, now) and (session.context is not None or session.cache is not None)
        height = 1 if compact else 3 if more else 2
        row = cls(session, _NO_PIECE, _NO_PIECE, False, folded, compact, by_tokens, height)
        return row.at(now)

    def at(self, now: datetime) -> "SessionRow":
        """The same row at another time."""
        life = self.session.cache
        return replace(
            self,
            state=state(self.session, now),
            cache=cache_clock(life, now) if life and recent(self.session, now) else _NO_PIECE,
            counts=counts_down(life, now),
        )

    @property
    def key(self) -> Choice:
        """The session."""
        return Choice(self.session.session_id)

    @property
    def moving(self) -> bool:
        """Whether something of it is live."""
        return self.session.totals.live > 0

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Title, directory, cost; facts, state; context, cache."""
        if self.compact:
            return self._columns(width, tick)
        if line == 0:
            return self._title(width, tick)
        if line == 1:
            return _between(_flow(self._facts(), width - 5 - len(self.state[0])), self.state, width)
        room = width - 4 - len(self.cache[0])
        forms = context_forms(self.session.context) if self.session.context else iter(())
        return _between(next((form for form in forms if cells_of(form) <= room), ()), self.cache, width)

    def _sign(self, tick: int) -> Piece:
        if self.moving:
            return f"{frame(tick)} ", "accent"
        if not self.session.agents:
            return "  ", "dim"
        return "▸ " if self.folded else "▾ ", "dim"

    def _title(self, width: int, tick: int) -> Line:
        cost = total_cost(self.session.totals)
        room = width - 2 - len(cost) - 3
        title = session_title(self.session)
        cwd = _tail(_home(self.session.cwd or ""), max(room - cell_len(plain(title)) - 2, room // 4))
        cells = room - cell_len(cwd) - 2 if cwd else room
        return (
            self._sign(tick),
            (fitted(title, max(1, cells)), "bright"),
            (f"  {cwd}" if cwd else "", "dim"),
            (f"  {cost} ", "text"),
        )

    def _facts(self) -> Iterator[Piece]:
        """The most important first."""
        totals = self.session.totals
        yield words.model(self.session.model), "text"
        if totals.errors:
            yield f"✗ {totals.errors}", "bad"
        if self.by_tokens:
            yield f"{words.count(all_tokens(totals))} tok", "text"
        if self.folded:
            yield _agent_count(self.session), "dim"
        yield f"{totals.requests} req", "dim"
        if totals.cache_hit_rate is not None:
            yield f"{words.percent(totals.cache_hit_rate)} hit", "dim"
        if self.session.git_branch:
            yield f"⎇ {self.session.git_branch}", "faint"

    def _columns(self, width: int, tick: int) -> Line:
        session, totals = self.session, self.session.totals
        cost = total_cost(totals)
        hit = f"{words.percent(totals.cache_hit_rate)} hit" if totals.cache_hit_rate is not None else ""
        context: Line = ()
        if session.context and session.context.window and self.cache[0]:
            *_, context = context_forms(session.context)
        errors = f"✗ {totals.errors}" if totals.errors else ""
        tokens = f"{words.count(all_tokens(totals))} tok" if self.by_tokens else ""
        # Rank, cells, pieces; in the order in which they stand.
        columns: tuple[tuple[int, int, Line], ...] = (
            (9, 14, ((_tail(_home(session.cwd or ""), 14), "dim"),)),
            (4, 10, ((words.model(session.model), "dim"),)),
            (3, 4, ((errors, "bad"),)),
            (2 if self.by_tokens else 99, 8, ((tokens, "text"),)),
            (6, 7, ((f"{totals.requests} req", "dim"),)),
            (7, 8, ((hit, "dim"),)),
            (8, 8, context),
            (5, 10, (self.cache,)),
            (1, 8, (self.state,)),
            (0, max(7, len(cost)), ((cost, "text"),)),
        )
        title = min(max(_SHORTEST_TITLE, width // 4), _LONGEST_TITLE)
        room = width - 2 - title - 1
        shown: set[int] = set()
        for rank, cells, _ in sorted(columns, key=lambda column: column[0]):
            if rank == 99 or cells + 1 > room:
                break
            room -= cells + 1
            shown.add(rank)
        pieces: list[Piece] = [self._sign(tick), (fitted(session_title(session), max(1, title + room)), "bright")]
        for rank, cells, column in columns:
            if rank in shown:
                used = cells_of(column)
                pieces += [(" " * max(1, cells + 1 - used), "dim"), *column]
        return (*pieces, (" ", "dim"))


@dataclass(frozen=True, slots=True)
class AgentRow:
    """A sub-agent, in one line."""

    key: Choice
    stem: str
    """How it hangs on the tree, such as ``├``."""
    name: str
    description: str
    model: str
    requests: str
    cost: str
    moving: bool
    height: int = 1

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Stem, name, task, model, requests, cost."""
        room = width - 2 - len(self.stem) - 1
        cost = fitted(self.cost, max(6, len(self.cost)), right=True)
        room -= len(cost) + 2
        requests = fitted(self.requests, max(7, len(self.requests) + 1), right=True)
        name = plain(self.name)
        if room - len(requests) >= min(cell_len(name), 8):
            room -= len(requests)
        else:
            requests = ""
        label = f"{name} · {plain(self.description)}" if self.description else name
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
    """The sub-agents of a session as a tree."""
    names = agent_names(session)
    below: dict[str | None, list[AgentSummary]] = {}
    for agent in session.agents.values():
        parent = agent.parent_agent_id
        below.setdefault(parent if parent in session.agents and parent != agent.agent_id else None, []).append(agent)

    seen: set[str] = set()

    def walk(parent: str | None, stem: str) -> Iterator[AgentRow]:
        agents = below.get(parent, [])
        for place, agent in enumerate(agents):
            if agent.agent_id in seen:
                continue
            seen.add(agent.agent_id)
            last = place == len(agents) - 1
            yield AgentRow(
                Choice(session.session_id, agent.agent_id),
                stem + ("└" if last else "├"),
                names[agent.agent_id],
                f"{agent.description or 'a sub-agent'} (inferred)" if agent.inferred else agent.description or "",
                words.model(agent.model),
                f"{agent.totals.requests} req",
                total_cost(agent.totals),
                agent.totals.live > 0,
            )
            if len(stem) < 8:
                yield from walk(agent.agent_id, stem + ("  " if last else "│ "))

    yield from walk(None, "")


def total_cost(totals: Totals) -> str:
    """``≥`` where something is missing from the sum."""
    if totals.cost is None:
        return words.UNKNOWN
    return words.at_least(totals.cost) if totals.at_least else words.money(totals.cost)


def all_tokens(totals: Totals) -> int:
    """Prompt and output."""
    return totals.prompt_tokens + totals.output_tokens


def _agent_count(session: SessionSummary) -> str:
    return f"{len(session.agents)} agent{'' if len(session.agents) == 1 else 's'}"


def _flow(facts: Iterable[Piece], width: int) -> Line:
    pieces: list[Piece] = []
    used = 0
    for text, ink in facts:
        if used + cell_len(plain(text)) > width:
            break
        pieces.append((f"{text}  ", ink))
        used += cell_len(plain(text)) + 2
    return tuple(pieces)


def _between(left: Line, right: Piece, width: int) -> Line:
    """Two cells, what stands left, and to the right edge of the costs what stands right."""
    gap = width - 2 - cells_of(left) - len(right[0]) - 1
    return (("  ", "dim"), *left, (" " * max(0, gap), "dim"), right, (" ", "dim"))


def _tail(path: str, width: int) -> str:
    path = plain(path)
    if cell_len(path) <= width:
        return path
    last = f"…/{path.rpartition('/')[2]}"
    return last if cell_len(last) <= width else ""


def _home(path: str) -> str:
    home = str(Path.home())
    return "~" + path[len(home) :] if path == home or path.startswith(home + "/") else path
