"""What a text view shows."""

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from candela_tui.ui.ink import Line
from candela_tui.ui.lines.search import Finder, Hit, Query
from candela_tui.ui.plain import plain

UNWRAPPED = 4096
"""The cells after which a line goes on below although lines are not wrapped: nobody scrolls that far sideways, and a
line of megabytes can't be drawn at once."""

GUTTER = 8
"""The cells that line numbers take."""


def width_of_body(width: int, *, wrap: bool, numbers: bool) -> int:
    """The cells that a numbered body's lines are made for, in a view so wide."""
    return max(20, width - GUTTER if numbers else width) if wrap else UNWRAPPED


class Mark(NamedTuple):
    """The part of a drawn line that a hit covers, in characters."""

    start: int
    stop: int
    hit: int
    """Its place in the list of hits."""


class Joint(NamedTuple):
    """How a line goes on with the text of the line above it."""

    lost: str
    """What was between them: the space that the line was broken at, or nothing."""
    margin: int
    """The characters at its beginning that are no part of the text."""


class Lines(ABC):
    """Lines that fit the width they were made for. Their number may grow while they are shown."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def line(self, number: int) -> Line:
        """What to draw."""

    @abstractmethod
    def text(self, number: int) -> str:
        """What to search and copy."""

    def joint(self, number: int) -> Joint | None:
        """How it goes on with the line above; None: it begins anew."""
        return None

    def texts(self) -> Iterator[str]:
        """All that the lines say, part by part: plain, and as it was before it was broken."""
        for number in range(len(self)):
            text = plain(self.text(number))
            joint = self.joint(number)
            if joint is not None:
                yield joint.lost + text[joint.margin :]
            else:
                yield f"\n{text}" if number else text

    def ordinal(self, number: int) -> int | None:
        """The number to show beside it, from 1; None: it goes on with the line above, or lines have no numbers."""
        return None

    @property
    def numbered(self) -> bool:
        """Whether its lines have numbers."""
        return False

    @abstractmethod
    def finder(self, query: Query | None) -> Finder:
        """What looks for words here; None: the search is over."""

    def line_of(self, hit: Hit) -> int | None:
        """The line that a hit begins on; None: it is folded away."""
        return hit[0]

    def place_of(self, line: int) -> Hit:
        """Where a hit would be that begins on a line."""
        return (line, 0, 0, 0)

    def marks(self, number: int, hits: Sequence[Hit]) -> Iterator[Mark]:
        """What the hits cover of a drawn line."""
        joint = self.joint(number)
        margin = joint.margin if joint else 0
        # A hit may begin lines above; one that does is the last, or among the last, before this line.
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
        """Where a character of a line's text is drawn."""
        return character
