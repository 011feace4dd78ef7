"""Highlight parts of drawn lines: the hits of a search, and what is selected with the mouse."""

from bisect import bisect_right
from collections.abc import Iterable

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from candela_tui.ui.style.styled_text import Line, Piece
from candela_tui.ui.widgets.text_view.lines import Mark


def marked(line: Line, marks: Iterable[Mark], here: int) -> Line:
    """Return a line with its hits highlighted. ``here`` is the current hit."""
    bounds: list[int] = []
    text_styles: list[str] = []
    for mark in marks:
        start = max(mark.start, bounds[-1] if bounds else 0)
        if mark.stop > start:
            bounds += (start, mark.stop)
            text_styles.append("hit-here" if mark.hit == here else "hit")
    if not bounds:
        return line
    pieces: list[Piece] = []
    position = 0
    for text, style in line:
        begin, end = position, position + len(text)
        while position < end:
            place = bisect_right(bounds, position)
            stop = min(end, bounds[place]) if place < len(bounds) else end
            pieces.append((text[position - begin : stop - begin], text_styles[place // 2] if place % 2 else style))
            position = stop
    return tuple(pieces)


def selected(strip: Strip, start: int, stop: int, style: Style) -> Strip:
    """Return a strip with some of its characters in another style. With ``stop`` -1, it is the rest of the strip."""
    text = strip.text
    left = cell_len(text[:start])
    right = strip.cell_length if stop < 0 else cell_len(text[:stop])
    if left >= right:
        return strip
    inside = strip.crop(left, right)
    over = Strip(Segment.apply_style(inside, post_style=style), inside.cell_length)
    return Strip.join((strip.crop(0, left), over, strip.crop(right)))
