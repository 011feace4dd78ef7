"""Bodies as lines that are slices of the body: only where each begins and ends is kept, so that 10 MB are cheap."""

import re
from array import array
from collections.abc import Callable, Iterator
from typing import NamedTuple

from candela_tui.ui.ink import Line, Piece

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


def json_spans(body: bytes, width: int) -> Iterator[Span]:
    """The lines of a JSON document, indented. Anything is accepted: what is not JSON is shown all the same."""
    position = depth = 0
    begin = end = -1
    string_from = 0
    line_depth = 0
    while match := _TOKEN.match(body, position):
        start, position = match.span(1)
        token = body[start : start + 1]
        if token == b'"':
            position = _string_end(body, start)
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
            following = _TOKEN.match(body, position)
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


def _string_end(body: bytes, start: int) -> int:
    """Where the string literal that starts there ends (behind its quote)."""
    quote = start
    while True:
        quote = body.find(b'"', quote + 1)
        if quote < 0:
            return len(body)
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
    start, in_string = span.start, False
    while span.end - start > room:
        cut = _cut(body, start, start + room)
        yield Span(start, cut, span.indent, in_string)
        start, in_string = cut, cut > string_from
    yield Span(start, span.end, span.indent, in_string)


def _cut(body: bytes, start: int, cut: int) -> int:
    """Where to break up to there: behind a space near the end, else not inside a character or an escape."""
    space = body.rfind(b" ", cut - (cut - start) // 4, cut)
    if space > start:
        return space + 1
    earliest = cut - 4
    while cut > earliest and (body[cut] & 0xC0 == 0x80 or body[cut - 1] == 0x5C):
        cut -= 1
    return cut


class SpanLines:
    """The lines of one body. ``index`` finds them."""

    def __init__(self, body: bytes, *, json: bool) -> None:
        self._body = body
        self._json = json
        self._starts = array("Q")
        self._ends = array("Q")
        self._marks = array("B")

    def __len__(self) -> int:
        return len(self._marks)

    def index(self, spans: Iterator[Span]) -> Iterator[None]:
        """Take in the spans, one a step."""
        for span in spans:
            self._starts.append(span.start)
            self._ends.append(span.end)
            self._marks.append(span.indent | (0x80 if span.in_string else 0))
            yield

    def text(self, number: int) -> str:
        """The line's own text."""
        return self._body[self._starts[number] : self._ends[number]].decode("utf-8", "replace")

    def line(self, number: int) -> Line:
        """The line, coloured."""
        mark = self._marks[number]
        text = self.text(number)
        indent = (" " * (mark & 0x7F), "text")
        return (indent, *coloured(text, in_string=bool(mark & 0x80))) if self._json else (indent, (text, "text"))


def json_lines(body: bytes, width: int, indent: int = 0) -> Iterator[Line]:
    """A JSON value as coloured lines."""
    for span in json_spans(body, width - indent):
        text = body[span.start : span.end].decode("utf-8", "replace")
        yield ((" " * (indent + span.indent), "text"), *coloured(text, in_string=span.in_string))


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
