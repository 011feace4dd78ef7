"""The chart of a usage report: a bar for each row, of its cost by parts."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from candela_tui.reports.usage.plot import Bar
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.style.stacked_bars import Cell, bars, highest, legend
from candela_tui.ui.style.styled_text import Line, Piece, strip_of
from candela_tui.ui.widgets.scroller import Scroller

_LABEL = 8
_WIDEST_BAR = 7
"""Cells of a bar, with the gap after it."""
_GAP_FROM = 3
"""Bars that are this wide have a gap between them."""


class ReportChart(Scroller):
    """Draws the bars above an axis and a legend. If not all fit, those around the marked one are shown."""

    DEFAULT_CSS = """
    ReportChart {
        height: 12;
        padding: 0 1;
        overflow-y: hidden;
    }
    """

    @dataclass
    class Clicked(Message):
        """The bar of a row was clicked."""

        key: Hashable

    def __init__(self) -> None:
        super().__init__(id="report-chart")
        self._bars: Sequence[Bar] = ()
        self._marked: Hashable = None

    def show(self, bars_of_rows: Sequence[Bar]) -> None:
        """Show the bars of a report."""
        self._bars = bars_of_rows
        self.refresh()

    def mark(self, key: Hashable) -> None:
        """Mark the bar of the row with the cursor."""
        self._marked = key
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw a line: bars, the axis below them, or the legend."""
        width, height = self.scrollable_content_region.width, self.size.height
        shown, cells = self._in_view(width)
        if not shown or height < 3:
            return Strip.blank(width, self.rich_style)
        buckets = [bar.bucket for bar in shown]
        coloured = not self.app.no_color
        if y == height - 1:
            named = (" " * _LABEL, "text")
            return strip_of(
                (named, *legend(buckets, "cost", coloured=coloured)), width, self.text_styles, self.rich_style
            )
        if y == height - 2:
            return strip_of(self._axis(shown, cells, width - _LABEL), width, self.text_styles, self.rich_style)
        rows = bars(buckets, "cost", height - 2, coloured=coloured)
        label = highest(buckets, "cost") if y == 0 else "0" if y == height - 3 else ""
        return self._bars_line(rows[y], shown, cells, label, width)

    def _in_view(self, width: int) -> tuple[Sequence[Bar], int]:
        """Return the bars that fit, and the cells of each."""
        room = width - _LABEL
        if not self._bars or room < 1:
            return (), 1
        cells = max(1, min(_WIDEST_BAR, room // len(self._bars)))
        fit = room // cells
        place = next((place for place, bar in enumerate(self._bars) if bar.key == self._marked), len(self._bars) - 1)
        first = max(0, min(place - fit // 2, len(self._bars) - fit))
        return self._bars[first : first + fit], cells

    def _bars_line(self, row: Sequence[Cell], shown: Sequence[Bar], cells: int, label: str, width: int) -> Strip:
        base = self.rich_style
        gap = int(cells >= _GAP_FROM)
        segments = [
            Segment(f"{label:>{_LABEL - 2}} ", base + self.text_styles["dim"]),
            Segment("│", base + self.text_styles["rule"]),
        ]
        for cell in row:
            style = self.text_styles[cell.style]
            if cell.behind is not None:
                style += Style(bgcolor=self.text_styles[cell.behind].color)
            segments.append(Segment(cell.sign * (cells - gap), base + style))
            segments.append(Segment(" " * gap, base))
        return Strip(segments).adjust_cell_length(width, base).simplify()

    def _axis(self, shown: Sequence[Bar], cells: int, room: int) -> Line:
        """Return the names of the first, the last and the marked bar, each below its bar where it fits."""
        signs: list[Piece] = [(" ", "text")] * room
        taken = [False] * room
        marked = [place for place, bar in enumerate(shown) if bar.key == self._marked]
        for place, style in (*((place, "accent") for place in marked), (0, "dim"), (len(shown) - 1, "dim")):
            text = ("▲ " if style == "accent" else "") + terminal_safe(shown[place].label)
            if cell_len(text) != len(text):
                continue
            left = max(0, min(place * cells, room - len(text)))
            if not any(taken[max(0, left - 1) : left + len(text) + 1]):
                signs[left : left + len(text)] = [(sign, style) for sign in text]
                taken[left : left + len(text)] = [True] * len(text)
        return ((" " * _LABEL, "text"), *signs[:room])

    def on_click(self, event: events.Click) -> None:
        """Report the bar under the mouse."""
        shown, cells = self._in_view(self.scrollable_content_region.width)
        place = (event.x - self.gutter.left - _LABEL) // cells
        if 0 <= place < len(shown) and shown[place].key is not None:
            self.post_message(self.Clicked(shown[place].key))
