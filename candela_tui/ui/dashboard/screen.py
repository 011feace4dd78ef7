"""The first screen."""

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import Resize
from textual.screen import Screen
from textual.widget import Widget

from candela_tui.exchange import Exchange
from candela_tui.store.errors import StoreError
from candela_tui.ui.dashboard.header import Header
from candela_tui.ui.dashboard.layout import layout_for, next_place
from candela_tui.ui.dashboard.note import NoteLine
from candela_tui.ui.dashboard.pane import Frame
from candela_tui.ui.dashboard.preview import PreviewPane
from candela_tui.ui.dashboard.requests_pane import RequestsPane
from candela_tui.ui.dashboard.session_rows import Choice, agent_names
from candela_tui.ui.dashboard.sessions_pane import SessionsPane
from candela_tui.ui.dashboard.timeline import TimelineOf, TimelinePane
from candela_tui.ui.dashboard.totals import TotalsLine
from candela_tui.ui.dashboard.welcome import Welcome
from candela_tui.ui.dialogs.leave import LeaveDialog
from candela_tui.ui.dialogs.notices import NoticesDialog
from candela_tui.ui.footer import KeyFooter
from candela_tui.ui.ledger import Change
from candela_tui.ui.request.screen import RequestScreen
from candela_tui.ui.sources import Sources
from candela_tui.ui.spinner import TICKS_A_SECOND

_AGES_INTERVAL_S = 5.0


class DashboardScreen(Screen[None]):
    """Sessions, and the requests of the one that is chosen."""

    CSS_PATH = "screen.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]  # noqa: RUF012 - Textual's own form
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-high")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "e",
            "export",
            "Export",
            tooltip="Write the session's requests as CSV into the current directory",
            id="dashboard.export",
        ),
        Binding(
            "y",
            "copy_id",
            "Copy id",
            tooltip="Copy the id of the session or request to the clipboard",
            id="dashboard.copy_id",
        ),
        Binding(
            "p",
            "turn_preview",
            "Preview",
            tooltip="Preview the request with the cursor: beside the lists, below them, or not at all",
            id="dashboard.preview",
        ),
        Binding("z", "zoom", "Zoom", tooltip="The pane with the focus alone, or all again", id="dashboard.zoom"),
        Binding(
            "exclamation_mark",
            "notices",
            "Warnings",
            key_display="!",
            show=False,
            tooltip="What went wrong",
            id="dashboard.notices",
        ),
        Binding(
            "t",
            "toggle_timeline",
            "Time-line",
            tooltip="What was used over time, shown or not",
            id="dashboard.timeline",
        ),
        Binding(
            "T",
            "turn_timeline",
            "Time-line of",
            show=False,
            tooltip="Show tokens, cost or agents over time",
            id="dashboard.timeline_shows",
        ),
        Binding("1", "focus_pane('sessions')", "Sessions", show=False, tooltip="To the sessions", id="dashboard.1"),
        Binding("2", "focus_pane('requests')", "Requests", show=False, tooltip="To the requests", id="dashboard.2"),
        Binding("3", "focus_pane('preview')", "Preview", show=False, tooltip="To the preview", id="dashboard.3"),
        Binding("4", "focus_pane('timeline')", "Time-line", show=False, tooltip="To the time-line", id="dashboard.4"),
        Binding("h,left", "step_pane(-1)", "Left", show=False, tooltip="To the pane before", id="dashboard.left"),
        Binding("l,right", "step_pane(1)", "Right", show=False, tooltip="To the next pane", id="dashboard.right"),
        Binding(
            "tab",
            "step_pane(1, True)",
            "Next pane",
            show=False,
            tooltip="To the next pane, around the end",
            id="dashboard.next_pane",
        ),
        Binding(
            "shift+tab",
            "step_pane(-1, True)",
            "Previous pane",
            show=False,
            tooltip="To the pane before, around the end",
            id="dashboard.previous_pane",
        ),
        Binding(
            "escape", "back", "Back", show=False, tooltip="Out of the zoom, or to the requests", id="dashboard.back"
        ),
        Binding("q", "leave", "Quit", tooltip="Leave candela; asks where that ends live streams", id="dashboard.leave"),
    ]

    def __init__(self, sources: Sources) -> None:
        super().__init__()
        self._sources = sources
        self._header = Header(sources)
        self._sessions = SessionsPane(sources)
        self._requests = RequestsPane(sources)
        self._preview = PreviewPane(sources)
        self._timeline = TimelinePane(sources)
        self._welcome = Welcome(sources.status)
        self._totals = TotalsLine(id="totals")
        self._note = NoteLine(sources)
        self._panes: tuple[Frame, ...] = (self._sessions, self._requests, self._preview, self._timeline)
        for digit, pane in enumerate(self._panes, 1):
            pane.number_it(digit)
        self._empty = True
        self._layout = layout_for(80, 24, sources.preferences.now)
        self._zoomed: Frame | None = None

    def compose(self) -> ComposeResult:
        """Header, the lists (or the welcome), totals, keys."""
        yield self._header
        yield self._note
        yield self._welcome
        with Container(id="panes"):
            with Container(id="lists"):
                yield self._sessions
                yield self._requests
            yield self._preview
        yield self._timeline
        yield self._totals
        yield KeyFooter()

    def on_mount(self) -> None:
        """Show what is known."""
        self.set_interval(_AGES_INTERVAL_S, self._show_sessions)
        self._arrange()
        self._header.update()
        self._show_sessions()

    def take_change(self, change: Change) -> None:
        """Show changed exchanges."""
        self._header.update()
        self._show_emptiness()
        self._sessions.take_change(change)
        self._requests.take_change(change)
        self._preview.take_change(change)
        choice = self._requests.choice
        if choice is not None and choice.session_id in change.sessions:
            self._timeline.changed()

    def take_tick(self, tick: int) -> None:
        """Draw what is live."""
        self._sessions.rows.tick(tick)
        self._requests.rows.tick(tick)
        self._preview.take_tick()
        self._timeline.take_tick(tick)
        if tick % TICKS_A_SECOND == 0 and self._sources.ledger.behind:
            self._show_sessions()

    def show_notices(self) -> None:
        """Count the warnings anew; what holds all the time may have changed with one."""
        self._header.update()
        self._note.show()

    def _show_sessions(self) -> None:
        self._show_emptiness()
        self._sessions.show()
        self._show_totals()

    def _show_emptiness(self) -> None:
        if self._empty != self._sources.ledger.empty:
            self._empty = not self._empty
            self._arrange()

    def _show_totals(self) -> None:
        choice = self._sessions.choice
        if choice is None:
            return
        ledger = self._sources.ledger
        session = ledger.session(choice.session_id)
        agent = session.agents.get(choice.agent_id or "")
        requests = ledger.requests(choice.session_id)
        self._totals.show(
            agent.totals if agent else session.totals, subscription=bool(requests) and requests[-1].subscription
        )

    @on(SessionsPane.Chosen)
    def _session_chosen(self, event: SessionsPane.Chosen) -> None:
        if self._requests.choice is None:
            self._requests.rows.focus()
        self._requests.show(event.choice)
        self._timeline.show(self._timeline_of(event.choice))

    def _timeline_of(self, choice: Choice) -> TimelineOf:
        ledger = self._sources.ledger

        def exchanges() -> list[Exchange]:
            every = ledger.requests(choice.session_id)
            return [each for each in every if choice.agent_id in (None, each.agent_id)]

        def names() -> dict[str, str]:
            return agent_names(ledger.session(choice.session_id))

        return TimelineOf(exchanges, names)

    @on(SessionsPane.Entered)
    def _session_entered(self) -> None:
        self._requests.rows.focus()

    @on(RequestsPane.Shown)
    def _requests_shown(self) -> None:
        self._show_chosen_request(self._requests.exchange_id)
        self._show_totals()

    @on(RequestsPane.Moved)
    def _request_chosen(self, event: RequestsPane.Moved) -> None:
        self._show_chosen_request(event.exchange_id)

    def _show_chosen_request(self, exchange_id: str | None) -> None:
        self._preview.show(exchange_id)
        self._timeline.mark(exchange_id)

    @on(TimelinePane.Chosen)
    def _time_chosen(self, event: TimelinePane.Chosen) -> None:
        """Put the cursor on the request, or the next one where the list does not have it."""
        rows = self._requests.rows
        if not rows.move_to(event.exchange_id):
            later = (row.key for row in rows.rows if str(row.key) > event.exchange_id)
            rows.move_to(next(later, rows.cursor_key))

    @on(TimelinePane.Opened)
    def _time_opened(self) -> None:
        self._requests.rows.action_open()

    @on(RequestsPane.Opened)
    @on(PreviewPane.Opened)
    def _request_opened(self, event: RequestsPane.Opened | PreviewPane.Opened) -> None:
        self.app.push_screen(RequestScreen(self._sources, event.exchange_id, self._requests))

    def on_resize(self, event: Resize) -> None:
        """Another size may need another arrangement."""
        self._arrange()

    def on_screen_resume(self) -> None:
        """The size, or what the user likes, may have changed meanwhile."""
        self._arrange()

    def _arrange(self) -> None:
        size = self.app.size
        layout = self._layout = layout_for(size.width, size.height, self._sources.preferences.now)
        for name, is_on in layout.classes.items():
            self.set_class(is_on, name)
        if self._zoomed is not None and self._zoomed not in self._there:
            self._zoomed = None
        self.set_class(self._zoomed is not None, "-zoomed")
        here = self._here
        for pane in self._panes:
            pane.display = pane in self._there and self._zoomed in (None, pane)
            pane.make_compact(layout.compact)
        self.query_one("#lists").display = self._sessions.display or self._requests.display
        self.query_one("#panes").display = not self._empty and any(pane.display for pane in self._panes[:3])
        self._totals.display = not self._empty
        self._welcome.display = self._empty
        self._timeline.display = self._timeline.display and not self._empty
        self._preview.active = self._preview.display and not self._empty
        self._timeline.active = self._timeline.display
        if here is not None and not here.display:
            self._go_to(self._zoomed or self._requests)

    @property
    def _there(self) -> list[Frame]:
        """The panes of the arrangement, zoomed or not."""
        absent = {self._preview: self._layout.preview == "off", self._timeline: not self._layout.timeline}
        return [pane for pane in self._panes if not absent.get(pane)]

    @property
    def _here(self) -> Frame | None:
        """The pane with the focus."""
        widget: Widget | None = self.focused
        return next((node for node in widget.ancestors_with_self if isinstance(node, Frame)), None) if widget else None

    def _go_to(self, pane: Frame) -> None:
        if self._zoomed not in (None, pane):
            self._zoomed = pane
            self._arrange()
        pane.target.focus()

    def action_focus_pane(self, name: str) -> None:
        """Go to a pane, which comes into view for that."""
        pane = next(pane for pane in self._panes if pane.id == name)
        if pane not in self._there:
            self._turn_on(pane)
        self._go_to(pane)

    def _turn_on(self, pane: Frame) -> None:
        if pane is self._timeline:
            self._sources.preferences.change(timeline=True)
        else:
            self._sources.preferences.change(preview=next_place("off", self.app.size.width))
        self._arrange()

    def action_toggle_timeline(self) -> None:
        """Show the time-line, or no more."""
        self._sources.preferences.change(timeline=not self._layout.timeline)
        self._arrange()

    def action_turn_timeline(self) -> None:
        """Show something else over time."""
        if self._timeline not in self._there:
            self._turn_on(self._timeline)
        else:
            self._timeline.turn()

    def action_step_pane(self, step: int, around: bool = False) -> None:
        """Go to the next pane."""
        there, here = self._there, self._here
        place = there.index(here) + step if here in there else 0
        if around or 0 <= place < len(there):
            self._go_to(there[place % len(there)])

    def action_turn_preview(self) -> None:
        """Put the preview elsewhere, or away."""
        self._sources.preferences.change(preview=next_place(self._layout.preview, self.app.size.width))
        self._arrange()

    def action_zoom(self) -> None:
        """Show the pane with the focus alone, or all again."""
        self._zoomed = None if self._zoomed else self._here
        self._arrange()

    def action_back(self) -> None:
        """Leave the zoom, then go back to the requests."""
        if self._zoomed is not None:
            self.action_zoom()
        elif self._here not in (self._sessions, self._requests):
            self._go_to(self._requests)

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
        """Leave, after asking where that ends streams."""
        live = self._sources.feed.lost_by_leaving()
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
