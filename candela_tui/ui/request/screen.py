"""The screen of one request."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from candela_tui.analysis.conversation import same_agent
from candela_tui.exchange import Outcome
from candela_tui.store.errors import StoreError
from candela_tui.ui.bodies import Side
from candela_tui.ui.closable import Closable
from candela_tui.ui.compare.screen import CompareScreen
from candela_tui.ui.footer import KeyFooter
from candela_tui.ui.ledger import Change
from candela_tui.ui.lines.search_bar import SearchBar
from candela_tui.ui.lines.text_view import TextView
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.request.actions.request_actions import RequestActions
from candela_tui.ui.request.headers import HeadersPage
from candela_tui.ui.request.headline import Heading, Headline
from candela_tui.ui.request.keys import request_keys
from candela_tui.ui.request.loading import load_subject, tries_of
from candela_tui.ui.request.messages import MessagesPage
from candela_tui.ui.request.neighbours import Listed, Wanted, neighbour_of
from candela_tui.ui.request.open_pages import OpenPages
from candela_tui.ui.request.overview import OverviewPage
from candela_tui.ui.request.page import Page, Subject
from candela_tui.ui.request.raw_request import RawRequestPage
from candela_tui.ui.request.raw_response import RawResponsePage
from candela_tui.ui.request.response import ResponsePage
from candela_tui.ui.request.system import SystemPage
from candela_tui.ui.request.tab_bar import TabBar
from candela_tui.ui.request.tools import ToolsPage
from candela_tui.ui.sides import has_two_sides, side_name
from candela_tui.ui.sources import Sources

PAGES: tuple[type[Page], ...] = (
    OverviewPage,
    MessagesPage,
    SystemPage,
    ToolsPage,
    ResponsePage,
    HeadersPage,
    RawRequestPage,
    RawResponsePage,
)
_TITLES = tuple(page.title for page in PAGES)
_RAW = (RawRequestPage.title, RawResponsePage.title)
_ERRORS = frozenset({Outcome.ERROR, Outcome.CUT, Outcome.BLOCKED})


class RequestScreen(Closable[None]):
    """Shows one page at a time; each keeps its place."""

    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar[list[BindingType]] = request_keys(_TITLES)

    def __init__(self, sources: Sources, exchange_id: str, listed: Listed, *, page: int = 0) -> None:
        super().__init__()
        self._sources = sources
        self._listed = listed
        self._exchange_id = exchange_id
        self._number = page
        self._pretty = True
        self._side: Side = "client"
        self._subject: Subject | None = None
        self._headline = Headline(id="title")
        self._tabs = TabBar(_TITLES)
        self._view = TextView(id="view", preferences=sources.preferences)
        self._search = SearchBar(self._view)
        self._pages = OpenPages(self._view, self._show_position)
        self._actions = RequestActions(self, self, self._pages)

    def compose(self) -> ComposeResult:
        """What it is, the tabs, the page, the search, keys."""
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
        """Hold nothing of the request's bodies any more."""
        self._pages.close()
        self._subject = None

    def _show_exchange(self, exchange_id: str) -> None:
        self._exchange_id = exchange_id
        self._pages.forget()
        self._subject = None
        load: Callable[[], Awaitable[None]] = partial(self._load, exchange_id)
        self.run_worker(load, group="exchange", exclusive=True)

    async def _load(self, exchange_id: str) -> None:
        said = "The request is not recorded."
        try:
            subject = await load_subject(self._sources, exchange_id)
        except StoreError as error:
            subject, said = None, str(error)
        if subject is None:
            self._view.show_lines(WrittenLines([(), ((f" {said}", "warn"),)]))
            return
        self._subject = subject
        self._show_title()
        self._open()
        self.refresh_bindings()

    def _show_title(self) -> None:
        subject = self._subject
        if subject is None:
            return
        exchange = subject.exchange
        title = self._sources.ledger.session(exchange.session_id).title
        place = self._listed.place_of(exchange.id)
        side = side_name(exchange, self._side) if self._sides else None
        self._headline.show(Heading(exchange, subject.agent, title, subject.clock, place, side))

    @on(TextView.Moved)
    def _show_position(self) -> None:
        self._headline.show_position(*self._view.position)

    def take_change(self, change: Change) -> None:
        """The request may have grown."""
        subject = self._subject
        if subject is None:
            return
        for exchange in change.exchanges:
            if exchange.id == self._exchange_id:
                subject.take(exchange)
        self.refresh_bindings()
        if any(exchange.request_bytes == subject.exchange.request_bytes for exchange in change.exchanges):
            subject.tries = tries_of(self._sources, subject.exchange)
        if subject.exchange.session_id in change.sessions:
            self._show_title()
        self._pages.grew()

    def take_tick(self, tick: int) -> None:
        """The time goes on."""
        if self._subject is not None and self._subject.exchange.live:
            self._headline.update()
            self._pages.grew()

    def _open(self, *, at: float = 0) -> None:
        subject, width = self._subject, self._view.text_width
        if subject is None or not width:
            return
        kind = PAGES[self._number]
        side: Side = self._side if self._sides else "client"

        def make() -> Page:
            if kind is RawRequestPage:
                return RawRequestPage(subject, width, pretty=self._pretty, side=side)
            if kind is RawResponsePage:
                return RawResponsePage(subject, width, pretty=self._pretty, side=side)
            return kind(subject, width)

        self._pages.show(kind.title, make, subject.bodies, at=at)

    @property
    def _sides(self) -> bool:
        """Whether the tab in view shows one of two sides."""
        subject = self._subject
        return subject is not None and _TITLES[self._number] in _RAW and has_two_sides(subject.exchange)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Textual's hook: sides are changed where there are two."""
        return self._sides if action == "other_side" else True

    @property
    def subject(self) -> Subject | None:
        """The request that is shown; None: it is still to be found, or not recorded."""
        return self._subject

    @property
    def view(self) -> TextView:
        """What shows the page."""
        return self._view

    @on(TextView.Resized)
    def _resized(self) -> None:
        lines = max(1, len(self._view.lines))
        share = self._view.scroll_y / lines
        self._pages.forget()
        self._open(at=round(share * lines))

    @on(TabBar.Chosen)
    def _tab_chosen(self, event: TabBar.Chosen) -> None:
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
        """Show the next page, around the end."""
        self.action_open_page((self._number + step) % len(PAGES))

    def action_step(self, step: int) -> None:
        """Show the next request of the list on the same page."""
        self._go(step, "There is no later request." if step > 0 else "There is no earlier request.")

    def action_step_same_agent(self, step: int) -> None:
        """Show the next request of the same agent."""
        subject = self._subject
        if subject is not None:
            here = subject.exchange
            self._go_to(step, lambda other: same_agent(other, here), f"of {subject.agent}")

    def action_next_agent(self) -> None:
        """Show the next request of another agent."""
        subject = self._subject
        if subject is not None:
            here = subject.exchange
            self._go_to(1, lambda other: not same_agent(other, here), "of another agent")

    def action_next_error(self) -> None:
        """Show the next request that failed."""
        self._go_to(1, lambda other: other.outcome in _ERRORS, "that failed")

    def _go_to(self, step: int, wanted: Wanted, what: str) -> None:
        self._go(step, f"There is no {'later' if step > 0 else 'earlier'} request {what}.", wanted)

    def _go(self, step: int, otherwise: str, wanted: Wanted | None = None) -> None:
        if self._subject is None:
            return
        neighbour = neighbour_of(self._subject.exchange, step, wanted, self._listed, self._sources.ledger)
        if neighbour is None:
            self.notify(otherwise, timeout=2)
        else:
            self._show_exchange(neighbour)

    def action_compare(self) -> None:
        """Compare with the request before."""
        self.app.push_screen(CompareScreen(self._sources, self._exchange_id))

    def action_mark(self) -> None:
        """Mark the request, or take its mark away."""
        marked = self._listed.toggle_mark(self._exchange_id)
        said = "It is not in the list any more." if marked is None else "Marked" if marked else "No longer marked"
        self.notify(said, timeout=2)

    def action_other_side(self) -> None:
        """Change between the bytes of the client and those of the provider."""
        self._side = "provider" if self._side == "client" else "client"
        for title in _RAW:
            self._pages.forget(title)
        self._show_title()
        self._open()

    def action_toggle_pretty(self) -> None:
        """Change between indented JSON and the bytes' own lines."""
        self._pretty = not self._pretty
        for title in _RAW:
            self._pages.forget(title)
        if _TITLES[self._number] in _RAW:
            self._open()
        else:
            self.action_open_page(_TITLES.index(_RAW[0]))

    def action_follow(self) -> None:
        """Stay at the end."""
        self._view.action_bottom()

    def action_copy(self) -> None:
        """Copy the most particular thing."""
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
        """Ask for words to find."""
        self._search.open()

    @on(TextView.Searched)
    def _searched(self) -> None:
        self._search.show_state()

    def action_hit(self, step: int) -> None:
        """Go to the next hit."""
        self._view.next_hit(step)

    def action_back(self) -> None:
        """Leave the search, or the screen."""
        if not self._search.close():
            self.dismiss()
