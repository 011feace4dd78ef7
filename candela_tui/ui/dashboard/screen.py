"""The first screen."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Footer

from candela_tui.analysis.sessions import Totals
from candela_tui.exchange import Exchange
from candela_tui.store.errors import StoreError
from candela_tui.ui.dashboard.header import Header
from candela_tui.ui.dashboard.pane import Pane, RequestsPane
from candela_tui.ui.dashboard.request_rows import RequestRow
from candela_tui.ui.dashboard.session_rows import Choice, agent_names, session_rows, session_title
from candela_tui.ui.dashboard.totals import totals_line
from candela_tui.ui.dashboard.welcome import Welcome
from candela_tui.ui.dialogs.leave import LeaveDialog
from candela_tui.ui.dialogs.notices import NoticesDialog
from candela_tui.ui.ink import Line
from candela_tui.ui.ledger import BACKGROUND, Change
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.request.screen import RequestScreen
from candela_tui.ui.rows.row_list import RowList
from candela_tui.ui.sources import Sources
from candela_tui.ui.spinner import TICKS_A_SECOND

_AGES_INTERVAL_S = 5.0


class DashboardScreen(Screen[None]):
    """Sessions, and the requests of the one that is chosen."""

    CSS_PATH = "screen.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]  # noqa: RUF012 - Textual's own form
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("H", "toggle_hidden", "Hidden", tooltip="Show or hide the client's own probes, counts and titles"),
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
        self._choice: Choice | None = None
        self._chosen_by_hand = False
        self._show_hidden = False
        self._hidden = 0
        self._sessions = RowList(id="session-rows")
        self._requests = RowList(id="request-rows", follow=True)
        self._sessions_pane = Pane("Sessions", self._sessions, id="sessions")
        self._requests_pane = RequestsPane("Requests", self._requests, id="requests")
        self._header = Header(sources)
        self._totals = _TotalsLine(id="totals")

    def compose(self) -> ComposeResult:
        """Header, the lists (or the welcome), totals, keys."""
        yield self._header
        if self._sources.status.note:
            yield OneLine(((self._sources.status.note, "warn"),), id="note")
        yield Welcome(self._sources.status)
        with Container(id="panes"):
            yield self._sessions_pane
            yield self._requests_pane
        yield self._totals
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show what is known."""
        self.set_interval(_AGES_INTERVAL_S, self._show_sessions)
        self._show_all()

    def take_change(self, change: Change) -> None:
        """Show changed exchanges."""
        self._header.update()
        new_sessions = {row.key for row in self._sessions.rows}
        self._show_sessions()
        if not self._chosen_by_hand and change.exchanges:
            arrived = [row.key for row in self._sessions.rows if row.key not in new_sessions]
            if arrived and isinstance(arrived[0], Choice) and arrived[0].agent_id is None:
                self._sessions.move_to(arrived[0])
        if self._choice is not None and self._choice.session_id in change.sessions:
            self._put_requests(change.exchanges)

    def take_tick(self, tick: int) -> None:
        """Draw what is live."""
        self._sessions.tick(tick)
        self._requests.tick(tick)
        if tick % TICKS_A_SECOND == 0 and self._sources.ledger.behind:
            self._show_sessions()

    def show_notices(self) -> None:
        """Count the warnings anew."""
        self._header.update()

    def _show_all(self) -> None:
        self._header.update()
        self._show_sessions()
        self._show_requests()

    def _show_sessions(self) -> None:
        ledger, clock = self._sources.ledger, self._sources.clock
        self.set_class(ledger.empty, "-empty")
        sessions = ledger.sessions()
        self._sessions.show_rows(session_rows(sessions, clock.now()))
        if self._choice is None and sessions:
            self._choose(Choice(sessions[0].session_id))
            self._requests.focus()
        self._show_totals()

    def _choose(self, choice: Choice) -> None:
        if choice != self._choice:
            self._choice = choice
            self._show_requests()
            self._show_totals()

    def _wanted(self, exchange: Exchange) -> bool:
        choice = self._choice
        return choice is not None and choice.agent_id in (None, exchange.agent_id)

    def _row(self, exchange: Exchange, names: dict[str, str]) -> RequestRow:
        agent = "main" if exchange.agent_id is None else names.get(exchange.agent_id, exchange.agent_id)
        return RequestRow(exchange, agent, self._sources.clock)

    def _show_requests(self) -> None:
        if self._choice is None:
            return
        ledger = self._sources.ledger
        names = agent_names(ledger.session(self._choice.session_id))
        wanted = [exchange for exchange in ledger.requests(self._choice.session_id) if self._wanted(exchange)]
        shown = [exchange for exchange in wanted if self._show_hidden or exchange.kind not in BACKGROUND]
        self._hidden = len(wanted) - len(shown)
        self._requests.show_rows((self._row(exchange, names) for exchange in shown), anew=True)
        self._name_requests()

    def _put_requests(self, changed: Iterable[Exchange]) -> None:
        assert self._choice is not None
        rows = self._requests.rows
        newest = rows[-1].key if rows else ""
        known = {row.key for row in rows}
        names = agent_names(self._sources.ledger.session(self._choice.session_id))
        for exchange in sorted(changed, key=lambda exchange: exchange.id):
            if exchange.session_id != self._choice.session_id or not self._wanted(exchange):
                continue
            if not self._show_hidden and exchange.kind in BACKGROUND:
                continue
            if exchange.id not in known and exchange.id < str(newest):
                self._show_requests()
                break
            self._requests.put_row(self._row(exchange, names))
        if not self._show_hidden:
            wanted = sum(map(self._wanted, self._sources.ledger.requests(self._choice.session_id)))
            self._hidden = wanted - len(self._requests.rows)
        self._name_requests()

    def _name_requests(self) -> None:
        assert self._choice is not None
        session = self._sources.ledger.session(self._choice.session_id)
        title = f"Requests · {session_title(session)}"
        if self._choice.agent_id is not None:
            title += f" · {agent_names(session).get(self._choice.agent_id, self._choice.agent_id)}"
        marks = []
        if self._hidden:
            marks.append(f"+{self._hidden} hidden")
        if self._requests.unseen:
            marks.append(f"{self._requests.unseen} new ↓ G")
        self._requests_pane.name_it(title, " · ".join(marks))

    def _show_totals(self) -> None:
        if self._choice is None:
            return
        ledger = self._sources.ledger
        session = ledger.session(self._choice.session_id)
        agent = session.agents.get(self._choice.agent_id or "")
        requests = ledger.requests(self._choice.session_id)
        self._totals.show(agent.totals if agent else session.totals, bool(requests) and requests[-1].subscription)

    @on(RowList.Moved, "#session-rows")
    def _session_moved(self, event: RowList.Moved) -> None:
        self._chosen_by_hand = self._chosen_by_hand or event.by_hand
        if isinstance(event.key, Choice):
            self._choose(event.key)

    @on(RowList.Opened, "#session-rows")
    def _session_opened(self) -> None:
        self._requests.focus()

    @on(RowList.Counted, "#request-rows")
    def _requests_counted(self) -> None:
        self._name_requests()

    @on(RowList.Opened, "#request-rows")
    def _request_opened(self, event: RowList.Opened) -> None:
        self.app.push_screen(RequestScreen(self._sources, str(event.key), self._neighbour))

    def _neighbour(self, exchange_id: str, step: int) -> str | None:
        key = self._requests.neighbour(exchange_id, step)
        if key is None:
            return None
        self._requests.move_to(key)
        return str(key)

    def action_focus_pane(self, pane: str) -> None:
        """Go to a pane."""
        (self._sessions if pane == "sessions" else self._requests).focus()

    def action_toggle_hidden(self) -> None:
        """Show or hide the client's own requests."""
        self._show_hidden = not self._show_hidden
        self._show_requests()

    def action_notices(self) -> None:
        """List the warnings."""
        self.app.push_screen(NoticesDialog(self._sources))

    def action_copy_id(self) -> None:
        """Copy the id of the row with the cursor."""
        key = self._requests.cursor_key if self._requests.has_focus else self._choice
        text = (key.agent_id or key.session_id) if isinstance(key, Choice) else key
        if text:
            self.app.copy_to_clipboard(str(text))
            self.notify(f"Copied {text}", markup=False, timeout=2)

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

        if self._choice is None:
            return
        session_id = self._choice.session_id
        try:
            stored = await asyncio.to_thread(self._sources.history.exchanges, session_id=session_id)
        except StoreError as error:
            stored = []
            self.notify(f"{error} The export has what the dashboard knows.", severity="warning", markup=False)
        self._sources.ledger.merge(stored, from_feed=False)
        requests = self._sources.ledger.requests(session_id)
        path = Path.cwd() / default_file_name(session_id)
        try:
            await asyncio.to_thread(path.write_text, "".join(csv_lines(requests)), encoding="utf-8", newline="")
        except OSError as error:
            self.notify(f"{path} can't be written: {error.strerror}", severity="error", markup=False)
            return
        self.notify(f"{len(requests)} requests written to {path}", markup=False)


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
