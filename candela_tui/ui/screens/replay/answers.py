"""Two answers to one request side by side: the recorded one, and the one to the request that was sent again."""

from collections.abc import Iterator
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from candela_tui.analysis import labels
from candela_tui.exchange import Exchange
from candela_tui.store.errors import StoreError
from candela_tui.text import amounts, times
from candela_tui.ui.deferred import deferred
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.compare.screen import CompareScreen
from candela_tui.ui.screens.request.loading import load_request
from candela_tui.ui.screens.request.open_pages import OpenPages
from candela_tui.ui.screens.request.pages.page import ShownRequest
from candela_tui.ui.screens.request.pages.response import ResponsePage
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.state.loaded_exchanges import Change
from candela_tui.ui.style import outcomes
from candela_tui.ui.style.styled_text import Line, Piece
from candela_tui.ui.widgets.closable import Closable
from candela_tui.ui.widgets.footer import KeyFooter
from candela_tui.ui.widgets.one_line import OneLine
from candela_tui.ui.widgets.text_view.text_view import TextView
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

_NARROW = 100
"""In fewer columns, the answers are below one another."""


class Answer(Vertical):
    """One answer with its figures, live while it arrives."""

    def __init__(self, sources: DataSources, exchange_id: str, name: str) -> None:
        super().__init__()
        self.exchange_id = exchange_id
        self._sources = sources
        self._label = name
        self._facts = OneLine(id="facts")
        self._figures = OneLine(id="figures")
        self._view = TextView()
        self._pages = OpenPages(self._view, lambda: None)
        self._request: ShownRequest | None = None

    def compose(self) -> ComposeResult:
        """Lay out the figures and the answer."""
        yield self._facts
        yield self._figures
        yield self._view

    def on_mount(self) -> None:
        """Read the request."""
        self._load()

    def on_unmount(self) -> None:
        """Release the answer."""
        self._pages.close()

    def focus_text(self) -> None:
        """Let the keys scroll this answer."""
        self._view.focus()

    def _load(self) -> None:
        self.run_worker(deferred(self._read), group="load", exclusive=True)

    async def _read(self) -> None:
        try:
            self._request = await load_request(self._sources, self.exchange_id)
        except StoreError as error:
            self._view.show_lines(WrittenLines([(), ((f" {error}", "warn"),)]))
            return
        self._write()

    def take(self, exchange: Exchange) -> None:
        """Show what is known now."""
        if self._request is None:
            self._load()
            return
        self._request.take(exchange)
        self._show_figures()
        self._pages.grew()

    @on(TextView.Resized)
    def _resized(self) -> None:
        self._pages.forget()
        self._write()

    def _write(self) -> None:
        request, width = self._request, self._view.text_width
        self._show_figures()
        if request is not None and width:
            self._pages.show(ResponsePage.title, lambda: ResponsePage(request, width), request.bodies)

    def _show_figures(self) -> None:
        exchange = self._request.exchange if self._request is not None else None
        if exchange is None:
            self._facts.pieces = ((f" {self._label}", "accent"), ("  not there yet", "dim"))
            return
        sign = outcomes.SIGNS[exchange.outcome]
        self._facts.pieces = (
            (f" {self._label}", "accent"),
            (f"  {labels.model(exchange.model_used or exchange.model)}", "bright"),
            (f"  {exchange.route}", "dim"),
            (f"  {sign} {outcomes.became(exchange)}", outcomes.STYLES[exchange.outcome]),
        )
        self._figures.pieces = tuple(_figures(exchange))


def _figures(exchange: Exchange) -> Iterator[Piece]:
    usage = exchange.usage
    yield f" {labels.cost(exchange.cost)}", "text"
    yield f"  prompt {amounts.count(usage.prompt_tokens if usage else None)}", "dim"
    yield f"  read {amounts.count(usage.cache_read_tokens if usage else None)}", "dim"
    yield f"  output {amounts.count(usage.output_tokens if usage else None)}", "dim"
    yield f"  {times.duration(exchange.duration_ms)}", "dim"


class AnswersScreen(Closable[None]):
    """Show two answers side by side, or below one another in a narrow terminal."""

    DEFAULT_CSS = """
    AnswersScreen {
        background: $background;

        #answers { height: 1fr; }
        Answer { width: 1fr; height: 1fr; }
        Answer #facts { background: $panel; }
        Answer #figures { background: $surface; }
        Answer TextView { height: 1fr; }
        #answers.-narrow { layout: vertical; }
        #before { border-right: solid $fg-faint; }
        #answers.-narrow #before { border-right: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind(
            "answers.other", "tab,l,h", "other", "Other answer", "Go to the other answer", shown_as="tab", footer=True
        ),
        bind("answers.compare", "d", "compare", "Requests", "Compare the two requests", footer=True),
        bind("answers.back", "escape,q", "back", "Back", "Close the comparison", footer=True),
    ]

    def __init__(self, sources: DataSources, before_id: str, now_id: str) -> None:
        super().__init__()
        self._sources = sources
        self._before = Answer(sources, before_id, "Before")
        self._before.id = "before"
        self._now = Answer(sources, now_id, "Now")
        self._answers = Horizontal(self._before, self._now, id="answers")

    def compose(self) -> ComposeResult:
        """Lay out the answers and the footer."""
        title: Line = (("Sent again  ", "accent"), (self._now.exchange_id, "dim"))
        yield OneLine(title, id="title")
        yield self._answers
        yield KeyFooter()

    def on_mount(self) -> None:
        """Go to the new answer."""
        self._now.focus_text()

    def on_resize(self) -> None:
        """Arrange the answers for the new size."""
        self._answers.set_class(self.size.width < _NARROW, "-narrow")

    def take_change(self, change: Change) -> None:
        """Show what has arrived."""
        for exchange in change.exchanges:
            for answer in (self._before, self._now):
                if exchange.id == answer.exchange_id:
                    answer.take(exchange)

    def take_tick(self, tick: int) -> None:
        """Do nothing: what grows is told by changes."""

    def action_other(self) -> None:
        """Go to the other answer."""
        focused = self.focused
        on_now = focused is not None and self._now in focused.ancestors
        (self._before if on_now else self._now).focus_text()

    def action_compare(self) -> None:
        """Compare the two requests."""
        self.app.push_screen(CompareScreen(self._sources, self._now.exchange_id, self._before.exchange_id))

    def action_back(self) -> None:
        """Close the screen."""
        self.dismiss()
