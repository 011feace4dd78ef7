"""The screen of one request."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Footer, Input
from textual.worker import Worker

from candela_tui.exchange import Exchange
from candela_tui.store.errors import StoreError
from candela_tui.ui import words
from candela_tui.ui.dashboard.session_rows import agent_names
from candela_tui.ui.ink import Line, Piece
from candela_tui.ui.ledger import Change
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.lines.slices import in_slices
from candela_tui.ui.lines.text_view import TextView
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.request.bodies import Bodies
from candela_tui.ui.request.headers import HeadersPage
from candela_tui.ui.request.messages import MessagesPage
from candela_tui.ui.request.overview import OverviewPage
from candela_tui.ui.request.page import Page, Subject
from candela_tui.ui.request.raw_request import RawRequestPage
from candela_tui.ui.request.raw_response import RawResponsePage
from candela_tui.ui.request.response import ResponsePage
from candela_tui.ui.request.system import SystemPage
from candela_tui.ui.request.tab_bar import TabBar
from candela_tui.ui.request.tools import ToolsPage
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

_GROW_EVERY_S = 0.1
_ASK_STORE_EVERY_S = 1.0
_MOST_COPIED = 200_000
"""Characters. Terminals refuse more than some 100 kB to 1 MB in OSC 52."""

Neighbour = Callable[[str, int], str | None]
"""The id of the exchange so many places below (or above) one in the list; None: there is none."""


@dataclass(slots=True)
class _Opened:
    page: Page
    at: float = 0
    complete: bool = False


class RequestScreen(Screen[None]):
    """Shows one page at a time; each keeps its place."""

    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "Back"),
        Binding("left_square_bracket", "turn(-1)", "Tabs", key_display="[ ]", tooltip="Previous tab"),
        Binding("right_square_bracket", "turn(1)", "Next tab", show=False),
        *(Binding(str(n), f"open_page({n - 1})", title, show=False) for n, title in enumerate(_TITLES, 1)),
        Binding("J", "step(1)", "Next", tooltip="The next request, on the same tab"),
        Binding("K", "step(-1)", "Previous", tooltip="The previous request, on the same tab"),
        Binding("slash", "search", "Search", key_display="/"),
        Binding("n", "hit(1)", "Next hit", show=False),
        Binding("N", "hit(-1)", "Previous hit", show=False),
        Binding("p", "toggle_pretty", "Raw lines", tooltip="On the raw tabs: indented, or the bytes' own lines"),
        Binding("y", "copy", "Copy", tooltip="Copy the text of the tab to the clipboard"),
    ]

    def __init__(self, sources: Sources, exchange_id: str, neighbour: Neighbour, *, page: int = 0) -> None:
        super().__init__()
        self._sources = sources
        self._neighbour = neighbour
        self._exchange_id = exchange_id
        self._number = page
        self._pretty = True
        self._subject: Subject | None = None
        self._opened: dict[int, _Opened] = {}
        self._grew = asyncio.Event()
        self._worker: Worker[None] | None = None
        self._headline = OneLine(id="title")
        self._tabs = TabBar(_TITLES)
        self._view = TextView(id="view")
        self._state = OneLine(id="search-state")
        self._input = Input(id="search-input", compact=True, select_on_focus=True)

    def compose(self) -> ComposeResult:
        """What it is, the tabs, the page, the search, keys."""
        yield self._headline
        yield self._tabs
        yield self._view
        with Horizontal(id="search"):
            yield self._input
            yield self._state
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show the request."""
        self._view.focus()
        self._tabs.activate(self._number)
        self._show_exchange(self._exchange_id)

    def _show_exchange(self, exchange_id: str) -> None:
        self._exchange_id = exchange_id
        self._opened.clear()
        self._subject = None
        self._show_title()
        self.run_worker(self._load(exchange_id), group="exchange", exclusive=True)

    async def _load(self, exchange_id: str) -> None:
        exchange = self._sources.ledger.exchange(exchange_id)
        if exchange is None or not (exchange.live or exchange.request_headers):
            try:
                stored = await asyncio.to_thread(self._sources.history.exchange, exchange_id)
            except StoreError as error:
                stored = None
                self.notify(str(error), severity="warning")
            exchange = stored or exchange
        if exchange is None:
            self._view.show_lines(WrittenLines([(), ((" The request is not recorded.", "dim"),)]))
            return
        bodies = Bodies(self._sources, exchange_id)
        self._subject = Subject(
            exchange, bodies, self._sources.clock, self._agent(exchange), preferences=self._sources.preferences
        )
        self._show_title()
        self._open()

    def _agent(self, exchange: Exchange) -> str:
        if exchange.agent_id is None:
            return "main"
        session = self._sources.ledger.session(exchange.session_id)
        return agent_names(session).get(exchange.agent_id, exchange.agent_id)

    def _show_title(self) -> None:
        subject = self._subject
        if subject is None:
            self._headline.pieces = (("loading", "dim"),)
            return
        exchange = subject.exchange
        ink = {"ok": "good", "live": "accent"}.get(exchange.outcome.value, "bad")
        pieces: list[Piece] = [
            (f"{words.SIGNS[exchange.outcome]} ", ink),
            (words.time_of_day(exchange.started_at, subject.clock), "bright"),
            (f"   {subject.agent}", "text"),
            (f"   {words.model(exchange.model_used or exchange.model)}", "text"),
            (f"   {exchange.status if exchange.status is not None else '◌'}", ink),
            (f" {exchange.stop_reason or exchange.outcome.value}", "dim"),
            (f"   {words.cost(exchange.cost)}", "bright"),
        ]
        session = self._sources.ledger.session(exchange.session_id)
        if session.title:
            pieces.append((f"   {session.title}", "dim"))
        self._headline.pieces = tuple(pieces)

    def take_change(self, change: Change) -> None:
        """The request may have grown."""
        for exchange in change.exchanges:
            if exchange.id == self._exchange_id and self._subject is not None:
                self._subject.exchange = exchange
                self._show_title()
        self._grew.set()

    def take_tick(self, tick: int) -> None:
        """The time goes on."""
        if self._subject is not None and self._subject.exchange.live:
            self._grew.set()

    def _make(self, number: int, subject: Subject, width: int) -> Page:
        if PAGES[number] is RawRequestPage:
            return RawRequestPage(subject, width, pretty=self._pretty)
        if PAGES[number] is RawResponsePage:
            return RawResponsePage(subject, width, pretty=self._pretty)
        return PAGES[number](subject, width)

    def _open(self, *, at: float = 0) -> None:
        if self._subject is None or not self._view.text_width:
            return
        opened = self._opened.get(self._number)
        if opened is None:
            page = self._make(self._number, self._subject, self._view.text_width)
            opened = self._opened[self._number] = _Opened(page, at)
        self._worker = self.run_worker(self._write(opened), group="page", exclusive=True)

    async def _write(self, opened: _Opened) -> None:
        page = opened.page
        shown = None

        def grown() -> None:
            nonlocal shown
            if page.lines is not shown:
                shown = page.lines
                self._view.show_lines(shown, at=opened.at, follow=page.follows)
            else:
                # Lines before the place to show may only now be there.
                self._view.grew(at=opened.at if self._view.scroll_y < opened.at and not opened.complete else None)

        try:
            if opened.complete:
                grown()
            else:
                await in_slices(await page.open(), grown)
                opened.complete = True
            await self._grow(page, grown)
        except StoreError as error:
            self._view.show_lines(WrittenLines([(), ((f" {error}", "warn"),)]))

    async def _grow(self, page: Page, grown: Callable[[], None]) -> None:
        while True:
            self._grew.clear()
            steps = await page.more()
            if steps is not None:
                await in_slices(steps, grown)
            await self._grew.wait()
            subject = self._subject
            from_store = subject is not None and not subject.bodies.recorded_here
            await asyncio.sleep(_ASK_STORE_EVERY_S if from_store else _GROW_EVERY_S)

    def _keep_place(self) -> None:
        opened = self._opened.get(self._number)
        if opened is not None:
            opened.at = self._view.scroll_y
            if not opened.complete:
                # It is half written and its worker ends: it begins again when it is opened again.
                del self._opened[self._number]

    @on(TextView.Resized)
    def _resized(self) -> None:
        lines = max(1, len(self._view.lines))
        share = self._view.scroll_y / lines
        self._opened.clear()
        self._open(at=round(share * lines))

    @on(TabBar.Chosen)
    def _tab_chosen(self, event: TabBar.Chosen) -> None:
        self.action_open_page(event.number)

    def action_open_page(self, number: int) -> None:
        """Show a page."""
        if number != self._number:
            self._keep_place()
            self._number = number
            self._tabs.activate(number)
            self._open()
        self._view.focus()

    def action_turn(self, step: int) -> None:
        """Show the next page, around the end."""
        self.action_open_page((self._number + step) % len(PAGES))

    def action_step(self, step: int) -> None:
        """Show the next request of the list on the same page."""
        neighbour = self._neighbour(self._exchange_id, step)
        if neighbour is None:
            self.notify("There is no later request." if step > 0 else "There is no earlier request.", timeout=2)
        else:
            self._show_exchange(neighbour)

    def action_toggle_pretty(self) -> None:
        """Change between indented JSON and the bytes' own lines."""
        self._pretty = not self._pretty
        raw = [number for number, page in enumerate(PAGES) if page in (RawRequestPage, RawResponsePage)]
        for number in raw:
            self._opened.pop(number, None)
        if self._number in raw:
            self._open()
        else:
            self.action_open_page(raw[0])

    def action_copy(self) -> None:
        """Copy what the page says."""
        text, whole = self._view.all_text(_MOST_COPIED)
        self.app.copy_to_clipboard(text)
        part = "" if whole else f" (the first {_MOST_COPIED:,} characters)"
        self.notify(f"Copied {_TITLES[self._number]}{part}", timeout=2)

    def action_search(self) -> None:
        """Ask for words to find."""
        self.add_class("-searching")
        self._input.focus()

    @on(Input.Submitted)
    def _search_submitted(self, event: Input.Submitted) -> None:
        self._view.search(event.value)
        self.set_class(bool(event.value), "-searching")
        self._view.focus()

    @on(TextView.Searched)
    def _show_search(self) -> None:
        state = self._view.search_state
        line: Line = ()
        if state is not None:
            hit, hits, complete = state
            found = f"{hit:,}/{hits:,}" if hits else "no hit"
            line = ((found if complete or hits else "searching", "accent"), ("" if complete else " …", "dim"))
        self._state.pieces = line

    def action_hit(self, step: int) -> None:
        """Go to the next hit."""
        self._view.next_hit(step)

    def action_back(self) -> None:
        """Leave the search, or the screen."""
        if self.has_class("-searching"):
            self.remove_class("-searching")
            self._input.value = ""
            self._view.search("")
            self._view.focus()
        else:
            self.dismiss()
