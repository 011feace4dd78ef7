"""What of the history is chosen in the list of sessions."""

from collections.abc import Sequence
from dataclasses import dataclass

from candela_tui.exchange import Exchange
from candela_tui.ui.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Choice:
    """A session, one of its sub-agents, or all sessions."""

    session_id: str | None
    agent_id: str | None = None
    every: bool = False
    """All sessions: the ids say nothing."""

    def includes(self, session_id: str | None) -> bool:
        """Whether requests of a session are among these, whichever agent's they are."""
        return self.every or session_id == self.session_id

    def requests(self, ledger: Ledger) -> Sequence[Exchange]:
        """Return the requests of the sessions, those of all agents, the earliest first."""
        return ledger.everything() if self.every else ledger.requests(self.session_id)


ALL_SESSIONS = Choice(None, every=True)
