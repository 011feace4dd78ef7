"""Blocks of text that fold: how much of each is shown, and on which lines."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.text_view.folding.content import Content, Unit


class DetailLevel(IntEnum):
    """How much of a block is shown."""

    ONE = 0
    """One line that says what the block is."""
    FEW = 1
    """The first lines of the block."""
    ALL = 2


FEW_LINES = 6


@dataclass(slots=True, eq=False)
class Fold:
    """A block that folds. Its content is read when it is to be shown, and no further than that."""

    kind: str
    """The kind whose level of detail applies; empty for a block that is always shown whole."""
    content: Content
    name: str = ""
    """What the block is, in a few words, for the message after copying it."""
    head: Line = ()
    """The line above the content; empty if the content needs none."""
    brief: Callable[[int], Line] | None = None
    """Returns the single line that stands for the folded block, for a number of cells; None to use ``head``."""
    foot: Line = ()
    """A line below the content that is always shown."""
    indent: int = 3
    gap: int = 1
    """Empty lines below the block. There are none if only one line of it is shown."""
    stops: bool = True
    """Whether it can become the current block."""
    attachment: object | None = None
    """The image or document in the block that other programs can open, if there is one."""
    key: str | None = None
    """Identifies the block even if its number changes; None to use the number."""
    section: str = ""
    """The section of the page that it belongs to, such as a message; empty if there are none."""
    leads_to: str = ""
    """The section of another page that opening it leads to; empty if it only folds."""
    clicked: Callable[[int], bool] | None = None
    """Called with the clicked cell. Returns whether the click changed levels of detail."""

    chosen: DetailLevel | None = None
    """The level chosen for this block alone; None for its kind's level."""
    level: DetailLevel | None = None
    """The level that it is shown at; None if it was not measured yet."""
    shown: int = 0
    """How many lines of content are shown."""
    whole: bool = False
    """Whether that is all of the content."""
    height: int = 0
    """How many lines it takes, with head, foot and gap."""
    ends: list[int] = field(default_factory=list)
    """For each unit shown, the number of the content's line after its last."""
    _units: list[Unit] = field(default_factory=list)
    _source: Iterator[Unit | None] | None = None
    _exhausted: bool = False

    def unit(self, number: int, width: int) -> Iterator[None]:
        """Read on until the content's unit ``number`` is read, if there are that many."""
        while len(self._units) <= number and not self._exhausted:
            if self._source is None:
                self._source = self.content.units(width)
            unit = next(self._source, self)
            if unit is self:
                self._exhausted, self._source = True, None
            elif unit is None:
                yield
            else:
                assert not isinstance(unit, Fold)
                self._units.append(unit)

    @property
    def units(self) -> list[Unit]:
        """The units read so far."""
        return self._units

    def is_one_line(self, width: int) -> bool:
        return bool(self._units) and self.content.amount() == "" and self._units[0].height(width) <= 1

    def unit_at(self, line: int) -> tuple[int, int]:
        """Return the unit that a line of content is in, and the line's number within the unit."""
        unit = bisect_left(self.ends, line + 1)
        return unit, line - (self.ends[unit - 1] if unit else 0)

    @property
    def foldable(self) -> bool:
        """Whether more or less of it can be shown."""
        if not self.kind:
            return False
        if self.level is DetailLevel.ONE:
            return not self.whole
        return bool(self.head and self.shown) or self.shown > 1 or not self.whole


@dataclass(slots=True, eq=False)
class FoldMeasurement:
    """The height of a fold at a level. It is measured in steps, and applied when all lines can move at once."""

    fold: Fold
    level: DetailLevel
    shown: int = 0
    whole: bool = False
    ends: list[int] = field(default_factory=list)

    def steps(self, width: int) -> Iterator[None]:
        """Read as much of the content as the level needs."""
        fold = self.fold
        if self.level is DetailLevel.ONE:
            yield from fold.content.count()
            yield from fold.unit(0, width)
            self.whole = not fold.head and fold.is_one_line(width)
            return
        most = FEW_LINES if self.level is DetailLevel.FEW else None
        # One line beyond FEW_LINES is shown: the line that would say what is left out takes as much room.
        while most is None or self.shown <= most + 1:
            number = len(self.ends)
            yield from fold.unit(number, width)
            if number >= len(fold.units):
                self.whole = True
                return
            self.shown += fold.units[number].height(width)
            self.ends.append(self.shown)
            yield
        assert most is not None
        self.shown = most
        yield from fold.content.count()

    def apply(self) -> int:
        """Apply the measured level to the fold. Return its height."""
        fold = self.fold
        fold.level, fold.shown, fold.whole, fold.ends = self.level, self.shown, self.whole, self.ends
        if self.level is DetailLevel.ONE:
            fold.height = 1 + bool(fold.foot)
        else:
            fold.height = bool(fold.head) + self.shown + (not self.whole) + bool(fold.foot) + fold.gap
        return fold.height
