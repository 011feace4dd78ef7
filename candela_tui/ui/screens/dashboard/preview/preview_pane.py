"""The preview: a page of the request with the cursor, beside or below the list."""

from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.timer import Timer

from candela_tui.analysis import labels
from candela_tui.exchange import Exchange
from candela_tui.store.errors import StoreError
from candela_tui.text import times
from candela_tui.ui.deferred import deferred
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.dashboard.pane import BackgroundFrame
from candela_tui.ui.screens.dashboard.preview.preview_head import PageNames, PreviewFacts
from candela_tui.ui.screens.request.loading import agent_of, load_request
from candela_tui.ui.screens.request.open_pages import OpenPages
from candela_tui.ui.screens.request.pages.messages import MessagesPage
from candela_tui.ui.screens.request.pages.overview import OverviewPage
from candela_tui.ui.screens.request.pages.page import Page, ShownRequest
from candela_tui.ui.screens.request.pages.response import ResponsePage
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.state.loaded_exchanges import Change
from candela_tui.ui.widgets.text_view.text_view import TextView
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

PAGES: tuple[type[Page], ...] = (ResponsePage, MessagesPage, OverviewPage)


class PreviewPane(BackgroundFrame):
    """Show one page of one request, live while it streams."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("preview.open", "enter", "open", "Open", "Open the request", shown_as="⏎", footer=True),
        bind(
            "preview.previous_page",
            "left_square_bracket",
            "turn(-1)",
            "Pages",
            "Previous page: response, messages or overview",
            shown_as="[ ]",
            footer=True,
        ),
        bind(
            "preview.next_page",
            "right_square_bracket",
            "turn(1)",
            "Next page",
            "Next page: response, messages or overview",
        ),
    ]

    rest_s = 0.08
    """How long the cursor stays on a request before its bodies are read, so that scrolling past costs nothing."""

    @dataclass
    class Opened(Message):
        """The request was opened."""

        exchange_id: str

    def __init__(self, sources: DataSources) -> None:
        self._view = TextView(id="preview-view", preferences=sources.preferences)
        super().__init__("Preview", self._view, id="preview")
        self._sources = sources
        self._number = 0
        self._exchange_id: str | None = None
        self._request: ShownRequest | None = None
        self._rest: Timer | None = None
        self._facts = PreviewFacts(sources)
        self._names = PageNames(tuple(page.title for page in PAGES))
        self._pages = OpenPages(self._view, lambda: None)

    def compose(self) -> ComposeResult:
        """Lay out the names of the pages, a few facts and the page."""
        yield self._names
        yield self._facts
        yield self._view

    def begin_work(self) -> None:
        """Show the request with the cursor."""
        self._show_again()

    def show(self, exchange_id: str | None) -> None:
        """Preview a request, or nothing if it is None."""
        if exchange_id != self._exchange_id:
            self._exchange_id = exchange_id
            if self._active:
                self._show_again()

    def take_change(self, change: Change) -> None:
        """Show changes of the request."""
        if not self._active or self._exchange_id is None:
            return
        for exchange in change.exchanges:
            if exchange.id == self._exchange_id:
                self._name_after(exchange)
                if self._request is not None:
                    self._request.take(exchange)
                self._pages.grew()

    def take_tick(self) -> None:
        """Update the times of a live request."""
        if self._active and self._request is not None and self._request.exchange.live:
            self._facts.update()
            self._pages.grew()

    def stop_work(self) -> None:
        """Stop reading and writing."""
        if self._rest is not None:
            self._rest.stop()
        self.workers.cancel_group(self, "preview")
        self.workers.cancel_group(self._view, "page")
        self._pages.forget()
        self._request = None

    def _show_again(self) -> None:
        self.stop_work()
        if len(self._view.lines):
            self._view.show_lines(WrittenLines())
        if self._exchange_id is None:
            self.name_it("Preview")
            self._facts.show(None)
            return
        exchange = self._sources.loaded.exchange(self._exchange_id)
        if exchange is not None:
            self._name_after(exchange)
        self._rest = self.set_timer(self.rest_s, self._write)

    def _name_after(self, exchange: Exchange) -> None:
        at = times.time_of_day(exchange.started_at, self._sources.clock)
        model = labels.model(exchange.model_used or exchange.model)
        self.name_it(f"Preview · {at} · {agent_of(self._sources, exchange)} · {model}")
        self._facts.show(exchange)

    def _write(self) -> None:
        if self._exchange_id is not None and self._active:
            load = deferred(self._load, self._exchange_id)
            self.run_worker(load, group="preview", exclusive=True)

    async def _load(self, exchange_id: str) -> None:
        try:
            self._request = await load_request(self._sources, exchange_id)
        except StoreError as error:
            self._say(str(error), "warn")
        else:
            if self._request is None:
                self._say("The request was not recorded.", "dim")
            self._show_page()

    def _say(self, text: str, style: str) -> None:
        self._view.show_lines(WrittenLines([(), ((f" {text}", style),)]))

    def _show_page(self) -> None:
        request, width, page = self._request, self._view.text_width, PAGES[self._number]
        if request is not None and width:
            self._pages.show(page.title, lambda: page(request, width), request.bodies)

    @on(PageNames.PageSelected)
    def _page_chosen(self, event: PageNames.PageSelected) -> None:
        event.stop()
        self._turn_to(event.number)

    @on(TextView.Resized)
    def _resized(self, event: TextView.Resized) -> None:
        event.stop()
        self._pages.forget()
        self._show_page()

    @on(TextView.Searched)
    @on(TextView.Moved)
    def _moved(self, event: TextView.Searched | TextView.Moved) -> None:
        event.stop()

    def _turn_to(self, number: int) -> None:
        self._number = number % len(PAGES)
        self._names.activate(self._number)
        self._show_page()

    def action_turn(self, step: int) -> None:
        """Show the next page, and the first after the last."""
        self._turn_to(self._number + step)

    def action_open(self) -> None:
        """Open the request."""
        if self._exchange_id is not None:
            self.post_message(self.Opened(self._exchange_id))

    def on_click(self, event: events.Click) -> None:
        """Open the request on a double click."""
        if event.chain == 2 and event.widget is self._view:
            self.action_open()
