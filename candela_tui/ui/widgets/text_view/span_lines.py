"""Lines that are slices of a body. Only their bounds are kept, so that a body of 10 MB takes little memory."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice

from candela_tui.ui.style.styled_text import Line, Piece
from candela_tui.ui.widgets.text_view.lines import Lines, SoftWrap
from candela_tui.ui.widgets.text_view.search import MOST_HITS, Hit, Query
from candela_tui.ui.widgets.text_view.spans import LineSpan

_AT_ONCE = 16


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
        """The lines that do not continue the line above, which are the ones with a number."""

    def __len__(self) -> int:
        return len(self._marks)

    def index(self, spans: Iterator[LineSpan]) -> Iterator[None]:
        """Add spans, a few per step."""
        while some := list(islice(spans, _AT_ONCE)):
            for span in some:
                self.take(span)
            yield

    def take(self, span: LineSpan) -> None:
        """Add the line of one span."""
        if not span.goes_on:
            self._firsts.append(len(self._marks))
        self._starts.append(span.start)
        self._ends.append(span.end)
        self._marks.append(span.indent | (0x80 if span.in_string else 0))

    def text(self, number: int) -> str:
        """Return a line's own text, without indentation."""
        return self._body[self._starts[number] : self._ends[number]].decode("utf-8", "replace")

    def indent(self, number: int) -> int:
        """Return a line's indentation in cells."""
        return self._marks[number] & 0x7F

    @property
    def body(self) -> bytes:
        """The whole body, as bytes."""
        return self._body

    @property
    def end(self) -> int:
        """The offset up to which the body has lines."""
        return self._ends[-1] if self._ends else 0

    def finder(self, query: Query | None) -> SpanFinder:
        """Return a finder that searches the body's bytes."""
        return SpanFinder(self, query)

    def place(self, begin: int, end: int) -> Hit | None:
        """Return the hit for a part of the body; None if it is not within one line (or the lines that one was wrapped
        to)."""
        first, last = bisect_right(self._starts, begin) - 1, bisect_right(self._starts, end - 1) - 1
        if first < 0 or begin >= self._ends[first] or end > self._ends[last] or self._first(last) > first:
            return None
        return (first, self._characters(first, begin), last, self._characters(last, end))

    def _characters(self, number: int, place: int) -> int:
        return len(self._body[self._starts[number] : place].decode("utf-8", "replace"))

    def line(self, number: int) -> Line:
        """Return a line, coloured if the body is JSON."""
        indent = (" " * self.indent(number), "text")
        text = self.text(number)
        return (indent, *coloured(text, in_string=self._in_string(number))) if self._json else (indent, (text, "text"))

    def soft_wrap(self, number: int) -> SoftWrap | None:
        """Return how a line continues the line above; no character is lost at a wrap."""
        return SoftWrap("", 0) if self._first(number) != number else None

    def ordinal(self, number: int) -> int | None:
        """Return a line's number, counted without line wraps."""
        place = bisect_right(self._firsts, number)
        return place if place and self._firsts[place - 1] == number else None

    def column(self, number: int, character: int) -> int:
        """Return the column of a character. Indentation, and the space drawn after colons, move it to the right."""
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
_PART_STYLES = {"key": "link", "string": "good", "number": "accent", "word": "accent", "colon": "dim", "other": "dim"}


def coloured(text: str, *, in_string: bool = False, spaced: bool = True) -> list[Piece]:
    """Return a line of JSON in its colours. With ``spaced``, each colon is followed by exactly one space."""
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
        pieces.append((": " if kind == "colon" and spaced else match.group(), _PART_STYLES[kind]))
        position = match.end()
    return pieces


_WINDOW = 65_536
_LONGEST_CHARACTER = 4


class SpanFinder:
    """Searches the indexed bytes, one window per step. A hit is the line and character of its start and of its end."""

    def __init__(self, lines: SpanLines, query: Query | None) -> None:
        self.hits: list[Hit] = []
        self._lines = lines
        self._pattern = _bytes_pattern(query.words) if query is not None else None
        self._overlap = _LONGEST_CHARACTER * len(query.words) if query is not None else 0
        self._position = 0
        self._searched = 0
        self._found_until = 0

    @property
    def complete(self) -> bool:
        """Whether all bytes that have lines were searched, or enough hits found."""
        return self._pattern is None or self._searched >= self._lines.end or len(self.hits) >= MOST_HITS

    def steps(self) -> Iterator[None]:
        """Search the bytes indexed since the last search."""
        while self._pattern is not None and not self.complete:
            self._search(self._pattern)
            yield

    def _search(self, pattern: re.Pattern[bytes]) -> None:
        body, end = self._lines.body, self._lines.end
        stop = min(self._position + _WINDOW, end)
        window = body[self._position : min(stop + self._overlap, end)]
        following = stop
        for match in pattern.finditer(window):
            begin = self._position + match.start()
            if begin >= stop:
                break
            following = max(following, self._position + match.end())
            self._take(begin, self._position + match.end())
        self._searched = following
        # A match that begins at the very end may continue in bytes that are indexed later.
        self._position = following if stop < end else max(self._found_until, self._position, stop - self._overlap)

    def _take(self, begin: int, end: int) -> None:
        self._found_until = end
        place = self._lines.place(begin, end)
        if place is not None:
            self.hits.append(place)


def _bytes_pattern(words: str) -> re.Pattern[bytes]:
    """Return a pattern that matches the words in UTF-8, ignoring case."""
    return re.compile(b"".join(_either(character) for character in words))


def _either(character: str) -> bytes:
    cases = {character, character.lower(), character.upper()}
    return b"(?:%s)" % b"|".join(re.escape(case.encode("utf-8", "surrogatepass")) for case in sorted(cases))
