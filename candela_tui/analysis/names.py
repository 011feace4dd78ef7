"""What sessions and agents are called."""

from collections import Counter
from collections.abc import Mapping

from candela_tui.analysis.sessions import SessionSummary
from candela_tui.protocol.user_agent import is_claude_code, program_name


def session_title(session: SessionSummary) -> str:
    """Return its title or the beginning of its id, after the name of its program where that is not Claude Code."""
    if session.session_id is None:
        return "requests without a session"
    if session.client is None or is_claude_code(session.client):
        return session.title or f"session {session.session_id[:8]}"
    return f"{program_name(session.client)} · {session.title or session.session_id[:14]}"


def agent_names(session: SessionSummary) -> dict[str, str]:
    """A short name for each sub-agent of a session, by its id: its type, with a number where several are of it."""
    kinds = {agent_id: agent.agent_type or "agent" for agent_id, agent in session.agents.items()}
    many = Counter(kinds.values())
    numbers: Counter[str] = Counter()
    names = {}
    for agent_id, kind in kinds.items():
        numbers[kind] += 1
        names[agent_id] = f"{kind} {numbers[kind]}" if many[kind] > 1 or kind == "agent" else kind
    return names


def agent_name(agent_id: str | None, names: Mapping[str, str]) -> str:
    """What an agent is called: the main one, or a sub-agent by the names of its session's; its id where it has none."""
    return "main" if agent_id is None else names.get(agent_id, agent_id)
