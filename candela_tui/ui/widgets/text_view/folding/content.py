"""The content of foldable blocks, read unit by unit and no further than needed for what is shown."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from candela_tui.text import amounts
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.style.styled_text import Line


class UnitLayout(NamedTuple):
    """A unit's lines for one width."""

    text: str
    bounds: list[tuple[int, int]]
    """For each line, the part of ``text`` that it ends with. Whatever comes before it on the line is margin."""
    lines: list[Line]

    def margin(self, number: int) -> int:
        """Return how many characters a line has before its text."""
        start, stop = self.bounds[number]
        return sum(len(part) for part, _ in self.lines[number]) - (stop - start)


class Unit(Protocol):
    """A few kilobytes of a block's content."""

    @property
    def goes_on(self) -> bool:
        """Whether its last line of text continues in the next unit."""
        ...

    def text(self) -> str:
        """Return its plain text; lines are neither wrapped nor indented."""
        ...

    def height(self, width: int) -> int:
        """Return how many lines it takes at a width."""
        ...

    def layout(self, width: int) -> UnitLayout:
        """Return its lines at a width."""
        ...


class LinesUnit:
    """Lines that are the same at any width. Their text is made safe for a terminal."""

    __slots__ = ("_lines",)
    goes_on = False

    def __init__(self, *lines: Line) -> None:
        self._lines = [tuple((terminal_safe(text), style) for text, style in line) for line in lines]

    def text(self) -> str:
        """Return the lines' text."""
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def height(self, width: int) -> int:
        """Return the number of lines."""
        return len(self._lines)

    def layout(self, width: int) -> UnitLayout:
        """Return the lines, whatever the width."""
        return _layout(self._lines)


def _layout(lines: Iterable[Line]) -> UnitLayout:
    texts = ["".join(text for text, _ in line) for line in lines]
    ends = itertools.accumulate(len(text) + 1 for text in texts)
    bounds = [(end - 1 - len(text), end - 1) for end, text in zip(ends, texts, strict=True)]
    return UnitLayout("\n".join(texts), bounds, list(lines))


class Content(Protocol):
    """The whole content of a block."""

    def units(self, width: int) -> Iterator[Unit | None]:
        """Yield its units. None is a step on the way to the next unit."""
        ...

    def count(self) -> Iterator[None]:
        """Count what ``amount`` and ``more`` need, in steps."""
        ...

    def amount(self) -> str:
        """Return how much content there is, such as ``12 lines``; empty if it is one line."""
        ...

    def more(self, lines: int) -> str:
        """Return how much there is after this many lines of text."""
        ...


class ContentSequence:
    """Several contents, one below the other."""

    def __init__(self, *contents: Content, size: int = 0) -> None:
        self._contents = contents
        self._size = size

    def units(self, width: int) -> Iterator[Unit | None]:
        """Yield the units of one content after the other."""
        for content in self._contents:
            yield from content.units(width)

    def count(self) -> Iterator[None]:
        """Do nothing: the size is known."""
        return iter(())

    def amount(self) -> str:
        """Return the size in bytes."""
        return amounts.size(self._size) if self._size else ""

    def more(self, lines: int) -> str:
        """Return the size in bytes."""
        return f"more of {amounts.size(self._size)}"


class UnitContent:
    """Content that is a single unit."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def units(self, width: int) -> Iterator[Unit | None]:
        """Yield the only unit."""
        yield self._unit

    def count(self) -> Iterator[None]:
        """Do nothing: there is nothing to count."""
        return iter(())

    def amount(self) -> str:
        """Return nothing: one unit is seen at a glance."""
        return ""

    def more(self, lines: int) -> str:
        """Return ``more``, without an amount."""
        return "more"


class LinesContent(UnitContent):
    """Content whose lines are the same at any width."""

    def __init__(self, *lines: Line) -> None:
        super().__init__(LinesUnit(*lines))
