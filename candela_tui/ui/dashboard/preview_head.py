"""The lines above a previewed page: which page it is, and how the request went."""

from dataclasses import dataclass

from textual import events
from textual.message import Message

from candela_tui.exchange import Exchange
from candela_tui.ui import outcomes, words
from candela_tui.ui.ink import Line, Piece, cells_of
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.sources import Sources


class PreviewFacts(OneLine):
    """How it went, in figures: as many as fit."""

    DEFAULT_CSS = """
    PreviewFacts { padding: 0 1; }
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
        outcome = exchange.outcome
        said = outcomes.shortfall(exchange) or exchange.stop_reason or outcomes.NAMES[outcome]
        pieces: list[Piece] = [(f"{outcomes.SIGNS[outcome]} {said}", outcomes.INKS[outcome])]
        for figure, name in self._figures(exchange):
            part: list[Piece] = [("   ", "text"), (figure, "text"), (f" {name}" if name else "", "dim")]
            if cells_of(pieces) + cells_of(part) > width:
                break
            pieces += part
        return tuple(pieces)

    def _figures(self, exchange: Exchange) -> list[tuple[str, str]]:
        usage = exchange.usage
        figures = [(words.cost(exchange.cost), ""), (words.duration(exchange.elapsed_ms(self._clock.now())), "")]
        if usage is not None:
            figures += [
                (words.count(usage.output_tokens), "out"),
                (words.count(usage.cache_read_tokens), "read"),
                (words.count(usage.cache_write_tokens), "write"),
                (words.count(usage.input_tokens), "in"),
            ]
        elif exchange.live and exchange.output_characters:
            figures.append((f"~{words.count(words.estimated_tokens(exchange))}", "out"))
        figures += [
            (words.duration(exchange.ttft_ms), "to first token"),
            (words.rate(exchange.tokens_per_second), "tok/s"),
        ]
        return [(figure, name) for figure, name in figures if figure != words.UNKNOWN]


class PageNames(OneLine):
    """The pages' names; a click turns to one."""

    DEFAULT_CSS = """
    PageNames { padding: 0 1; }
    """

    @dataclass
    class Chosen(Message):
        """The page with this number (from 0) was clicked."""

        number: int

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
        left = self.gutter.left
        for number, name in enumerate(self._names):
            if left <= event.x < left + len(name) + 1:
                self.post_message(self.Chosen(number))
            left += len(name) + 3
