"""Sessions and their sub-agents as rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.cells import cell_len

from candela_tui.analysis.sessions import AgentSummary, SessionSummary, Totals
from candela_tui.ui import words
from candela_tui.ui.ink import Line, Piece, fitted
from candela_tui.ui.plain import plain
from candela_tui.ui.spinner import frame


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the history is chosen: a session, or one of its sub-agents."""

    session_id: str | None
    agent_id: str | None = None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session, in two lines."""

    key: Choice
    title: str
    cwd: str
    cost: str
    facts: tuple[Piece, ...]
    """What the second line says, the most important first."""
    moving: bool
    height: int = 2

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Title, directory and cost; below them model, requests, hit rate, age."""
        if line == 1:
            return _spaced(self.facts, width)
        cost = fitted(self.cost, max(8, len(self.cost)), right=True)
        room = width - 2 - len(cost) - 2
        beside = room - cell_len(plain(self.title)) - 2
        cwd = _tail(self.cwd, max(beside, room // 4))
        title = room - len(cwd) - 2 if cwd else room
        return (
            (f"{frame(tick)} " if self.moving else "  ", "accent"),
            (fitted(self.title, max(1, title)), "bright"),
            (f"  {cwd} " if cwd else " ", "dim"),
            (cost, "text"),
            (" ", "text"),
        )


def _spaced(facts: tuple[Piece, ...], width: int) -> Line:
    pieces: list[Piece] = [("    ", "dim")]
    used = 4
    for text, ink in facts:
        if used + len(text) > width:
            break
        pieces.append((f"{text}  ", ink))
        used += len(text) + 2
    return tuple(pieces)


def _tail(path: str, width: int) -> str:
    path = plain(path)
    if cell_len(path) <= width:
        return path
    last = f"…/{path.rpartition('/')[2]}"
    return last if cell_len(last) <= width else ""


@dataclass(frozen=True, slots=True)
class AgentRow:
    """A sub-agent, in one line."""

    key: Choice
    branch: str
    """How it hangs on the tree, such as ``├``."""
    name: str
    model: str
    requests: str
    cost: str
    moving: bool
    height: int = 1

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Branch, name, model, requests, cost."""
        cost = fitted(self.cost, max(7, len(self.cost)), right=True)
        room = width - 3 - len(self.branch) - len(cost) - 2
        requests = fitted(self.requests, max(6, len(self.requests) + 1), right=True)
        name = min(len(self.name), room)
        model = room - name - 1 - len(requests)
        return (
            (f"{frame(tick)} " if self.moving else "  ", "accent"),
            (f" {self.branch} ", "faint"),
            (fitted(self.name, name), "text"),
            (f" {fitted(self.model, model)}" if model >= 6 else " " * max(0, model + 1), "dim"),
            (requests if room >= name + 8 else "", "dim"),
            (cost, "dim"),
            (" ", "text"),
        )


def session_rows(sessions: Sequence[SessionSummary], now: datetime) -> Iterator[SessionRow | AgentRow]:
    """The rows of all sessions, each with its sub-agents below it."""
    for session in sessions:
        totals = session.totals
        facts: list[Piece] = [(words.model(session.model), "text"), (f"{totals.requests} req", "dim")]
        if totals.cache_hit_rate is not None:
            facts.append((f"{words.percent(totals.cache_hit_rate)} hit", "dim"))
        if session.last_at is not None:
            facts.append((f"{totals.live} live" if totals.live else words.age(session.last_at, now), "dim"))
        if totals.errors:
            facts.insert(1, (f"✗ {totals.errors}", "bad"))
        if session.git_branch:
            facts.append((f"⎇ {session.git_branch}", "faint"))
        yield SessionRow(
            Choice(session.session_id),
            session_title(session),
            _home(session.cwd or ""),
            total_cost(totals),
            tuple(facts),
            totals.live > 0,
        )
        yield from _agents(session)


def session_title(session: SessionSummary) -> str:
    """What to call a session."""
    if session.session_id is None:
        return "no session"
    return session.title or f"session {session.session_id[:8]}"


def total_cost(totals: Totals) -> str:
    """``≥`` where something is missing from the sum."""
    if totals.cost is None:
        return words.UNKNOWN
    return f"{'≥ ' if totals.at_least or totals.unpriced else ''}{words.money(totals.cost)}"


def agent_names(session: SessionSummary) -> dict[str, str]:
    """A short name for each sub-agent of a session, by its id."""
    return {agent_id: f"agent {number}" for number, agent_id in enumerate(session.agents, 1)}


def _agents(session: SessionSummary) -> Iterator[AgentRow]:
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
                words.model(agent.model),
                f"{agent.totals.requests} req",
                total_cost(agent.totals),
                agent.totals.live > 0,
            )
            if len(stem) < 8:
                yield from walk(agent.agent_id, stem + ("  " if last else "│ "))

    yield from walk(None, "")


def _home(path: str) -> str:
    home = str(Path.home())
    return "~" + path[len(home) :] if path == home or path.startswith(home + "/") else path
