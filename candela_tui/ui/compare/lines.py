"""The rows of a comparison as lines of a width."""

from collections.abc import Iterable, Iterator

from candela_tui.analysis.compare import Sign
from candela_tui.ui.compare.rows import Row, RowKind
from candela_tui.ui.ink import Piece
from candela_tui.ui.lines.wrap import broken
from candela_tui.ui.lines.written import WrittenLines

_SIGNS = {Sign.SAME: " ", Sign.ADDED: "+", Sign.REMOVED: "−", Sign.CHANGED: "~"}
_INKS = {Sign.SAME: "dim", Sign.ADDED: "good", Sign.REMOVED: "bad", Sign.CHANGED: "warn"}
_MARGIN = 7
"""Cells before a line's own text, its sign among them."""


def write(rows: Iterable[Row], width: int, lines: WrittenLines, stops: list[int]) -> Iterator[None]:
    """Write the rows; add to ``stops`` where each changed item begins."""
    for row in rows:
        sign, ink = _SIGNS[row.sign], _INKS[row.sign]
        if row.kind is RowKind.PART:
            lines.add()
            lines.add((f" {row.text} ", "heading"), ("─" * max(0, width - len(row.text) - 4), "rule"))
        elif row.kind is RowKind.ENTRY:
            stops.append(len(lines))
            lines.add((f" {sign} ", ink), (row.text, "bright"))
        elif row.kind is RowKind.BLOCK:
            lines.add((f"   {sign} ", ink), (row.text, "accent"))
        elif row.kind is RowKind.LINE:
            _write_line(row, width, lines)
        else:
            margin = " " * (3 + 2 * row.depth)
            lines.add((margin + row.text, "warn" if row.kind is RowKind.NOTE else "faint"))
        yield


def _write_line(row: Row, width: int, lines: WrittenLines) -> None:
    """One logical line; where it goes on below, it is as far to the right as it began."""
    text, sign, ink = row.text, _SIGNS[row.sign], _INKS[row.sign]
    room = width - _MARGIN - 1
    hanging = min(len(text) - len(text.lstrip(" ")), room // 2)
    end = 0
    for start, stop in broken(text[hanging:], room - hanging):
        pieces = _inked(text, start + hanging, stop + hanging, row, ink)
        if start == end == 0:
            lines.add((f"     {sign} ", ink), (" " * hanging, ink), *pieces)
        else:
            lines.go_on(
                text[hanging + end : hanging + start], _MARGIN + hanging, (" " * (_MARGIN + hanging), ink), *pieces
            )
        end = stop


def _inked(text: str, start: int, stop: int, row: Row, ink: str) -> Iterator[Piece]:
    """A part of a line: only what differs in the colour of its sign."""
    begin, end = row.changed or (0, len(text))
    for low, high, its_ink in ((0, begin, "dim"), (begin, end, ink), (end, len(text), "dim")):
        low, high = max(start, low), min(stop, high)
        if low < high:
            yield text[low:high], its_ink
