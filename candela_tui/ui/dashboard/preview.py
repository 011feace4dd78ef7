"""What the request with the cursor says, without leaving the list."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.timer import Timer

from candela_tui.exchange import Exchange
from candela_tui.store.errors import StoreError
from candela_tui.ui import words
from candela_tui.ui.dashboard.pane import Frame
from candela_tui.ui.dashboard.preview_head import PageNames, PreviewFacts
from candela_tui.ui.dashboard.session_rows import agent_names
from candela_tui.ui.ledger import Change
from candela_tui.ui.lines.slices import in_slices
from candela_tui.ui.lines.text_view import TextView
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.request.bodies import Bodies
from candela_tui.ui.request.messages import MessagesPage
from candela_tui.ui.request.overview import OverviewPage
from candela_tui.ui.request.page import Page, Subject
from candela_tui.ui.request.response import ResponsePage
from candela_tui.ui.sources import Sources

PAGES: tuple[type[Page], ...] = (ResponsePage, MessagesPage, OverviewPage)


class PreviewPane(Frame):
    """Shows one page of one request, live while it streams. Does nothing while ``active`` is False."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", key_display="⏎", tooltip="Open the request", id="preview.open"),
        Binding(
            "left_square_bracket",
            "turn(-1)",
            "Pages",
            key_display="[ ]",
            tooltip="Preview the request's answer, messages or overview: the page before",
            id="preview.previous_page",
        ),
        Binding(
            "right_square_bracket",
            "turn(1)",
            "Next page",
            show=False,
            tooltip="Preview the request's answer, messages or overview: the next page",
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
        self._view = TextView(id="preview-view")
        super().__init__("Preview", self._view, id="preview")
        self._sources = sources
        self._active = False
        self._number = 0
        self._exchange_id: str | None = None
        self._written_for: tuple[str, int, int] | None = None
        self._subject: Subject | None = None
        self._grew = asyncio.Event()
        self._rest: Timer | None = None
        self._facts = PreviewFacts(sources)
        self._names = PageNames(tuple(page.title for page in PAGES))

    def compose(self) -> ComposeResult:
        """The pages' names, a few facts, the page."""
        yield self._names
        yield self._facts
        yield self._view

    @property
    def active(self) -> bool:
        """Whether it is on the screen."""
        return self._active

    @active.setter
    def active(self, active: bool) -> None:
        if active != self._active:
            self._active = active
            if active:
                self._show_again()
            else:
                self._stop()

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
                    self._subject.exchange = exchange
                self._grew.set()

    def take_tick(self) -> None:
        """The time goes on."""
        if self._active and self._subject is not None and self._subject.exchange.live:
            self._facts.update()
            self._grew.set()

    def _stop(self) -> None:
        if self._rest is not None:
            self._rest.stop()
        self.workers.cancel_group(self, "preview")
        self._written_for = self._subject = None

    def _show_again(self) -> None:
        self._stop()
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
        self.name_it(f"Preview · {at} · {self._agent(exchange)} · {model}")
        self._facts.show(exchange)

    def _agent(self, exchange: Exchange) -> str:
        if exchange.agent_id is None:
            return "main"
        names = agent_names(self._sources.ledger.session(exchange.session_id))
        return names.get(exchange.agent_id, exchange.agent_id)

    def _write(self) -> None:
        exchange_id, width = self._exchange_id, self._view.text_width
        if exchange_id is None or not width or not self._active:
            return
        wanted = (exchange_id, self._number, width)
        if self._written_for != wanted:
            self._written_for = wanted
            self.run_worker(self._show_page(exchange_id, PAGES[self._number], width), group="preview", exclusive=True)

    async def _show_page(self, exchange_id: str, kind: type[Page], width: int) -> None:
        try:
            exchange = await self._loaded(exchange_id)
            if exchange is None:
                self._say("The request is not recorded.", "dim")
                return
            bodies = Bodies(self._sources, exchange_id)
            self._subject = Subject(exchange, bodies, self._sources.clock, agent=self._agent(exchange))
            await self._follow(kind(self._subject, width), bodies)
        except StoreError as error:
            self._say(str(error), "warn")

    def _say(self, text: str, ink: str) -> None:
        self._view.show_lines(WrittenLines([(), ((f" {text}", ink),)]))

    async def _loaded(self, exchange_id: str) -> Exchange | None:
        """The exchange with its headers, which lists are read without."""
        known = self._sources.ledger.exchange(exchange_id)
        if known is not None and (known.live or known.request_headers):
            return known
        return await asyncio.to_thread(self._sources.history.exchange, exchange_id) or known

    async def _follow(self, page: Page, bodies: Bodies) -> None:
        grown = self._shower(page)
        await in_slices(await page.open(), grown)
        while True:
            self._grew.clear()
            steps = await page.more()
            if steps is not None:
                await in_slices(steps, grown)
            await self._grew.wait()
            await asyncio.sleep(bodies.grows_every_s)

    def _shower(self, page: Page) -> Callable[[], None]:
        shown = None

        def grown() -> None:
            nonlocal shown
            if page.lines is shown:
                self._view.grew()
            else:
                shown = page.lines
                self._view.show_lines(shown, follow=page.follows)

        return grown

    @on(PageNames.Chosen)
    def _page_chosen(self, event: PageNames.Chosen) -> None:
        event.stop()
        self._turn_to(event.number)

    @on(TextView.Resized)
    def _resized(self, event: TextView.Resized) -> None:
        event.stop()
        if self._active:
            if self._rest is not None:
                self._rest.stop()
            self._rest = self.set_timer(self.rest_s, self._write)

    @on(TextView.Searched)
    def _searched(self, event: TextView.Searched) -> None:
        event.stop()

    def _turn_to(self, number: int) -> None:
        self._number = number % len(PAGES)
        self._names.activate(self._number)
        self._write()

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
