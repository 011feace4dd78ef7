"""What the sub-agents of all sessions are called."""

from collections.abc import Iterable, Mapping

from candela_tui.analysis.names import agent_names
from candela_tui.analysis.sessions import SessionSummary


class AgentLabels:
    """Names by the ids of the agents, made again only for sessions that changed."""

    def __init__(self) -> None:
        self._sessions: dict[str | None, SessionSummary] = {}
        self._names: dict[str, str] = {}

    def update(self, sessions: Iterable[SessionSummary]) -> Mapping[str, str]:
        """Return the names, the same object while none of them changed."""
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
