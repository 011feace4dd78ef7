"""Display names of sessions and agents."""

from collections import Counter
from collections.abc import Iterable, Mapping

from candela_tui.ledger.session_sums import SessionTotals
from candela_tui.ledger.sessions import SessionSummary
from candela_tui.protocol.user_agent import is_claude_code, program_name


def session_title(session: SessionTotals | SessionSummary) -> str:
    """Return a session's title or the beginning of its id, prefixed with its program unless that is Claude Code."""
    if session.session_id is None:
        return "requests without a session"
    if session.client is None or is_claude_code(session.client):
        return session.title or f"session {session.session_id[:8]}"
    return f"{program_name(session.client)} · {session.title or session.session_id[:14]}"


def agent_names(session: SessionSummary) -> dict[str, str]:
    """Return a short name for each sub-agent of a session, by its id: its type, numbered if several have that type."""
    kinds = {agent_id: agent.agent_type or "agent" for agent_id, agent in session.agents.items()}
    many = Counter(kinds.values())
    numbers: Counter[str] = Counter()
    names = {}
    for agent_id, kind in kinds.items():
        numbers[kind] += 1
        names[agent_id] = f"{kind} {numbers[kind]}" if many[kind] > 1 or kind == "agent" else kind
    return names


class AgentLabels:
    """Names of agents by id, recomputed only for sessions that changed."""

    def __init__(self) -> None:
        self._sessions: dict[str | None, SessionSummary] = {}
        self._names: dict[str, str] = {}

    def update(self, sessions: Iterable[SessionSummary]) -> Mapping[str, str]:
        """Return the names: the same object as before if none of them changed."""
        changed: dict[str, str] = {}
        for session in sessions:
            if self._sessions.get(session.session_id) is session:
                continue
            self._sessions[session.session_id] = session
            if session.agents:
                names = agent_names(session)
                changed |= {key: name for key, name in names.items() if self._names.get(key) != name}
        if changed:
            self._names = {**self._names, **changed}
        return self._names
