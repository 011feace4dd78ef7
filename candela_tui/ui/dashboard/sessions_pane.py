"""The sessions and their sub-agents, one of which is chosen."""

from dataclasses import dataclass

from textual import on
from textual.message import Message

from candela_tui.ui.dashboard.pane import Pane
from candela_tui.ui.dashboard.session_rows import Choice, session_rows
from candela_tui.ui.ledger import Change
from candela_tui.ui.rows.row_list import RowList
from candela_tui.ui.sources import Sources


class SessionsPane(Pane):
    """Chooses the latest session until its user chooses another."""

    @dataclass
    class Chosen(Message):
        """Another session or sub-agent is chosen."""

        choice: Choice

    class Entered(Message):
        """The chosen session was opened: the user wants to see its requests."""

    def __init__(self, sources: Sources) -> None:
        super().__init__("Sessions", RowList(id="session-rows"), id="sessions")
        self._sources = sources
        self._chosen_by_hand = False
        self.choice: Choice | None = None
        """None while there is no session."""

    def show(self) -> None:
        """Show the sessions as they are now, and their ages."""
        ledger, clock = self._sources.ledger, self._sources.clock
        sessions = ledger.sessions()
        self.rows.show_rows(session_rows(sessions, clock.now()))
        if self.choice is None and sessions:
            self._choose(Choice(sessions[0].session_id))

    def take_change(self, change: Change) -> None:
        """Show changed exchanges; a session that is new is chosen."""
        known = {row.key for row in self.rows.rows}
        self.show()
        if not self._chosen_by_hand and change.exchanges:
            arrived = [row.key for row in self.rows.rows if row.key not in known]
            if arrived and isinstance(arrived[0], Choice) and arrived[0].agent_id is None:
                self.rows.move_to(arrived[0])

    def _choose(self, choice: Choice) -> None:
        if choice != self.choice:
            self.choice = choice
            self.post_message(self.Chosen(choice))

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        event.stop()
        self._chosen_by_hand = self._chosen_by_hand or event.by_hand
        if isinstance(event.key, Choice):
            self._choose(event.key)

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        event.stop()
        self.post_message(self.Entered())
