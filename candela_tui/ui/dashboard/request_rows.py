"""Calls as rows of a table whose columns come and go with the width."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len

from candela_tui.analysis.retries import Call
from candela_tui.exchange import Outcome
from candela_tui.ui import outcomes, words
from candela_tui.ui.dashboard.columns import COST, total_cost
from candela_tui.ui.dashboard.table import Column, Fit, Table
from candela_tui.ui.dashboard.trouble import trouble
from candela_tui.ui.ink import Line, Piece, fitted
from candela_tui.ui.spinner import frame

_MARK = "●"


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One call, in one line."""

    key: str
    """The id of its first try."""
    call: Call
    table: Table = field(compare=False)
    marked: bool = False
    height: int = 1

    @property
    def moving(self) -> bool:
        """Whether it is live."""
        return self.call.last.live

    def draw(self, line: int, width: int, tick: int) -> Line:
        """The row in as many columns as have room."""
        exchange = self.call.last
        sign = frame(tick) if exchange.live else outcomes.SIGNS[exchange.outcome]
        pieces: list[Piece] = [
            (_MARK if self.marked else " ", "accent"),
            (f"{sign} ", outcomes.INKS[exchange.outcome]),
        ]
        fits = self.table.fit(width)
        wrong = None if self._has_figures else trouble(self.call, waiting=self.table.waits(self.call.last))
        words_from, words_to = self._place_of_words(fits) if wrong else (-1, -1)
        for place, (column, cells) in enumerate(fits):
            if words_from < place < words_to:
                continue
            if place == words_from:
                room = sum(fit.cells + 1 for fit in fits[words_from:words_to]) - 1
                ink = outcomes.INKS[Outcome.ERROR if exchange.live else exchange.outcome]
                pieces.append((fitted(wrong or "", room), ink))
            else:
                text = column.value(self.call, self.table, cells)
                if column.right and cell_len(text) > cells:
                    # Half a figure is another figure.
                    text = "…"
                pieces.append((fitted(text, cells, right=column.right), self._ink(column, text)))
            pieces.append((" ", "text"))
        return tuple(pieces)

    @property
    def _has_figures(self) -> bool:
        usage = self.call.last.usage
        return usage is not None and bool(usage.output_tokens)

    def _place_of_words(self, fits: Sequence[Fit]) -> tuple[int, int]:
        """The widest run of columns in whose place words may stand: its first place, and the one behind it."""
        free = total_cost(self.call)[0] is None
        best, widest, first = (-1, -1), 0, 0
        for place, (column, _) in enumerate(fits):
            if not column.figure and not (free and column is COST):
                first = place + 1
                continue
            width = sum(fit.cells for fit in fits[first : place + 1])
            if width > widest:
                best, widest = (first, place + 1), width
        return best

    def _ink(self, column: Column, text: str) -> str:
        if text == words.UNKNOWN:
            return "faint"
        if text.startswith("~"):
            return "accent"
        if column.name == "MODEL" and self.call.last.differences:
            return "warn"
        return column.ink
