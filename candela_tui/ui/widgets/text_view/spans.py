"""Break a body into lines: find the bytes of each without decoding."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

_TOKEN = re.compile(rb'[ \t\r\n]*(["{}\[\],:]|[^ \t\r\n"{}\[\],:]{1,4096})')
_WHOLE_LINE = re.compile(
    rb"[ \t\r\n]*("
    rb'(?:"[^"\\]{0,256}"[ \t\r\n]*:[ \t\r\n]*)?'
    rb'(?:(?:"[^"\\]{0,4096}"|[^ \t\r\n"{}\[\],:]{1,4096})(?:[ \t\r\n]*,|(?=[ \t\r\n]*[}\]]))'
    rb"|[{\[](?![ \t\r\n]*[}\]]))"
    rb"|[}\]](?:[ \t\r\n]*,|(?=[ \t\r\n]*[}\]]))"
    rb")"
)
"""A line of usual JSON: a value with its key and comma, or a bracket. Token by token it takes three times as long."""
_INDENT = 2
_MOST_INDENT = 40
_OPENING, _CLOSING = b"{[", b"}]"


class LineSpan(NamedTuple):
    """One line: the bytes from ``start`` to ``end``, indented by ``indent`` cells."""

    start: int
    end: int
    indent: int
    in_string: bool = False
    """Whether it continues a string that began on a line above."""
    goes_on: bool = False
    """Whether it continues the line above, which was wrapped."""


SpanReader = Callable[[bytes, int], Iterator[LineSpan]]


def spans_for(body: bytes) -> SpanReader:
    """Return how to break a body into lines: as JSON if it looks like JSON, else at its newlines."""
    return json_spans if body[:200].lstrip()[:1] in (b"{", b"[") else text_spans


def text_spans(body: bytes, width: int) -> Iterator[LineSpan]:
    """Yield the lines of a text, wrapped at the width."""
    start = 0
    while start < len(body):
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        yield from _broken(body, LineSpan(start, end - (body[end - 1 : end] == b"\r" and end > start), 0), width, end)
        start = end + 1


def json_spans(body: bytes, width: int, start: int = 0, stop: int | None = None) -> Iterator[LineSpan]:
    """Yield the lines of a JSON document, indented. Any input is accepted: what is not JSON is shown, too.

    The document is the part of the body from ``start`` to ``stop``.
    """
    limit = len(body) if stop is None else stop
    position, depth = start, 0
    begin = end = -1
    string_from = 0
    line_depth = 0
    while True:
        while begin < 0 and (whole := _WHOLE_LINE.match(body, position, limit)):
            start, stop_of_line = whole.span(1)
            closes = body[start] in _CLOSING
            cells = _cells(max(0, depth - 1) if closes else depth)
            if stop_of_line - start > _room(width, cells):
                break
            position = stop_of_line
            yield LineSpan(start, position, cells)
            if closes:
                depth = max(0, depth - 1)
            elif body[position - 1] in _OPENING:
                depth += 1
        match = _TOKEN.match(body, position, limit)
        if match is None:
            break
        start, position = match.span(1)
        token = body[start : start + 1]
        if token == b'"':
            position = _string_end(body, start, limit)
        if token in _CLOSING:
            depth = max(0, depth - 1)
            empty = begin >= 0 and end == start and body[end - 1 : end] in (b"{", b"[")
            if begin >= 0 and not empty:
                yield from _broken(body, LineSpan(begin, end, _cells(line_depth)), width, string_from)
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
                yield from _broken(body, LineSpan(begin, end, _cells(line_depth)), width, string_from)
                begin = -1
            else:
                end = following.start(1)
        elif token == b",":
            yield from _broken(body, LineSpan(begin, end, _cells(line_depth)), width, string_from)
            begin = -1
    if begin >= 0:
        yield from _broken(body, LineSpan(begin, end, _cells(line_depth)), width, string_from)


def _cells(depth: int) -> int:
    return min(depth * _INDENT, _MOST_INDENT)


def _room(width: int, cells: int) -> int:
    """Return how many bytes fit on a line with this indentation."""
    return max(16, width - cells - 2)


def _string_end(body: bytes, start: int, limit: int) -> int:
    """Return the offset after the closing quote of the string literal at ``start``."""
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


def _broken(body: bytes, span: LineSpan, width: int, string_from: int) -> Iterator[LineSpan]:
    """Wrap a line at the width. In UTF-8, text never takes more cells than bytes."""
    room = _room(width, span.indent)
    start, in_string, goes_on = span.start, False, False
    while span.end - start > room:
        cut = _cut(body, start, start + room)
        yield LineSpan(start, cut, span.indent, in_string, goes_on)
        start, in_string, goes_on = cut, cut > string_from, True
    yield LineSpan(start, span.end, span.indent, in_string, goes_on)


def _cut(body: bytes, start: int, cut: int) -> int:
    """Return where to cut, at most at ``cut``: after a space near the end, else outside characters and escapes."""
    space = body.rfind(b" ", cut - (cut - start) // 4, cut)
    if space > start:
        return space + 1
    earliest = cut - 4
    while cut > earliest and (body[cut] & 0xC0 == 0x80 or body[cut - 1] == 0x5C):
        cut -= 1
    return cut
