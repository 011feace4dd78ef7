"""Parts of a foldable block, so small that one is laid out without anyone noticing."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from candela_tui.ui.ink import Line
from candela_tui.ui.lines.json_string import Piece, decoded
from candela_tui.ui.lines.spans import SpanLines
from candela_tui.ui.lines.wrap import broken, height_of
from candela_tui.ui.plain import plain_lines


class Layout(NamedTuple):
    """A unit's lines for one width."""

    text: str
    bounds: list[tuple[int, int]]
    """The part of the text that each line ends with; what is before it on the line is margin."""
    lines: list[Line]

    def margin(self, number: int) -> int:
        """The characters of a line before its text."""
        start, stop = self.bounds[number]
        return sum(len(part) for part, _ in self.lines[number]) - (stop - start)


class Unit(Protocol):
    """A few kilobytes of a block."""

    @property
    def goes_on(self) -> bool:
        """Whether its last line of text goes on in the next unit."""
        ...

    def text(self) -> str:
        """What it says: plain, its lines neither broken nor indented."""
        ...

    def height(self, width: int) -> int:
        """How many lines it has."""
        ...

    def layout(self, width: int) -> Layout:
        """Its lines."""
        ...


class TextUnit:
    """A piece of a string literal."""

    __slots__ = ("_indent", "_ink", "_literal", "_piece")

    def __init__(self, literal: bytes, piece: Piece, ink: str, indent: int = 0) -> None:
        self._literal = literal
        self._piece = piece
        self._ink = ink
        self._indent = indent

    @property
    def goes_on(self) -> bool:
        """Where no newline was near, a line is cut."""
        return self._piece.goes_on

    def text(self) -> str:
        """The text, decoded."""
        return plain_lines(decoded(self._literal, self._piece.start, self._piece.stop))

    def height(self, width: int) -> int:
        """Counted without breaking the lines that fit."""
        return height_of(self.text(), width - self._indent)

    def layout(self, width: int) -> Layout:
        """Broken at the width."""
        text = self.text()
        bounds: list[tuple[int, int]] = []
        begin = 0
        for line in text.split("\n"):
            bounds += [(begin + start, begin + stop) for start, stop in broken(line, width - self._indent)]
            begin += len(line) + 1
        margin = " " * self._indent
        lines: list[Line] = [((margin, "text"), (text[start:stop], self._ink)) for start, stop in bounds]
        return Layout(text, bounds, lines)


class LinesUnit:
    """Lines that are what they are at any width."""

    __slots__ = ("_lines",)
    goes_on = False

    def __init__(self, *lines: Line) -> None:
        self._lines = lines

    def text(self) -> str:
        """The pieces' texts."""
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def height(self, width: int) -> int:
        """As many as there are."""
        return len(self._lines)

    def layout(self, width: int) -> Layout:
        """The lines."""
        return _layout(self._lines)


def _layout(lines: Iterable[Line]) -> Layout:
    texts = ["".join(text for text, _ in line) for line in lines]
    ends = itertools.accumulate(len(text) + 1 for text in texts)
    bounds = [(end - 1 - len(text), end - 1) for end, text in zip(ends, texts, strict=True)]
    return Layout("\n".join(texts), bounds, list(lines))


class JsonUnit:
    """Some lines of a JSON value."""

    __slots__ = ("_indent", "_spans")
    goes_on = False

    def __init__(self, spans: SpanLines, indent: int) -> None:
        self._spans = spans
        self._indent = indent

    def text(self) -> str:
        """As it is drawn, but for what was broken."""
        return self._laid_out()[0]

    def height(self, width: int) -> int:
        """The spans were made for the width."""
        return len(self._spans)

    def layout(self, width: int) -> Layout:
        """Coloured."""
        text, bounds = self._laid_out()
        margin = (" " * self._indent, "text")
        return Layout(text, bounds, [(margin, *self._spans.line(number)) for number in range(len(self._spans))])

    def _laid_out(self) -> tuple[str, list[tuple[int, int]]]:
        spans, parts, bounds, length = self._spans, [], [], 0
        for number in range(len(spans)):
            drawn = "".join(part for part, _ in spans.line(number))
            if number and spans.joint(number) is None:
                parts.append("\n")
                length += 1
            elif number:
                drawn = drawn[spans.indent(number) :]
            parts.append(drawn)
            bounds.append((length, length + len(drawn)))
            length += len(drawn)
        return "".join(parts), bounds
