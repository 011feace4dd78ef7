"""The rows of a comparison as lines of a given width."""

from collections.abc import Iterable, Iterator

from candela_tui.analysis.compare import Sign
from candela_tui.analysis.comparison_rows import ComparisonRow, RowKind
from candela_tui.text.wrap import broken
from candela_tui.ui.style.styled_text import Piece
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

_SIGNS = {Sign.SAME: " ", Sign.ADDED: "+", Sign.REMOVED: "−", Sign.CHANGED: "~"}
_STYLES = {Sign.SAME: "dim", Sign.ADDED: "good", Sign.REMOVED: "bad", Sign.CHANGED: "warn"}
_MARGIN = 7
"""Cells before a line's text, including its sign."""


def write(rows: Iterable[ComparisonRow], width: int, lines: WrittenLines, stops: list[int]) -> Iterator[None]:
    """Write the rows; append the first line of each changed item to ``stops``."""
    for row in rows:
        sign, style = _SIGNS[row.sign], _STYLES[row.sign]
        if row.kind is RowKind.PART:
            lines.add()
            lines.add((f" {row.text} ", "heading"), ("─" * max(0, width - len(row.text) - 4), "rule"))
        elif row.kind is RowKind.ENTRY:
            stops.append(len(lines))
            lines.add((f" {sign} ", style), (row.text, "bright"))
        elif row.kind is RowKind.BLOCK:
            lines.add((f"   {sign} ", style), (row.text, "accent"))
        elif row.kind is RowKind.LINE:
            _write_line(row, width, lines)
        else:
            margin = " " * (3 + 2 * row.depth)
            lines.add((margin + row.text, "warn" if row.kind is RowKind.NOTE else "faint"))
        yield


def _write_line(row: ComparisonRow, width: int, lines: WrittenLines) -> None:
    """Write one logical line; its continuation lines keep its indentation."""
    text, sign, style = row.text, _SIGNS[row.sign], _STYLES[row.sign]
    room = width - _MARGIN - 1
    hanging = min(len(text) - len(text.lstrip(" ")), room // 2)
    end = 0
    for start, stop in broken(text[hanging:], room - hanging):
        pieces = _styled(text, start + hanging, stop + hanging, row, style)
        if start == end == 0:
            lines.add((f"     {sign} ", style), (" " * hanging, style), *pieces)
        else:
            lines.add_wrapped(
                text[hanging + end : hanging + start], _MARGIN + hanging, (" " * (_MARGIN + hanging), style), *pieces
            )
        end = stop


def _styled(text: str, start: int, stop: int, row: ComparisonRow, style: str) -> Iterator[Piece]:
    """Yield a part of a line; only what differs has the colour of its sign."""
    begin, end = row.changed or (0, len(text))
    for low, high, its_style in ((0, begin, "dim"), (begin, end, style), (end, len(text), "dim")):
        low, high = max(start, low), min(stop, high)
        if low < high:
            yield text[low:high], its_style
