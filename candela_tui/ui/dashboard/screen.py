"""The first screen."""

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Footer

from candela_tui.analysis.sessions import Totals
from candela_tui.store.errors import StoreError
from candela_tui.ui.dashboard.header import Header
from candela_tui.ui.dashboard.requests_pane import RequestsPane
from candela_tui.ui.dashboard.session_rows import Choice
from candela_tui.ui.dashboard.sessions_pane import SessionsPane
from candela_tui.ui.dashboard.totals import totals_line
from candela_tui.ui.dashboard.welcome import Welcome
from candela_tui.ui.dialogs.leave import LeaveDialog
from candela_tui.ui.dialogs.notices import NoticesDialog
from candela_tui.ui.ink import Line
from candela_tui.ui.ledger import Change
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.request.screen import RequestScreen
from candela_tui.ui.sources import Sources
from candela_tui.ui.spinner import TICKS_A_SECOND

_AGES_INTERVAL_S = 5.0


class DashboardScreen(Screen[None]):
    """Sessions, and the requests of the one that is chosen."""

    CSS_PATH = "screen.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]  # noqa: RUF012 - Textual's own form
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "export", "Export", tooltip="Write the session's requests as CSV into the current directory"),
        Binding("y", "copy_id", "Copy id", tooltip="Copy the id of the session or request to the clipboard"),
        Binding("exclamation_mark", "notices", "Warnings", key_display="!", show=False),
        Binding("h,left", "focus_pane('sessions')", "Sessions", show=False),
        Binding("l,right", "focus_pane('requests')", "Requests", show=False),
        Binding("tab", "app.focus_next", "Next pane", show=False),
        Binding("shift+tab", "app.focus_previous", "Previous pane", show=False),
        Binding("q", "leave", "Quit", tooltip="Leave candela; asks while streams are live"),
    ]

    def __init__(self, sources: Sources) -> None:
        super().__init__()
        self._sources = sources
        self._header = Header(sources)
        self._sessions = SessionsPane(sources)
        self._requests = RequestsPane(sources)
        self._totals = _TotalsLine(id="totals")

    def compose(self) -> ComposeResult:
        """Header, the lists (or the welcome), totals, keys."""
        yield self._header
        if self._sources.status.note:
            yield OneLine(((self._sources.status.note, "warn"),), id="note")
        yield Welcome(self._sources.status)
        with Container(id="panes"):
            yield self._sessions
            yield self._requests
        yield self._totals
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show what is known."""
        self.set_interval(_AGES_INTERVAL_S, self._show_sessions)
        self._header.update()
        self._show_sessions()

    def take_change(self, change: Change) -> None:
        """Show changed exchanges."""
        self._header.update()
        self.set_class(self._sources.ledger.empty, "-empty")
        self._sessions.take_change(change)
        self._requests.take_change(change)

    def take_tick(self, tick: int) -> None:
        """Draw what is live."""
        self._sessions.rows.tick(tick)
        self._requests.rows.tick(tick)
        if tick % TICKS_A_SECOND == 0 and self._sources.ledger.behind:
            self._show_sessions()

    def show_notices(self) -> None:
        """Count the warnings anew."""
        self._header.update()

    def _show_sessions(self) -> None:
        self.set_class(self._sources.ledger.empty, "-empty")
        self._sessions.show()
        self._show_totals()

    def _show_totals(self) -> None:
        choice = self._sessions.choice
        if choice is None:
            return
        ledger = self._sources.ledger
        session = ledger.session(choice.session_id)
        agent = session.agents.get(choice.agent_id or "")
        requests = ledger.requests(choice.session_id)
        self._totals.show(agent.totals if agent else session.totals, bool(requests) and requests[-1].subscription)

    @on(SessionsPane.Chosen)
    def _session_chosen(self, event: SessionsPane.Chosen) -> None:
        if self._requests.choice is None:
            self._requests.rows.focus()
        self._requests.show(event.choice)

    @on(SessionsPane.Entered)
    def _session_entered(self) -> None:
        self._requests.rows.focus()

    @on(RequestsPane.Shown)
    def _requests_shown(self) -> None:
        self._show_totals()

    @on(RequestsPane.Opened)
    def _request_opened(self, event: RequestsPane.Opened) -> None:
        self.app.push_screen(RequestScreen(self._sources, event.exchange_id, self._requests.neighbour))

    def action_focus_pane(self, pane: str) -> None:
        """Go to a pane."""
        (self._sessions if pane == "sessions" else self._requests).rows.focus()

    def action_notices(self) -> None:
        """List the warnings."""
        self.app.push_screen(NoticesDialog(self._sources))

    def action_copy_id(self) -> None:
        """Copy the id of the row with the cursor."""
        key = self._requests.exchange_id if self._requests.rows.has_focus else self._sessions.choice
        text = (key.agent_id or key.session_id) if isinstance(key, Choice) else key
        if text:
            self.app.copy_to_clipboard(str(text))
            self.notify(f"Copied {text}", timeout=2)

    def action_leave(self) -> None:
        """Leave, after asking where streams are live."""
        live = self._sources.feed.live_count()
        if not live:
            self.app.exit(0)
            return

        def answered(leave: bool | None) -> None:
            if leave:
                self.app.exit(0)

        self.app.push_screen(LeaveDialog(live), answered)

    async def action_export(self) -> None:
        """Write the chosen session as CSV into the current directory."""
        from candela_tui.export.csv_table import csv_lines, default_file_name

        if self._sessions.choice is None:
            return
        session_id = self._sessions.choice.session_id
        try:
            stored = await asyncio.to_thread(self._sources.history.exchanges, session_id=session_id)
        except StoreError as error:
            stored = []
            self.notify(f"{error} The export has what the dashboard knows.", severity="warning")
        self._sources.ledger.merge(stored, from_feed=False)
        requests = self._sources.ledger.requests(session_id)
        path = Path.cwd() / default_file_name(session_id)
        try:
            await asyncio.to_thread(path.write_text, "".join(csv_lines(requests)), encoding="utf-8", newline="")
        except OSError as error:
            self.notify(f"{path} can't be written: {error.strerror}", severity="error")
            return
        self.notify(f"{len(requests)} requests written to {path}")


class _TotalsLine(OneLine):
    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._totals = Totals()
        self._subscription = False

    def show(self, totals: Totals, subscription: bool) -> None:
        """Show these sums."""
        self._totals, self._subscription = totals, subscription
        self.update()

    def compose_line(self, width: int) -> Line:
        """The longest form that fits."""
        return totals_line(self._totals, subscription=self._subscription, width=width)
