"""What the request with the cursor says, without leaving the list."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.timer import Timer

from candela_tui.exchange import Exchange
from candela_tui.store.errors import StoreError
from candela_tui.ui import words
from candela_tui.ui.dashboard.pane import WorkingFrame
from candela_tui.ui.dashboard.preview_head import PageNames, PreviewFacts
from candela_tui.ui.ledger import Change
from candela_tui.ui.lines.text_view import TextView
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.request.loading import agent_of, load_subject
from candela_tui.ui.request.messages import MessagesPage
from candela_tui.ui.request.open_pages import OpenPages
from candela_tui.ui.request.overview import OverviewPage
from candela_tui.ui.request.page import Page, Subject
from candela_tui.ui.request.response import ResponsePage
from candela_tui.ui.sources import Sources

PAGES: tuple[type[Page], ...] = (ResponsePage, MessagesPage, OverviewPage)


class PreviewPane(WorkingFrame):
    """Shows one page of one request, live while it streams."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", key_display="⏎", tooltip="Open the request", id="preview.open"),
        Binding(
            "left_square_bracket",
            "turn(-1)",
            "Pages",
            key_display="[ ]",
            tooltip="Answer, messages or overview: the page before",
            id="preview.previous_page",
        ),
        Binding(
            "right_square_bracket",
            "turn(1)",
            "Next page",
            show=False,
            tooltip="Answer, messages or overview: the next page",
            id="preview.next_page",
        ),
    ]

    rest_s = 0.08
    """How long the cursor rests on a request before its bodies are read: passing by costs nothing."""

    @dataclass
    class Opened(Message):
        """The request was opened."""

        exchange_id: str

    def __init__(self, sources: Sources) -> None:
        self._view = TextView(id="preview-view", preferences=sources.preferences)
        super().__init__("Preview", self._view, id="preview")
        self._sources = sources
        self._number = 0
        self._exchange_id: str | None = None
        self._subject: Subject | None = None
        self._rest: Timer | None = None
        self._facts = PreviewFacts(sources)
        self._names = PageNames(tuple(page.title for page in PAGES))
        self._pages = OpenPages(self._view, lambda: None)

    def compose(self) -> ComposeResult:
        """The pages' names, a few facts, the page."""
        yield self._names
        yield self._facts
        yield self._view

    def begin_work(self) -> None:
        """Show the request with the cursor."""
        self._show_again()

    def show(self, exchange_id: str | None) -> None:
        """Preview this request; None: there is none."""
        if exchange_id != self._exchange_id:
            self._exchange_id = exchange_id
            if self._active:
                self._show_again()

    def take_change(self, change: Change) -> None:
        """The request may have grown."""
        if not self._active or self._exchange_id is None:
            return
        for exchange in change.exchanges:
            if exchange.id == self._exchange_id:
                self._name_after(exchange)
                if self._subject is not None:
                    self._subject.take(exchange)
                self._pages.grew()

    def take_tick(self) -> None:
        """The time goes on."""
        if self._active and self._subject is not None and self._subject.exchange.live:
            self._facts.update()
            self._pages.grew()

    def stop_work(self) -> None:
        """Read and write no more."""
        if self._rest is not None:
            self._rest.stop()
        self.workers.cancel_group(self, "preview")
        self.workers.cancel_group(self._view, "page")
        self._pages.forget()
        self._subject = None

    def _show_again(self) -> None:
        self.stop_work()
        if len(self._view.lines):
            self._view.show_lines(WrittenLines())
        if self._exchange_id is None:
            self.name_it("Preview")
            self._facts.show(None)
            return
        exchange = self._sources.ledger.exchange(self._exchange_id)
        if exchange is not None:
            self._name_after(exchange)
        self._rest = self.set_timer(self.rest_s, self._write)

    def _name_after(self, exchange: Exchange) -> None:
        at = words.time_of_day(exchange.started_at, self._sources.clock)
        model = words.model(exchange.model_used or exchange.model)
        self.name_it(f"Preview · {at} · {agent_of(self._sources, exchange)} · {model}")
        self._facts.show(exchange)

    def _write(self) -> None:
        if self._exchange_id is not None and self._active:
            load: Callable[[], Awaitable[None]] = partial(self._load, self._exchange_id)
            self.run_worker(load, group="preview", exclusive=True)

    async def _load(self, exchange_id: str) -> None:
        try:
            self._subject = await load_subject(self._sources, exchange_id)
        except StoreError as error:
            self._say(str(error), "warn")
        else:
            if self._subject is None:
                self._say("The request is not recorded.", "dim")
            self._show_page()

    def _say(self, text: str, ink: str) -> None:
        self._view.show_lines(WrittenLines([(), ((f" {text}", ink),)]))

    def _show_page(self) -> None:
        subject, width, page = self._subject, self._view.text_width, PAGES[self._number]
        if subject is not None and width:
            self._pages.show(page.title, lambda: page(subject, width), subject.bodies)

    @on(PageNames.Chosen)
    def _page_chosen(self, event: PageNames.Chosen) -> None:
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
        """Show the next page, around the end."""
        self._turn_to(self._number + step)

    def action_open(self) -> None:
        """Open the request."""
        if self._exchange_id is not None:
            self.post_message(self.Opened(self._exchange_id))

    def on_click(self, event: events.Click) -> None:
        """A double click on the text opens the request."""
        if event.chain == 2 and event.widget is self._view:
            self.action_open()
