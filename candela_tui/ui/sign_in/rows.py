"""One of several things to choose from: its title, and below it what there is to say about it."""

from collections.abc import Hashable
from dataclasses import dataclass

from candela_tui.ui.ink import Line, Piece, cells_of
from candela_tui.ui.lines.wrap import wrapped

_MARGIN = 3
_MOST_LINES = 4
"""Of what is said below a title."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be chosen."""

    id: str
    title: str
    about: str = ""
    sign: Piece | None = None


@dataclass(frozen=True, slots=True)
class OfferRow:
    """An offer, laid out for a width."""

    offer: Offer
    below: tuple[str, ...]
    moving: bool = False

    @property
    def key(self) -> Hashable:
        """Its id."""
        return self.offer.id

    @property
    def height(self) -> int:
        """The title, and what is below."""
        return 1 + len(self.below)

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Its sign and title, or a line of what is said about it."""
        if line:
            return ((" " * _MARGIN, "text"), (self.below[line - 1], "dim"))
        sign = self.offer.sign or ("", "text")
        gap = " " * (_MARGIN - 1 - cells_of((sign,)))
        return ((" ", "text"), sign, (gap, "text"), (self.offer.title, "bright"))


def row_of(offer: Offer, width: int) -> OfferRow:
    """The offer, in so many cells."""
    below = tuple(wrapped(offer.about, max(10, width - _MARGIN - 1)))[:_MOST_LINES] if offer.about else ()
    return OfferRow(offer, below)
