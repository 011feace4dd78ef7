"""The lines above a previewed page: the names of the pages, and how the request went."""

from dataclasses import dataclass

from textual import events
from textual.message import Message

from candela_tui.analysis import labels
from candela_tui.exchange import Exchange
from candela_tui.text import amounts, times
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.style import outcomes
from candela_tui.ui.style.styled_text import Line, Piece, cells_of
from candela_tui.ui.widgets.one_line import OneLine


class PreviewFacts(OneLine):
    """How the request went, in as many figures as fit."""

    DEFAULT_CSS = """
    PreviewFacts { padding: 0 1; }
    """

    def __init__(self, sources: DataSources) -> None:
        super().__init__()
        self._clock = sources.clock
        self._exchange: Exchange | None = None

    def show(self, exchange: Exchange | None) -> None:
        """Show the figures of a request."""
        self._exchange = exchange
        self.update()

    def compose_line(self, width: int) -> Line:
        """Compose the outcome, then the known figures, the most important first."""
        exchange = self._exchange
        if exchange is None:
            return ()
        outcome = exchange.outcome
        said = outcomes.shortfall(exchange) or exchange.stop_reason or outcomes.NAMES[outcome]
        pieces: list[Piece] = [(f"{outcomes.SIGNS[outcome]} {said}", outcomes.STYLES[outcome])]
        for figure, name in self._figures(exchange):
            part: list[Piece] = [("   ", "text"), (figure, "text"), (f" {name}" if name else "", "dim")]
            if cells_of(pieces) + cells_of(part) > width:
                break
            pieces += part
        return tuple(pieces)

    def _figures(self, exchange: Exchange) -> list[tuple[str, str]]:
        usage = exchange.usage
        figures = [(labels.cost(exchange.cost), ""), (times.duration(exchange.elapsed_ms(self._clock.now())), "")]
        if usage is not None:
            figures += [
                (amounts.count(usage.output_tokens), "out"),
                (amounts.count(usage.cache_read_tokens), "read"),
                (amounts.count(usage.cache_write_tokens), "write"),
                (amounts.count(usage.input_tokens), "in"),
            ]
        elif exchange.live and exchange.output_characters:
            figures.append((f"~{amounts.count(labels.estimated_tokens(exchange))}", "out"))
        figures += [
            (times.duration(exchange.ttft_ms), "to first token"),
            (amounts.rate(exchange.tokens_per_second), "tok/s"),
        ]
        return [(figure, name) for figure, name in figures if figure != amounts.UNKNOWN]


class PageNames(OneLine):
    """The names of the pages; a click shows one."""

    DEFAULT_CSS = """
    PageNames { padding: 0 1; }
    """

    @dataclass
    class PageSelected(Message):
        """The page with this number (from 0) was clicked."""

        number: int

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self._names = names
        self._active = 0

    def activate(self, number: int) -> None:
        """Highlight a page's name."""
        self._active = number
        self.refresh()

    def compose_line(self, width: int) -> Line:
        """Compose the names, and the keys that switch between them."""
        pieces: list[Piece] = []
        for number, name in enumerate(self._names):
            pieces += [(name, "heading" if number == self._active else "dim"), ("   ", "text")]
        keys = "[ ]"
        room = width - cells_of(pieces) - len(keys)
        return (*pieces, (" " * room, "text"), (keys, "faint")) if room >= 0 else tuple(pieces)

    def on_click(self, event: events.Click) -> None:
        """Show the page under the mouse."""
        left = self.gutter.left
        for number, name in enumerate(self._names):
            if left <= event.x < left + len(name) + 1:
                self.post_message(self.PageSelected(number))
            left += len(name) + 3
