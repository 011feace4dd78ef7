"""The first screen of candela."""

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Resize
from textual.screen import Screen

from candela_tui.exchange import Exchange
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.keys.commands import Command
from candela_tui.ui.screens.dashboard.header.header import Header, NoteLine
from candela_tui.ui.screens.dashboard.header.tour import Tour
from candela_tui.ui.screens.dashboard.intercept.screen import InterceptScreen
from candela_tui.ui.screens.dashboard.layout.panes import Panes
from candela_tui.ui.screens.dashboard.limits_dialog import LimitsDialog
from candela_tui.ui.screens.dashboard.preview.preview_pane import PreviewPane
from candela_tui.ui.screens.dashboard.requests.requests_pane import RequestsPane
from candela_tui.ui.screens.dashboard.selection import Selection
from candela_tui.ui.screens.dashboard.sessions.sessions_pane import SessionsPane
from candela_tui.ui.screens.dashboard.timeline.timeline import TimelinePane, TimelineSource
from candela_tui.ui.screens.dashboard.totals import TotalsLine
from candela_tui.ui.screens.dashboard.usage_dialog import UsageDialog
from candela_tui.ui.screens.dashboard.welcome import Welcome
from candela_tui.ui.screens.dialogs.notices import NoticesDialog
from candela_tui.ui.screens.dialogs.quit import QuitDialog
from candela_tui.ui.screens.request.pages.cache import CachePage
from candela_tui.ui.screens.request.pages.context import ContextPage
from candela_tui.ui.screens.request.pages.overview import OverviewPage
from candela_tui.ui.screens.request.pages.page import Page
from candela_tui.ui.screens.request.screen import RequestScreen
from candela_tui.ui.screens.search.screen import SearchScreen
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.state.loaded_exchanges import Change
from candela_tui.ui.style.spinner import TICKS_A_SECOND
from candela_tui.ui.terminal import clipboard
from candela_tui.ui.widgets.footer import KeyFooter

_AGES_INTERVAL_S = 5.0


class DashboardScreen(Screen[None]):
    """The dashboard: sessions, and the requests of the selected one."""

    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = ""
    """Nothing has the focus until there is a session: keys should not act on hidden panes."""
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("dashboard.export", "e", "export", "Export", "Export requests to a CSV or JSON file", footer=True),
        bind("dashboard.usage", "u", "usage", "Usage", "Show tokens and cost by model and by day", footer=True),
        bind("dashboard.limits", "U", "limits", "Limits", "Show how the limits of the subscription fill"),
        bind("dashboard.budgets", "b", "budgets", "Budgets", "Show budgets and rules, and change them"),
        bind("dashboard.keys", "K", "keys", "Keys", "Show candela's own keys, and make or withdraw some"),
        bind("dashboard.context", "c", "open_context", "Context", "Show what fills the request's context window"),
        bind("dashboard.cache", "x", "open_cache", "Cache", "Show what was read from the cache, and why"),
        bind("dashboard.search", "S", "search", "Search", "Search the text of all sessions"),
        bind("dashboard.intercept", "i", "intercept", "Intercept", "Hold requests that match a filter, and edit them"),
        bind("dashboard.copy_id", "y", "copy_id", "Copy id", "Copy the id of the session or sub-agent", footer=True),
        bind("dashboard.notices", "exclamation_mark", "notices", "Warnings", "List the warnings", shown_as="!"),
        bind("dashboard.leave", "q", "leave", "Quit", "Quit candela; asks first if requests are live", footer=True),
    ]

    def __init__(self, sources: DataSources) -> None:
        super().__init__()
        self._sources = sources
        self._header = Header(sources)
        self._note = NoteLine(sources)
        self._tour = Tour()
        self._welcome = Welcome(sources)
        self._panes = Panes(sources)
        self._totals = TotalsLine(id="totals")
        self._empty = True
        self._filter = ""
        """The filter that the totals and the timeline follow."""

    @property
    def filter_text(self) -> str:
        """The filter of the requests."""
        return self._filter

    @property
    def exchange_id(self) -> str | None:
        """The request with the cursor."""
        return self._panes.requests.exchange_id

    def compose(self) -> ComposeResult:
        """Lay out the header, the panes (or the welcome), the totals and the footer."""
        yield self._header
        yield self._note
        yield self._tour
        yield self._welcome
        yield self._panes
        yield self._totals
        yield KeyFooter()

    def on_mount(self) -> None:
        """Show what is loaded."""
        self.set_interval(_AGES_INTERVAL_S, self._show_sessions)
        self._arrange()
        self._header.update()
        self._show_sessions()

    def on_resize(self, event: Resize) -> None:
        """Arrange the panes for the new size."""
        self._arrange()

    def on_screen_resume(self) -> None:
        """Arrange the panes: the size or the preferences may have changed meanwhile."""
        self._arrange()

    def _arrange(self) -> None:
        self._welcome.display = self._empty
        self._panes.display = not self._empty
        self._panes.lay_out()
        layout = self._panes.arrangement
        self._totals.display = layout.totals and not self._empty
        self._note.show(quiet=layout.single)
        self._tour.display = self._sources.status.tour and not self._empty and not layout.single

    def take_change(self, change: Change) -> None:
        """Show changed exchanges."""
        self._header.update()
        self._note.show(quiet=self._panes.arrangement.single)
        self._show_emptiness()
        panes = self._panes
        panes.sessions.take_change(change)
        panes.requests.take_change(change)
        panes.preview.take_change(change)
        selection = panes.requests.selection
        if selection is not None and any(map(selection.includes, change.sessions)):
            panes.timeline.changed()

    def take_tick(self, tick: int) -> None:
        """Animate what is live."""
        panes = self._panes
        panes.sessions.rows.tick(tick)
        panes.requests.rows.tick(tick)
        panes.preview.take_tick()
        panes.timeline.take_tick(tick)
        if tick % TICKS_A_SECOND == 0 and self._sources.loaded.behind:
            self._show_sessions()

    def show_notices(self) -> None:
        """Update the number of warnings, and the note."""
        self._header.update()
        self._note.show(quiet=self._panes.arrangement.single)

    def show_budgets(self) -> None:
        """Update how the budgets stand."""
        self._header.update()
        self._panes.sessions.show()

    def show_credentials(self) -> None:
        """Update the state of the credentials."""
        self._header.update()
        self._welcome.show_credentials()

    def _show_sessions(self) -> None:
        self._show_emptiness()
        self._panes.sessions.show()
        self._panes.requests.show_names()
        self._show_totals()

    def _show_emptiness(self) -> None:
        if self._empty != self._sources.loaded.empty:
            self._empty = not self._empty
            self._arrange()

    def _show_totals(self, *, reset: bool = False) -> None:
        requests = self._panes.requests
        selection = requests.selection
        if selection is None:
            return
        loaded = self._sources.loaded
        if selection.every:
            totals, latest = loaded.totals(), loaded.newest
        else:
            session = loaded.session(selection.session_id)
            agent = session.agents.get(selection.agent_id or "")
            totals = agent.totals if agent else session.totals
            latest = loaded.latest(selection.session_id)
        subscription = latest is not None and latest.subscription
        if self._filter:
            self._totals.show_some(
                lambda: requests.exchanges, share=requests.share, subscription=subscription, reset=reset
            )
        else:
            self._totals.show(totals, subscription=subscription)

    @on(SessionsPane.SelectionChanged)
    def _session_chosen(self, event: SessionsPane.SelectionChanged) -> None:
        requests = self._panes.requests
        if requests.selection is None:
            self._panes.show_requests()
        requests.show(event.selection)
        self._panes.timeline.show(self._timeline_of(event.selection))
        self._show_totals(reset=True)

    def _timeline_of(self, selection: Selection) -> TimelineSource:
        loaded, requests = self._sources.loaded, self._panes.requests

        def exchanges() -> Iterable[Exchange]:
            if self._filter:
                return requests.exchanges
            every = selection.requests(loaded)
            return (each for each in every if selection.agent_id in (None, each.agent_id))

        def names() -> Mapping[str, str]:
            return requests.agent_names

        return TimelineSource(exchanges, names)

    @on(SessionsPane.Entered)
    def _session_entered(self) -> None:
        self._panes.show_requests()

    @on(RequestsPane.ListChanged)
    def _requests_shown(self) -> None:
        requests = self._panes.requests
        reset = self._filter != requests.filter_text
        self._filter = requests.filter_text
        self._show_chosen_request(requests.exchange_id)
        self._show_totals(reset=reset)
        if reset and requests.selection is not None:
            self._panes.timeline.show(self._timeline_of(requests.selection))

    @on(RequestsPane.Used)
    def _requests_used(self) -> None:
        self._panes.sessions.stay()

    @on(RequestsPane.Moved)
    def _request_chosen(self, event: RequestsPane.Moved) -> None:
        self._show_chosen_request(event.exchange_id)

    def _show_chosen_request(self, exchange_id: str | None) -> None:
        self._panes.preview.show(exchange_id)
        self._panes.timeline.mark(exchange_id)

    @on(TimelinePane.TimeSelected)
    def _time_chosen(self, event: TimelinePane.TimeSelected) -> None:
        """Move the cursor to the request, or to the next one if the list does not contain it."""
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
        self._open(event.exchange_id)

    def _open(self, exchange_id: str, page: type[Page] = OverviewPage) -> None:
        self._panes.sessions.stay()
        self.app.push_screen(RequestScreen(self._sources, exchange_id, self._panes.requests.listed, page=page))

    def action_open_context(self) -> None:
        """Show what fills the context window at the selected request."""
        if self._panes.requests.exchange_id is not None:
            self._open(self._panes.requests.exchange_id, ContextPage)

    def action_open_cache(self) -> None:
        """Show what of the selected request was read from the cache."""
        if self._panes.requests.exchange_id is not None:
            self._open(self._panes.requests.exchange_id, CachePage)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable exporting and copying without a session. (Textual's hook.)"""
        return self._panes.requests.selection is not None if action in ("export", "copy_id", "usage") else True

    def action_notices(self) -> None:
        """List the warnings."""
        self.app.push_screen(NoticesDialog(self._sources))

    def action_export(self) -> None:
        """Choose which requests to export."""
        self._panes.requests.action_export()

    def action_usage(self) -> None:
        """Show the usage of the selected requests, by model and by day."""
        requests = self._panes.requests
        if requests.selection is not None:
            of = self._timeline_of(requests.selection)
            self.app.push_screen(UsageDialog(requests.whose, of.exchanges, self._sources.clock))

    def action_budgets(self) -> None:
        """Open the screen of budgets and rules."""
        # Import it here: most dashboards never show it.
        from candela_tui.ui.screens.budgets.screen import BudgetsScreen

        self.app.push_screen(BudgetsScreen(self._sources))

    def action_keys(self) -> None:
        """Open the screen of candela's own keys."""
        # Import it here: most dashboards never show it.
        from candela_tui.ui.screens.keys.screen import KeysScreen

        self.app.push_screen(KeysScreen(self._sources))

    def action_limits(self) -> None:
        """Show how the limits of the subscription fill."""
        self.app.push_screen(LimitsDialog(self._sources))

    def commands(self) -> Iterator[Command]:
        """Yield the command line's command for the search."""
        yield Command("search", "Search the text of all sessions", self._search)

    def action_search(self) -> None:
        """Search the text of all sessions."""
        self._search("")

    def _search(self, words: str) -> None:
        finder = self._sources.finder
        if finder is None:
            server = self._sources.status.server
            off = "The search is off. Set history.search to true in the settings, and start candela again."
            self.notify(f"{server} can't be searched from another machine." if server else off, severity="warning")
        else:
            self.app.push_screen(SearchScreen(self._sources, finder, words))

    def action_intercept(self) -> None:
        """Hold requests, and show those that are held."""
        control = self._sources.control
        if control is None:
            self.notify(
                "Requests can't be held from here: this dashboard reads the store, and does not reach the proxy.",
                severity="warning",
            )
        else:
            self.app.push_screen(InterceptScreen(self._sources, control))

    def action_copy_id(self) -> None:
        """Copy the id of the selected session or sub-agent."""
        selection = self._panes.sessions.selection
        text = (selection.agent_id or selection.session_id) if selection is not None else None
        if text:
            clipboard.copy(self, text, text)
        elif selection is not None and selection.every:
            self.notify("This row stands for all sessions and has no id. Select one session.", timeout=3)

    def action_leave(self) -> None:
        """Quit; ask first if that cuts live requests."""
        live = self._sources.feed.lost_by_leaving()
        if not live:
            self.app.exit(0)
            return

        def answered(leave: bool | None) -> None:
            if leave:
                self.app.exit(0)

        self.app.push_screen(QuitDialog(live), answered)
