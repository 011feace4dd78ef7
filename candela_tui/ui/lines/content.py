"""What a foldable block holds: read unit by unit, and no further than what is shown of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from candela_tui.ui import words
from candela_tui.ui.ink import Line
from candela_tui.ui.lines.json_string import Newlines, beginning, decoded, pieces
from candela_tui.ui.lines.spans import SpanLines, json_spans
from candela_tui.ui.lines.units import JsonUnit, LinesUnit, TextUnit, Unit

_SPANS = 200
_MOST_JSON_LINES = 20_000


class Content(Protocol):
    """The whole of what a block holds."""

    def units(self, width: int) -> Iterator[Unit | None]:
        """Its units; None: a step on the way to the next."""
        ...

    def count(self) -> Iterator[None]:
        """Learn what ``amount`` and ``more`` need."""
        ...

    def amount(self) -> str:
        """How much it is: ``12 lines``; nothing where it is a line."""
        ...

    def more(self, lines: int) -> str:
        """How much there is beyond so many lines of text."""
        ...


class TextContent:
    """A part of a string literal."""

    def __init__(
        self, literal: bytes, start: int = 1, stop: int | None = None, *, ink: str = "text", indent: int = 0
    ) -> None:
        self.literal = literal
        self.start = start
        self.stop = max(start, len(literal) - 1) if stop is None else stop
        self._ink = ink
        self._indent = indent
        self._newlines = Newlines(literal, self.start, self.stop)

    def units(self, width: int) -> Iterator[Unit | None]:
        """Piece by piece."""
        if self.stop <= self.start:
            yield LinesUnit((("(empty)", "faint"),))
            return
        for piece in pieces(self.literal, self.start, self.stop):
            yield TextUnit(self.literal, piece, self._ink, self._indent)

    def count(self) -> Iterator[None]:
        """The newlines."""
        yield from self._newlines.count()

    def amount(self) -> str:
        """In lines of text."""
        lines = self._newlines.lines or 0
        return f"{lines:,} lines" if lines > 1 else ""

    def more(self, lines: int) -> str:
        """In lines of text."""
        rest = (self._newlines.lines or 0) - lines
        if rest <= 0:
            return f"more of {words.size(self.stop - self.start)}"
        return f"{rest:,} more line" if rest == 1 else f"{rest:,} more lines"

    def beginning(self, characters: int) -> str:
        """Its first words, in one line."""
        stop = beginning(self.literal, self.start, self.stop, 4 * characters + 64)
        return " ".join(decoded(self.literal, self.start, stop).split())


class JsonContent:
    """A JSON value."""

    def __init__(self, body: bytes, start: int = 0, stop: int | None = None, *, indent: int = 0) -> None:
        self._body = body
        self._start = start
        self._stop = len(body) if stop is None else stop
        self._indent = indent

    def units(self, width: int) -> Iterator[Unit | None]:
        """Some lines each."""
        spans = SpanLines(self._body, json=True)
        found = json_spans(self._body, width - self._indent, self._start, self._stop)
        for total, span in enumerate(found):
            if len(spans) >= _SPANS and not span.goes_on:
                yield JsonUnit(spans, self._indent)
                spans = SpanLines(self._body, json=True)
                if total >= _MOST_JSON_LINES:
                    yield LinesUnit(((f"… beyond {total:,} lines: see Raw request", "warn"),))
                    return
            spans.take(span)
            yield None
        if len(spans):
            yield JsonUnit(spans, self._indent)

    def count(self) -> Iterator[None]:
        """Its size is known."""
        return iter(())

    def amount(self) -> str:
        """In bytes."""
        return words.size(self._stop - self._start)

    def more(self, lines: int) -> str:
        """In bytes."""
        return f"more of {self.amount()}"


class ContentOf:
    """Several contents one below the other."""

    def __init__(self, *contents: Content, size: int = 0) -> None:
        self._contents = contents
        self._size = size

    def units(self, width: int) -> Iterator[Unit | None]:
        """Of one after the other."""
        for content in self._contents:
            yield from content.units(width)

    def count(self) -> Iterator[None]:
        """The size is known."""
        return iter(())

    def amount(self) -> str:
        """In bytes."""
        return words.size(self._size) if self._size else ""

    def more(self, lines: int) -> str:
        """In bytes."""
        return f"more of {words.size(self._size)}"


class UnitContent:
    """One unit that says what there is to say."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def units(self, width: int) -> Iterator[Unit | None]:
        """All at once."""
        yield self._unit

    def count(self) -> Iterator[None]:
        """Nothing to learn."""
        return iter(())

    def amount(self) -> str:
        """Seen at once."""
        return ""

    def more(self, lines: int) -> str:
        """In general."""
        return "more"


class FixedContent(UnitContent):
    """Lines that are what they are at any width."""

    def __init__(self, *lines: Line) -> None:
        super().__init__(LinesUnit(*lines))
