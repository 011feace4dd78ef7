"""The first screen."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.screen import Screen

from candela_tui.exchange import Exchange
from candela_tui.ui import clipboard
from candela_tui.ui.dashboard.choice import Choice
from candela_tui.ui.dashboard.header import Header
from candela_tui.ui.dashboard.note import NoteLine
from candela_tui.ui.dashboard.panes import Panes
from candela_tui.ui.dashboard.preview import PreviewPane
from candela_tui.ui.dashboard.requests_pane import RequestsPane
from candela_tui.ui.dashboard.sessions_pane import SessionsPane
from candela_tui.ui.dashboard.timeline import TimelineOf, TimelinePane
from candela_tui.ui.dashboard.totals import TotalsLine
from candela_tui.ui.dashboard.usage_dialog import UsageDialog
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
    AUTO_FOCUS = ""
    """Nothing has the focus until there is a session: keys are not for what is not to be seen."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "e",
            "export",
            "Export",
            tooltip="Write requests into a file, as CSV or JSON",
            id="dashboard.export",
        ),
        Binding(
            "u",
            "usage",
            "Usage",
            tooltip="Tokens and cost by model and by day",
            id="dashboard.usage",
        ),
        Binding(
            "y",
            "copy_id",
            "Copy id",
            tooltip="Copy the id of the session or sub-agent",
            id="dashboard.copy_id",
        ),
        Binding(
            "exclamation_mark",
            "notices",
            "Warnings",
            key_display="!",
            show=False,
            tooltip="What went wrong",
            id="dashboard.notices",
        ),
        Binding("q", "leave", "Quit", tooltip="Leave candela; asks where that ends live streams", id="dashboard.leave"),
    ]

    def __init__(self, sources: Sources) -> None:
        super().__init__()
        self._sources = sources
        self._header = Header(sources)
        self._note = NoteLine(sources)
        self._welcome = Welcome(sources)
        self._panes = Panes(sources)
        self._totals = TotalsLine(id="totals")
        self._empty = True
        self._filter = ""
        """What the totals and the time-line follow."""

    def compose(self) -> ComposeResult:
        """Header, the panes (or the welcome), totals, keys."""
        yield self._header
        yield self._note
        yield self._welcome
        yield self._panes
        yield self._totals
        yield KeyFooter()

    def on_mount(self) -> None:
        """Show what is known."""
        self.set_interval(_AGES_INTERVAL_S, self._show_sessions)
        self._arrange()
        self._header.update()
        self._show_sessions()

    def on_resize(self, event: Resize) -> None:
        """Another size may need another arrangement."""
        self._arrange()

    def on_screen_resume(self) -> None:
        """The size, or what the user likes, may have changed meanwhile."""
        self._arrange()

    def _arrange(self) -> None:
        self._welcome.display = self._empty
        self._panes.display = not self._empty
        self._panes.lay_out()
        layout = self._panes.layout_now
        self._totals.display = layout.totals and not self._empty
        self._note.show(quiet=layout.single)

    def take_change(self, change: Change) -> None:
        """Show changed exchanges."""
        self._header.update()
        self._show_emptiness()
        panes = self._panes
        panes.sessions.take_change(change)
        panes.requests.take_change(change)
        panes.preview.take_change(change)
        choice = panes.requests.choice
        if choice is not None and any(map(choice.includes, change.sessions)):
            panes.timeline.changed()

    def take_tick(self, tick: int) -> None:
        """Draw what is live."""
        panes = self._panes
        panes.sessions.rows.tick(tick)
        panes.requests.rows.tick(tick)
        panes.preview.take_tick()
        panes.timeline.take_tick(tick)
        if tick % TICKS_A_SECOND == 0 and self._sources.ledger.behind:
            self._show_sessions()

    def show_notices(self) -> None:
        """Count the warnings anew; what holds all the time may have changed with one."""
        self._header.update()
        self._note.show(quiet=self._panes.layout_now.single)

    def show_credentials(self) -> None:
        """They stand otherwise now."""
        self._header.update()
        self._welcome.show_credentials()

    def _show_sessions(self) -> None:
        self._show_emptiness()
        self._panes.sessions.show()
        self._panes.requests.show_names()
        self._show_totals()

    def _show_emptiness(self) -> None:
        if self._empty != self._sources.ledger.empty:
            self._empty = not self._empty
            self._arrange()

    def _show_totals(self, *, anew: bool = False) -> None:
        requests = self._panes.requests
        choice = requests.choice
        if choice is None:
            return
        ledger = self._sources.ledger
        if choice.every:
            totals, latest = ledger.totals(), ledger.newest
        else:
            session = ledger.session(choice.session_id)
            agent = session.agents.get(choice.agent_id or "")
            totals = agent.totals if agent else session.totals
            latest = ledger.latest(choice.session_id)
        subscription = latest is not None and latest.subscription
        if self._filter:
            self._totals.show_some(
                lambda: requests.exchanges, share=requests.share, subscription=subscription, anew=anew
            )
        else:
            self._totals.show(totals, subscription=subscription)

    @on(SessionsPane.Chosen)
    def _session_chosen(self, event: SessionsPane.Chosen) -> None:
        requests = self._panes.requests
        if requests.choice is None:
            self._panes.show_requests()
        requests.show(event.choice)
        self._panes.timeline.show(self._timeline_of(event.choice))
        self._show_totals(anew=True)

    def _timeline_of(self, choice: Choice) -> TimelineOf:
        ledger, requests = self._sources.ledger, self._panes.requests

        def exchanges() -> Iterable[Exchange]:
            if self._filter:
                return requests.exchanges
            every = choice.requests(ledger)
            return (each for each in every if choice.agent_id in (None, each.agent_id))

        def names() -> Mapping[str, str]:
            return requests.agent_names

        return TimelineOf(exchanges, names)

    @on(SessionsPane.Entered)
    def _session_entered(self) -> None:
        self._panes.show_requests()

    @on(RequestsPane.Shown)
    def _requests_shown(self) -> None:
        requests = self._panes.requests
        anew = self._filter != requests.filter_text
        self._filter = requests.filter_text
        self._show_chosen_request(requests.exchange_id)
        self._show_totals(anew=anew)
        if anew and requests.choice is not None:
            self._panes.timeline.show(self._timeline_of(requests.choice))

    @on(RequestsPane.Used)
    def _requests_used(self) -> None:
        self._panes.sessions.stay()

    @on(RequestsPane.Moved)
    def _request_chosen(self, event: RequestsPane.Moved) -> None:
        self._show_chosen_request(event.exchange_id)

    def _show_chosen_request(self, exchange_id: str | None) -> None:
        self._panes.preview.show(exchange_id)
        self._panes.timeline.mark(exchange_id)

    @on(TimelinePane.Chosen)
    def _time_chosen(self, event: TimelinePane.Chosen) -> None:
        """Put the cursor on the request, or on the next one where the list does not have it."""
        requests = self._panes.requests
        if requests.listed.neighbour_of(event.exchange_id, 0) is None:
            later = (row.key for row in requests.rows.rows if str(row.key) > event.exchange_id)
            requests.rows.move_to(next(later, requests.rows.cursor_key))

    @on(TimelinePane.Opened)
    def _time_opened(self) -> None:
        self._panes.requests.rows.action_open()

    @on(RequestsPane.Opened)
    @on(PreviewPane.Opened)
    def _request_opened(self, event: RequestsPane.Opened | PreviewPane.Opened) -> None:
        self._panes.sessions.stay()
        self.app.push_screen(RequestScreen(self._sources, event.exchange_id, self._panes.requests.listed))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Textual's hook: without a session there is nothing to export or to copy."""
        return self._panes.requests.choice is not None if action in ("export", "copy_id", "usage") else True

    def action_notices(self) -> None:
        """List the warnings."""
        self.app.push_screen(NoticesDialog(self._sources))

    def action_export(self) -> None:
        """Choose what of the session to write into a file."""
        self._panes.requests.action_export()

    def action_usage(self) -> None:
        """Show what the chosen requests used, by model and by day."""
        requests = self._panes.requests
        if requests.choice is not None:
            of = self._timeline_of(requests.choice)
            self.app.push_screen(UsageDialog(requests.whose, of.exchanges, self._sources.clock))

    def action_copy_id(self) -> None:
        """Copy the id of the session or sub-agent that is chosen."""
        choice = self._panes.sessions.choice
        text = (choice.agent_id or choice.session_id) if choice is not None else None
        if text:
            clipboard.copy(self, text, text)
        elif choice is not None and choice.every:
            self.notify("All sessions have no id of their own: choose one of them.", timeout=3)

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
