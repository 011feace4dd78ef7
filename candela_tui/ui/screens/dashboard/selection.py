"""The selection in the list of sessions."""

from collections.abc import Sequence
from dataclasses import dataclass

from candela_tui.exchange import Exchange
from candela_tui.ui.state.loaded_exchanges import LoadedExchanges


@dataclass(frozen=True, slots=True)
class Selection:
    """A session, one of its sub-agents, or all sessions."""

    session_id: str | None
    agent_id: str | None = None
    every: bool = False
    """All sessions; the ids are not used."""

    def includes(self, session_id: str | None) -> bool:
        """Return whether a session is selected, whichever agent is."""
        return self.every or session_id == self.session_id

    def requests(self, loaded: LoadedExchanges) -> Sequence[Exchange]:
        """Return the requests of the selected sessions and all of their agents, the earliest first."""
        return loaded.everything() if self.every else loaded.requests(self.session_id)


ALL_SESSIONS = Selection(None, every=True)
