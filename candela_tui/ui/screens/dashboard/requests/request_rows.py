"""Calls as rows of a table whose columns depend on the width."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len

from candela_tui.analysis.retries import Call
from candela_tui.exchange import Outcome
from candela_tui.text import amounts
from candela_tui.text.cells import fitted
from candela_tui.ui.screens.dashboard.requests.columns import COST, total_cost
from candela_tui.ui.screens.dashboard.requests.failures import failure_text
from candela_tui.ui.screens.dashboard.requests.table import Column, Fit, Table
from candela_tui.ui.style import outcomes
from candela_tui.ui.style.spinner import frame
from candela_tui.ui.style.styled_text import Line, Piece

_MARK = "●"


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One call in one line."""

    key: str
    """The id of the first try."""
    call: Call
    table: Table = field(compare=False)
    marked: bool = False
    height: int = 1

    @property
    def moving(self) -> bool:
        """Whether the call is live."""
        return self.call.last.live

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Draw the row in as many columns as fit."""
        exchange = self.call.last
        sign = frame(tick) if exchange.live else outcomes.SIGNS[exchange.outcome]
        pieces: list[Piece] = [
            (_MARK if self.marked else " ", "accent"),
            (f"{sign} ", outcomes.STYLES[exchange.outcome]),
        ]
        fits = self.table.fit(width)
        wrong = None if self._has_figures else self._words()
        words_from, words_to = self._place_of_words(fits) if wrong else (-1, -1)
        for place, (column, cells) in enumerate(fits):
            if words_from < place < words_to:
                continue
            if place == words_from:
                room = sum(fit.cells + 1 for fit in fits[words_from:words_to]) - 1
                style = (
                    "warn" if exchange.held else outcomes.STYLES[Outcome.ERROR if exchange.live else exchange.outcome]
                )
                pieces.append((fitted(wrong or "", room), style))
            else:
                text = column.value(self.call, self.table, cells)
                if column.right and cell_len(text) > cells:
                    # A cut figure would read as another figure.
                    text = "…"
                pieces.append((fitted(text, cells, right=column.right), self._style(column, text)))
            pieces.append((" ", "text"))
        return tuple(pieces)

    def _words(self) -> str | None:
        """Return what to say instead of figures."""
        if self.call.last.held:
            return "held: i to edit it or let it go"
        return failure_text(self.call, waiting=self.table.waits(self.call.last))

    @property
    def _has_figures(self) -> bool:
        usage = self.call.last.usage
        return usage is not None and bool(usage.output_tokens)

    def _place_of_words(self, fits: Sequence[Fit]) -> tuple[int, int]:
        """Return the widest run of columns that an error may replace: its first index, and the one after its last."""
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

    def _style(self, column: Column, text: str) -> str:
        if text == amounts.UNKNOWN:
            return "faint"
        if text.startswith("~"):
            return "accent"
        if column.name == "MODEL" and self.call.last.differences:
            return "warn"
        return column.style
