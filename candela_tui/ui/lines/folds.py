"""Blocks of text that fold: how much of each is shown, and on which lines."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from candela_tui.ui.ink import Line
from candela_tui.ui.lines.content import Content
from candela_tui.ui.lines.units import Unit


class Level(IntEnum):
    """How much of a block is shown."""

    ONE = 0
    """One line that says what it is."""
    FEW = 1
    """Its first lines."""
    ALL = 2


FEW_LINES = 6


@dataclass(slots=True, eq=False)
class Fold:
    """One block. What it holds is read when it is to be shown, and no further than that."""

    kind: str
    """Whose level of detail it follows; empty: it is always shown whole."""
    content: Content
    name: str = ""
    """In a few words, for who copies it."""
    head: Line = ()
    """A line of its own that its content is below; none: the content stands for itself."""
    brief: Callable[[int], Line] | None = None
    """The one line that says what it is, for so many cells; None: its head says it."""
    foot: Line = ()
    """A line below it that is always shown."""
    indent: int = 3
    gap: int = 1
    """Empty lines below it, unless only one line is shown of it."""
    stops: bool = True
    """Whether it can be the current block."""
    bears: object | None = None
    """What it shows that can be opened by other programs."""
    key: str | None = None
    """What tells it from the others wherever it stands; None: its number does."""
    clicked: Callable[[int], bool] | None = None
    """What a click at a cell does; returns whether that changed levels."""

    chosen: Level | None = None
    """The level that was chosen for this block alone."""
    level: Level | None = None
    """The level it is shown at; None: it was not measured yet."""
    shown: int = 0
    """Lines of content that are shown."""
    whole: bool = False
    """Whether that is all of it."""
    height: int = 0
    """Lines in all."""
    ends: list[int] = field(default_factory=list)
    """The line of content that each unit shown ends before."""
    _units: list[Unit] = field(default_factory=list)
    _source: Iterator[Unit | None] | None = None
    _exhausted: bool = False

    def unit(self, number: int, width: int) -> Iterator[None]:
        """Read on to a unit, if there are that many."""
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
        """Those that were read so far."""
        return self._units

    def is_one_line(self, width: int) -> bool:
        return bool(self._units) and self.content.amount() == "" and self._units[0].height(width) <= 1

    def unit_at(self, line: int) -> tuple[int, int]:
        """The unit that a line of content is in, and which of its lines it is."""
        unit = bisect_left(self.ends, line + 1)
        return unit, line - (self.ends[unit - 1] if unit else 0)

    @property
    def foldable(self) -> bool:
        """Whether there is more or less of it to show."""
        if not self.kind:
            return False
        if self.level is Level.ONE:
            return not self.whole
        return bool(self.head and self.shown) or self.shown > 1 or not self.whole


@dataclass(slots=True, eq=False)
class Measure:
    """How high a fold is at a level: found in steps, and taken over when all lines can move at once."""

    fold: Fold
    level: Level
    shown: int = 0
    whole: bool = False
    ends: list[int] = field(default_factory=list)

    def steps(self, width: int) -> Iterator[None]:
        """Read as much of the content as the level needs."""
        fold = self.fold
        if self.level is Level.ONE:
            yield from fold.content.count()
            yield from fold.unit(0, width)
            self.whole = not fold.head and fold.is_one_line(width)
            return
        most = FEW_LINES if self.level is Level.FEW else None
        # One line more than a few is shown: the line that would stand for it is no shorter.
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
        """Show the fold so; return its height."""
        fold = self.fold
        fold.level, fold.shown, fold.whole, fold.ends = self.level, self.shown, self.whole, self.ends
        if self.level is Level.ONE:
            fold.height = 1 + bool(fold.foot)
        else:
            fold.height = bool(fold.head) + self.shown + (not self.whole) + bool(fold.foot) + fold.gap
        return fold.height
