"""The lines that a text view shows."""

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.text_view.search import Finder, Hit, Query

UNWRAPPED = 4096
"""Cells after which a line is wrapped even with line wrap off: nobody scrolls that far sideways, and a line of
megabytes can't be drawn at once."""

GUTTER = 8
"""Cells that line numbers take."""


def width_of_body(width: int, *, wrap: bool, numbers: bool) -> int:
    """Return the width to make a body's numbered lines for, in a view of this width."""
    return max(20, width - GUTTER if numbers else width) if wrap else UNWRAPPED


class Mark(NamedTuple):
    """The part of a drawn line that a hit covers, in characters."""

    start: int
    stop: int
    hit: int
    """Its index in the list of hits."""


class SoftWrap(NamedTuple):
    """How a line continues the text of the line above it."""

    lost: str
    """What was between the two: the space at which the line was wrapped, or nothing."""
    margin: int
    """How many characters at its beginning are not part of the text."""


class Lines(ABC):
    """Lines made for a width. There may be more of them while they are shown."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def line(self, number: int) -> Line:
        """Return the pieces to draw on a line."""

    @abstractmethod
    def text(self, number: int) -> str:
        """Return the text of a line, for search and copying."""

    def soft_wrap(self, number: int) -> SoftWrap | None:
        """Return how a line continues the line above; None if it begins a new one."""
        return None

    def texts(self) -> Iterator[str]:
        """Yield the whole text in parts: plain, and without line wraps."""
        for number in range(len(self)):
            text = terminal_safe(self.text(number))
            soft_wrap = self.soft_wrap(number)
            if soft_wrap is not None:
                yield soft_wrap.lost + text[soft_wrap.margin :]
            else:
                yield f"\n{text}" if number else text

    def ordinal(self, number: int) -> int | None:
        """Return the number to show beside a line, from 1; None if it continues the line above, or lines have no
        numbers."""
        return None

    @property
    def numbered(self) -> bool:
        """Whether the lines have numbers."""
        return False

    @abstractmethod
    def finder(self, query: Query | None) -> Finder:
        """Return a finder for a search; None makes one that finds nothing."""

    def line_of(self, hit: Hit) -> int | None:
        """Return the line that a hit begins on; None if it is folded away."""
        return hit[0]

    def place_of(self, line: int) -> Hit:
        """Return the position of a hit at the beginning of a line."""
        return (line, 0, 0, 0)

    def section_of(self, hit: Hit) -> str:
        """Return the name of the section that a hit is in; empty if these lines have no sections."""
        return ""

    def marks(self, number: int, hits: Sequence[Hit]) -> Iterator[Mark]:
        """Yield what the hits cover of a line."""
        soft_wrap = self.soft_wrap(number)
        margin = soft_wrap.margin if soft_wrap else 0
        # A hit may begin some lines above. Such a hit is the last, or among the last, of those before this line.
        place = bisect_left(hits, (number, 0, 0, 0))
        while place and hits[place - 1][2] >= number:
            place -= 1
        while place < len(hits) and hits[place][0] <= number:
            first, start, last, stop = hits[place]
            yield Mark(
                self.column(number, start if first == number else margin),
                self.column(number, stop if last == number else len(self.text(number))),
                place,
            )
            place += 1

    def column(self, number: int, character: int) -> int:
        """Return the column at which a character of a line's text is drawn."""
        return character
