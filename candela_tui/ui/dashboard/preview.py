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

from candela_tui.exchange import Exchange, Outcome
from candela_tui.store.errors import StoreError
from candela_tui.ui import words
from candela_tui.ui.dashboard.pane import Frame
from candela_tui.ui.dashboard.request_rows import elapsed_ms
from candela_tui.ui.dashboard.session_rows import agent_names
from candela_tui.ui.ink import Line, Piece, cells_of
from candela_tui.ui.ledger import Change
from candela_tui.ui.lines.one_line import OneLine
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

_REST_S = 0.08
"""How long the cursor rests on a request before its bodies are read: passing by costs nothing."""
_OUTCOME_INKS = {Outcome.OK: "good", Outcome.LIVE: "accent", Outcome.CANCELLED: "warn", Outcome.INTERRUPTED: "warn"}


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
        self._facts = _Facts(sources)
        self._names = _PageNames(tuple(page.title for page in PAGES))

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
        self._rest = self.set_timer(_REST_S, self._write)

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

    @on(TextView.Resized)
    def _resized(self, event: TextView.Resized) -> None:
        event.stop()
        if self._active:
            if self._rest is not None:
                self._rest.stop()
            self._rest = self.set_timer(_REST_S, self._write)

    @on(TextView.Searched)
    def _searched(self, event: TextView.Searched) -> None:
        event.stop()

    def turn_to(self, number: int) -> None:
        """Show another page."""
        self._number = number % len(PAGES)
        self._names.activate(self._number)
        self._write()

    def action_turn(self, step: int) -> None:
        """Show the next page, around the end."""
        self.turn_to(self._number + step)

    def action_open(self) -> None:
        """Open the request."""
        if self._exchange_id is not None:
            self.post_message(self.Opened(self._exchange_id))

    def on_click(self, event: events.Click) -> None:
        """A double click on the text opens the request."""
        if event.chain == 2 and event.widget is self._view:
            self.action_open()


class _Facts(OneLine):
    """How it went, in figures: as many as fit."""

    DEFAULT_CSS = """
    _Facts { padding: 0 1; }
    """

    def __init__(self, sources: Sources) -> None:
        super().__init__()
        self._clock = sources.clock
        self._exchange: Exchange | None = None

    def show(self, exchange: Exchange | None) -> None:
        """Show the figures of this one."""
        self._exchange = exchange
        self.update()

    def compose_line(self, width: int) -> Line:
        """The outcome, then what is known, the most important first."""
        exchange = self._exchange
        if exchange is None:
            return ()
        shortfall = words.shortfall(exchange)
        said = shortfall or exchange.stop_reason or words.OUTCOMES[exchange.outcome]
        ink = _OUTCOME_INKS.get(exchange.outcome, "bad")
        pieces: list[Piece] = [(f"{words.SIGNS[exchange.outcome]} {said}", ink)]
        for figure, name in self._figures(exchange):
            part: list[Piece] = [("   ", "text"), (figure, "text"), (f" {name}" if name else "", "dim")]
            if cells_of(pieces) + cells_of(part) > width:
                break
            pieces += part
        return tuple(pieces)

    def _figures(self, exchange: Exchange) -> list[tuple[str, str]]:
        usage = exchange.usage
        figures = [(words.cost(exchange.cost), ""), (words.duration(elapsed_ms(exchange, self._clock)), "")]
        if usage is not None:
            written = (usage.cache_write_5m_tokens or 0) + (usage.cache_write_1h_tokens or 0)
            figures += [
                (words.count(usage.output_tokens), "out"),
                (words.count(usage.cache_read_tokens), "read"),
                (words.count(written), "write"),
                (words.count(usage.input_tokens), "in"),
            ]
        elif exchange.live and exchange.output_characters:
            figures.append((f"~{words.count(words.estimated_tokens(exchange))}", "out"))
        figures += [
            (words.duration(exchange.ttft_ms), "to first token"),
            (words.rate(exchange.tokens_per_second), "tok/s"),
        ]
        return [(figure, name) for figure, name in figures if figure != words.UNKNOWN]


class _PageNames(OneLine):
    """The pages' names; a click turns to one."""

    DEFAULT_CSS = """
    _PageNames { padding: 0 1; }
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self._names = names
        self._active = 0

    def activate(self, number: int) -> None:
        """Light up a name."""
        self._active = number
        self.refresh()

    def compose_line(self, width: int) -> Line:
        """The names, and the keys that turn."""
        pieces: list[Piece] = []
        for number, name in enumerate(self._names):
            pieces += [(name, "heading" if number == self._active else "dim"), ("   ", "text")]
        keys = "[ ]"
        room = width - cells_of(pieces) - len(keys)
        return (*pieces, (" " * room, "text"), (keys, "faint")) if room >= 0 else tuple(pieces)

    def on_click(self, event: events.Click) -> None:
        """Turn to what is under the mouse."""
        left = 1
        for number, name in enumerate(self._names):
            if left <= event.x < left + len(name) + 1 and isinstance(self.parent, PreviewPane):
                self.parent.turn_to(number)
            left += len(name) + 3
