"""The screen of one request."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from candela_tui.analysis.conversation import same_agent
from candela_tui.analysis.traffic_side import TrafficSide, has_two_sides, side_name
from candela_tui.exchange import Outcome
from candela_tui.fulltext.texts import Place
from candela_tui.store.errors import StoreError
from candela_tui.ui.deferred import deferred
from candela_tui.ui.screens.compare.screen import CompareScreen
from candela_tui.ui.screens.request.actions.request_actions import RequestActions
from candela_tui.ui.screens.request.headline import Headline, HeadlineFacts
from candela_tui.ui.screens.request.keys import request_keys
from candela_tui.ui.screens.request.loading import changes_at, load_request, tries_of
from candela_tui.ui.screens.request.navigation import SourceList, Wanted, neighbour_of
from candela_tui.ui.screens.request.open_pages import OpenPages
from candela_tui.ui.screens.request.pages.answer_lines import block_section
from candela_tui.ui.screens.request.pages.cache import CachePage
from candela_tui.ui.screens.request.pages.context import ContextPage
from candela_tui.ui.screens.request.pages.headers import HeadersPage
from candela_tui.ui.screens.request.pages.messages import MessagesPage, message_section
from candela_tui.ui.screens.request.pages.overview import OverviewPage
from candela_tui.ui.screens.request.pages.page import Page, ShownRequest
from candela_tui.ui.screens.request.pages.raw_request import RawRequestPage
from candela_tui.ui.screens.request.pages.raw_response import RawResponsePage
from candela_tui.ui.screens.request.pages.response import ResponsePage
from candela_tui.ui.screens.request.pages.system import SystemPage
from candela_tui.ui.screens.request.pages.tools import ToolsPage
from candela_tui.ui.screens.request.pages.turn import TurnPage
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.state.loaded_exchanges import Change
from candela_tui.ui.widgets.closable import Closable
from candela_tui.ui.widgets.footer import KeyFooter
from candela_tui.ui.widgets.search_bar import SearchBar
from candela_tui.ui.widgets.tab_bar import TabBar, TabName
from candela_tui.ui.widgets.text_view.text_view import TextView
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

PAGES: tuple[type[Page], ...] = (
    OverviewPage,
    MessagesPage,
    SystemPage,
    ToolsPage,
    ResponsePage,
    ContextPage,
    CachePage,
    TurnPage,
    HeadersPage,
    RawRequestPage,
    RawResponsePage,
)
_TITLES = tuple(page.title for page in PAGES)
_TABS = tuple(TabName(page.key, page.title) for page in PAGES)
_RAW = (RawRequestPage.title, RawResponsePage.title)
_ERRORS = frozenset({Outcome.ERROR, Outcome.CUT, Outcome.BLOCKED})


@dataclass(frozen=True, slots=True)
class SoughtText:
    """A text of the request that was searched for."""

    place: Place
    words: str
    """Words of it as it has them; empty if they are not known."""

    @property
    def page(self) -> str:
        """The title of the page that it is on."""
        return ResponsePage.title if self.place.message is None else MessagesPage.title

    @property
    def section(self) -> str:
        """The section of the page that it is in."""
        place = self.place
        return block_section(place.block) if place.message is None else message_section(place.message)


class RequestScreen(Closable[None]):
    """Show one page of a request at a time; each page keeps its scroll position."""

    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar[list[BindingType]] = request_keys(_TABS)

    def __init__(
        self,
        sources: DataSources,
        exchange_id: str,
        listed: SourceList,
        *,
        sought: SoughtText | None = None,
        page: type[Page] = OverviewPage,
    ) -> None:
        """``sought`` is a text to go to; without one, ``page`` is shown."""
        super().__init__()
        self._sought = sought
        self._sources = sources
        self._listed = listed
        self._exchange_id = exchange_id
        self._number = PAGES.index(page) if sought is None else _TITLES.index(sought.page)
        self._pretty = True
        self._side: TrafficSide = "client"
        self._request: ShownRequest | None = None
        self._headline = Headline(id="title")
        self._tabs = TabBar(_TABS)
        self._view = TextView(id="view", preferences=sources.preferences)
        self._search = SearchBar(self._view)
        self._pages = OpenPages(self._view, self._show_position)
        self._actions = RequestActions(self, self, self._pages)

    def compose(self) -> ComposeResult:
        """Lay out the headline, the tabs, the page, the search bar and the footer."""
        yield self._headline
        yield self._tabs
        yield self._view
        yield self._search
        yield KeyFooter()

    def on_mount(self) -> None:
        """Show the request."""
        self._view.focus()
        self._tabs.activate(self._number)
        self._show_exchange(self._exchange_id)

    def on_unmount(self) -> None:
        """Release the request's bodies."""
        self._pages.close()
        self._request = None

    def _show_exchange(self, exchange_id: str) -> None:
        self._exchange_id = exchange_id
        self._pages.forget()
        self._request = None
        load = deferred(self._load, exchange_id)
        self.run_worker(load, group="exchange", exclusive=True)

    async def _load(self, exchange_id: str) -> None:
        said = "The request was not recorded."
        try:
            request = await load_request(self._sources, exchange_id)
        except StoreError as error:
            request, said = None, str(error)
        if request is None:
            self._view.show_lines(WrittenLines([(), ((f" {said}", "warn"),)]))
            return
        self._request = request
        self._show_title()
        self._open()
        sought, self._sought = self._sought, None
        if sought is not None and sought.words:
            self._search.search_for(sought.words, sought.section)
        self.refresh_bindings()

    def _show_title(self) -> None:
        request = self._request
        if request is None:
            return
        exchange = request.exchange
        title = self._sources.loaded.session(exchange.session_id).title
        place = self._listed.place_of(exchange.id)
        side = side_name(exchange, self._side) if self._sides else None
        self._headline.show(HeadlineFacts(exchange, request.agent, title, request.clock, place, side))

    @on(TextView.Moved)
    def _show_position(self) -> None:
        self._headline.show_position(self._view.position)

    def take_change(self, change: Change) -> None:
        """Show changes of the request."""
        request = self._request
        if request is None:
            return
        for exchange in change.exchanges:
            if exchange.id == self._exchange_id:
                request.take(exchange)
        self.refresh_bindings()
        if any(exchange.request_bytes == request.exchange.request_bytes for exchange in change.exchanges):
            request.tries = tries_of(self._sources, request.exchange)
            request.served_changes = changes_at(self._sources, request.exchange)
        if request.exchange.session_id in change.sessions:
            self._show_title()
        self._pages.grew()

    def take_tick(self, tick: int) -> None:
        """Update the times of a live request."""
        if self._request is not None and self._request.exchange.live:
            self._headline.update()
            self._pages.grew()

    def _open(self, *, at: float = 0) -> None:
        request, width = self._request, self._view.text_width
        if request is None or not width:
            return
        kind = PAGES[self._number]
        side: TrafficSide = self._side if self._sides else "client"

        def make() -> Page:
            if kind is RawRequestPage:
                return RawRequestPage(request, width, pretty=self._pretty, side=side)
            if kind is RawResponsePage:
                return RawResponsePage(request, width, pretty=self._pretty, side=side)
            return kind(request, width)

        self._pages.show(kind.title, make, request.bodies, at=at)

    @property
    def _sides(self) -> bool:
        """Whether the tab in view can show either of two sides."""
        request = self._request
        return request is not None and _TITLES[self._number] in _RAW and has_two_sides(request.exchange)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable the side key only if there are two sides. (Textual's hook.)"""
        return self._sides if action == "other_side" else True

    @property
    def exchange_id(self) -> str | None:
        """The id of the request; None while it is loading."""
        return self.request.exchange.id if self.request is not None else None

    @property
    def request(self) -> ShownRequest | None:
        """The request that is shown; None while it is loading, or if it was not recorded."""
        return self._request

    @property
    def view(self) -> TextView:
        """The view that shows the page."""
        return self._view

    @on(TextView.Resized)
    def _resized(self) -> None:
        lines = max(1, len(self._view.lines))
        share = self._view.scroll_y / lines
        self._pages.forget()
        self._open(at=round(share * lines))

    @on(TextView.LedTo)
    def _led_to_message(self, event: TextView.LedTo) -> None:
        self._pages.forget_place(MessagesPage.title)
        self._view.go_to(event.section)
        self.action_open_page(_TITLES.index(MessagesPage.title))

    @on(TabBar.TabSelected)
    def _tab_chosen(self, event: TabBar.TabSelected) -> None:
        self.action_open_page(event.number)

    def action_open_page(self, number: int) -> None:
        """Show a page."""
        if number != self._number:
            self._number = number
            self._tabs.activate(number)
            self._show_title()
            self._open()
            self.refresh_bindings()
        self._view.focus()

    def action_turn(self, step: int) -> None:
        """Show the next page, and the first after the last."""
        self.action_open_page((self._number + step) % len(PAGES))

    def action_step(self, step: int) -> None:
        """Show the next request of the list, on the same page."""
        self._go(step, "There is no later request." if step > 0 else "There is no earlier request.")

    def action_step_same_agent(self, step: int) -> None:
        """Show the next request of the same agent."""
        request = self._request
        if request is not None:
            here = request.exchange
            self._go_to(step, lambda other: same_agent(other, here), f"of {request.agent}")

    def action_next_agent(self) -> None:
        """Show the next request of another agent."""
        request = self._request
        if request is not None:
            here = request.exchange
            self._go_to(1, lambda other: not same_agent(other, here), "of another agent")

    def action_next_error(self) -> None:
        """Show the next request that failed."""
        self._go_to(1, lambda other: other.outcome in _ERRORS, "that failed")

    def _go_to(self, step: int, wanted: Wanted, what: str) -> None:
        self._go(step, f"There is no {'later' if step > 0 else 'earlier'} request {what}.", wanted)

    def _go(self, step: int, otherwise: str, wanted: Wanted | None = None) -> None:
        if self._request is None:
            return
        neighbour = neighbour_of(self._request.exchange, step, wanted, self._listed, self._sources.loaded)
        if neighbour is None:
            self.notify(otherwise, timeout=2)
        else:
            self._show_exchange(neighbour)

    def action_compare(self) -> None:
        """Compare with the previous request."""
        self.app.push_screen(CompareScreen(self._sources, self._exchange_id))

    def action_mark(self) -> None:
        """Mark or unmark the request."""
        marked = self._listed.toggle_mark(self._exchange_id)
        said = "The request is no longer in the list." if marked is None else "Marked" if marked else "Unmarked"
        self.notify(said, timeout=2)

    def action_other_side(self) -> None:
        """Switch between the client's and the provider's bytes."""
        self._side = "provider" if self._side == "client" else "client"
        for title in _RAW:
            self._pages.forget(title)
        self._show_title()
        self._open()

    def action_toggle_pretty(self) -> None:
        """Switch between indented JSON and the original lines."""
        self._pretty = not self._pretty
        for title in _RAW:
            self._pages.forget(title)
        if _TITLES[self._number] in _RAW:
            self._open()
        else:
            self.action_open_page(_TITLES.index(_RAW[0]))

    def action_follow(self) -> None:
        """Follow the end."""
        self._view.action_bottom()

    def action_copy(self) -> None:
        """Copy the most specific content."""
        self._actions.copy()

    def action_choose_copy(self) -> None:
        """Ask what to copy."""
        self._actions.choose_copy()

    def action_choose_save(self) -> None:
        """Ask what to save."""
        self._actions.choose_save()

    def action_outside(self, program: str) -> None:
        """Open the tab in a pager or editor."""
        self._actions.show_outside("editor" if program == "editor" else "pager")

    def action_search(self) -> None:
        """Open the search bar."""
        self._search.open()

    @on(TextView.Searched)
    def _searched(self) -> None:
        self._search.show_state()

    def action_hit(self, step: int) -> None:
        """Go to the next search hit."""
        self._view.next_hit(step)

    def action_back(self) -> None:
        """Close the search, or the screen."""
        if not self._search.close():
            self.dismiss()
