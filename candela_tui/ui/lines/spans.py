"""Bodies as lines that are slices of the body: only where each begins and ends is kept, so that 10 MB are cheap."""

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

from candela_tui.ui.ink import Line, Piece
from candela_tui.ui.lines.lines import Joint, Lines
from candela_tui.ui.lines.search import Hit, Query
from candela_tui.ui.lines.span_finder import SpanFinder

_TOKEN = re.compile(rb'[ \t\r\n]*(["{}\[\],:]|[^ \t\r\n"{}\[\],:]{1,4096})')
_INDENT = 2
_MOST_INDENT = 40
_OPENING, _CLOSING = b"{[", b"}]"


class Span(NamedTuple):
    """One line: the bytes from ``start`` to ``end``, so many cells to the right."""

    start: int
    end: int
    indent: int
    in_string: bool = False
    """Whether it goes on with a string that began on a line above."""
    goes_on: bool = False
    """Whether it goes on with the line above, which the width broke."""


Spans = Callable[[bytes, int], Iterator[Span]]


def spans_for(body: bytes) -> Spans:
    """How to break up a body: by JSON's structure where it looks like JSON, else by its own lines."""
    return json_spans if body[:200].lstrip()[:1] in (b"{", b"[") else text_spans


def text_spans(body: bytes, width: int) -> Iterator[Span]:
    """The lines of a text. A line beyond the width goes on below."""
    start = 0
    while start < len(body):
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        yield from _broken(body, Span(start, end - (body[end - 1 : end] == b"\r" and end > start), 0), width, end)
        start = end + 1


def json_spans(body: bytes, width: int, start: int = 0, stop: int | None = None) -> Iterator[Span]:
    """The lines of a JSON document, indented. Anything is accepted: what is not JSON is shown all the same.

    ``start`` and ``stop``: where the document is in the body.
    """
    limit = len(body) if stop is None else stop
    position, depth = start, 0
    begin = end = -1
    string_from = 0
    line_depth = 0
    while match := _TOKEN.match(body, position, limit):
        start, position = match.span(1)
        token = body[start : start + 1]
        if token == b'"':
            position = _string_end(body, start, limit)
        if token in _CLOSING:
            depth = max(0, depth - 1)
            empty = begin >= 0 and end == start and body[end - 1 : end] in (b"{", b"[")
            if begin >= 0 and not empty:
                yield from _broken(body, Span(begin, end, _cells(line_depth)), width, string_from)
                begin = -1
        if begin < 0:
            begin, line_depth, string_from = start, depth, position
        if token == b'"':
            string_from = start
        end = position
        if token in _OPENING:
            depth += 1
            following = _TOKEN.match(body, position, limit)
            if following is None or following.group(1) not in (b"}", b"]"):
                yield from _broken(body, Span(begin, end, _cells(line_depth)), width, string_from)
                begin = -1
            else:
                end = following.start(1)
        elif token == b",":
            yield from _broken(body, Span(begin, end, _cells(line_depth)), width, string_from)
            begin = -1
    if begin >= 0:
        yield from _broken(body, Span(begin, end, _cells(line_depth)), width, string_from)


def _cells(depth: int) -> int:
    return min(depth * _INDENT, _MOST_INDENT)


def _string_end(body: bytes, start: int, limit: int) -> int:
    """Where the string literal that starts there ends (behind its quote)."""
    quote = start
    while True:
        quote = body.find(b'"', quote + 1, limit)
        if quote < 0:
            return limit
        window = 64
        while True:
            before = body[max(start + 1, quote - window) : quote]
            backslashes = len(before) - len(before.rstrip(b"\\"))
            if backslashes < len(before) or len(before) < window:
                break
            window *= 8
        if backslashes % 2 == 0:
            return quote + 1


def _broken(body: bytes, span: Span, width: int, string_from: int) -> Iterator[Span]:
    """Break a line where the width ends. As many bytes as cells never draw wider than that in UTF-8."""
    room = max(16, width - span.indent - 2)
    start, in_string, goes_on = span.start, False, False
    while span.end - start > room:
        cut = _cut(body, start, start + room)
        yield Span(start, cut, span.indent, in_string, goes_on)
        start, in_string, goes_on = cut, cut > string_from, True
    yield Span(start, span.end, span.indent, in_string, goes_on)


def _cut(body: bytes, start: int, cut: int) -> int:
    """Where to break up to there: behind a space near the end, else not inside a character or an escape."""
    space = body.rfind(b" ", cut - (cut - start) // 4, cut)
    if space > start:
        return space + 1
    earliest = cut - 4
    while cut > earliest and (body[cut] & 0xC0 == 0x80 or body[cut - 1] == 0x5C):
        cut -= 1
    return cut


class SpanLines(Lines):
    """The lines of one body. ``index`` finds them."""

    numbered = True

    def __init__(self, body: bytes, *, json: bool) -> None:
        self._body = body
        self._json = json
        self._starts = array("Q")
        self._ends = array("Q")
        self._marks = array("B")
        self._firsts = array("Q")
        """The lines that go on with none above: what is numbered."""

    def __len__(self) -> int:
        return len(self._marks)

    def index(self, spans: Iterator[Span]) -> Iterator[None]:
        """Take in the spans, one a step."""
        for span in spans:
            self.take(span)
            yield

    def take(self, span: Span) -> None:
        """Take in one span."""
        if not span.goes_on:
            self._firsts.append(len(self._marks))
        self._starts.append(span.start)
        self._ends.append(span.end)
        self._marks.append(span.indent | (0x80 if span.in_string else 0))

    def text(self, number: int) -> str:
        """The line's own text."""
        return self._body[self._starts[number] : self._ends[number]].decode("utf-8", "replace")

    def indent(self, number: int) -> int:
        """How many cells the line is to the right."""
        return self._marks[number] & 0x7F

    @property
    def body(self) -> bytes:
        """The whole body."""
        return self._body

    @property
    def end(self) -> int:
        """Up to where the body has lines."""
        return self._ends[-1] if self._ends else 0

    def finder(self, query: Query | None) -> SpanFinder:
        """What looks for words in the body's bytes."""
        return SpanFinder(self, query)

    def place(self, begin: int, end: int) -> Hit | None:
        """The hit on a part of the body; None: it is not on one line (or on what one was broken into)."""
        first, last = bisect_right(self._starts, begin) - 1, bisect_right(self._starts, end - 1) - 1
        if first < 0 or begin >= self._ends[first] or end > self._ends[last] or self._first(last) > first:
            return None
        return (first, self._characters(first, begin), last, self._characters(last, end))

    def _characters(self, number: int, place: int) -> int:
        return len(self._body[self._starts[number] : place].decode("utf-8", "replace"))

    def line(self, number: int) -> Line:
        """The line, coloured."""
        indent = (" " * self.indent(number), "text")
        text = self.text(number)
        return (indent, *coloured(text, in_string=self._in_string(number))) if self._json else (indent, (text, "text"))

    def joint(self, number: int) -> Joint | None:
        """Nothing is lost where a line is broken."""
        return Joint("", 0) if self._first(number) != number else None

    def ordinal(self, number: int) -> int | None:
        """Which line it is of those that the body has when none is broken."""
        place = bisect_right(self._firsts, number)
        return place if place and self._firsts[place - 1] == number else None

    def column(self, number: int, character: int) -> int:
        """Where a character is drawn: behind the indentation, and behind the spaces that colons are given."""
        drawn = self.indent(number) + character
        if self._json:
            position = 0
            for text, _ in coloured(self.text(number), in_string=self._in_string(number), spaced=False):
                position += len(text)
                if position > character:
                    break
                if text.rstrip() == ":":
                    drawn += 2 - len(text)
        return drawn

    def _first(self, number: int) -> int:
        return self._firsts[bisect_right(self._firsts, number) - 1]

    def _in_string(self, number: int) -> bool:
        return bool(self._marks[number] & 0x80)


_JSON_PART = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=\s*:)|(?P<string>"(?:[^"\\]|\\.)*"?)|(?P<colon>:\s*)'
    r"|(?P<number>-?\d[\d.eE+-]*)|(?P<word>true|false|null)|(?P<other>[^\"]+?)"
)
_STRING_REST = re.compile(r'(?:[^"\\]|\\.|\\$)*"?')
_PART_INKS = {"key": "link", "string": "good", "number": "accent", "word": "accent", "colon": "dim", "other": "dim"}


def coloured(text: str, *, in_string: bool = False, spaced: bool = True) -> list[Piece]:
    """A line of JSON in its colours; ``spaced``: with a space behind colons, wherever there is one."""
    pieces: list[Piece] = []
    position = 0
    if in_string:
        rest = _STRING_REST.match(text)
        position = rest.end() if rest else 0
        pieces.append((text[:position], "good"))
    while position < len(text):
        match = _JSON_PART.match(text, position)
        if match is None or not match.group():
            pieces.append((text[position:], "text"))
            break
        kind = match.lastgroup or "other"
        pieces.append((": " if kind == "colon" and spaced else match.group(), _PART_INKS[kind]))
        position = match.end()
    return pieces
