"""An option of the wizard: its title, with a description below."""

from collections.abc import Hashable
from dataclasses import dataclass

from candela_tui.text.wrap import wrapped
from candela_tui.ui.style.styled_text import Line, Piece, cells_of

_MARGIN = 3
_MOST_LINES = 4
"""Lines of a description."""


@dataclass(frozen=True, slots=True)
class SignInOption:
    """Something to choose."""

    id: str
    title: str
    about: str = ""
    sign: Piece | None = None


@dataclass(frozen=True, slots=True)
class SignInOptionRow:
    """An option laid out for a width."""

    offer: SignInOption
    below: tuple[str, ...]
    moving: bool = False

    @property
    def key(self) -> Hashable:
        """The option's id."""
        return self.offer.id

    @property
    def height(self) -> int:
        """The height: the title and the description."""
        return 1 + len(self.below)

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Draw the sign and title, or a line of the description."""
        if line:
            return ((" " * _MARGIN, "text"), (self.below[line - 1], "dim"))
        sign = self.offer.sign or ("", "text")
        gap = " " * (_MARGIN - 1 - cells_of((sign,)))
        return ((" ", "text"), sign, (gap, "text"), (self.offer.title, "bright"))


def row_of(offer: SignInOption, width: int) -> SignInOptionRow:
    """Lay out an option for a width."""
    below = tuple(wrapped(offer.about, max(10, width - _MARGIN - 1)))[:_MOST_LINES] if offer.about else ()
    return SignInOptionRow(offer, below)
