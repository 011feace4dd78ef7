"""Lines that are kept in memory as they were added."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.wrap import broken
from candela_tui.ui.style.styled_text import Line, Piece
from candela_tui.ui.widgets.text_view.lines import Lines, SoftWrap
from candela_tui.ui.widgets.text_view.search import MOST_HITS, Hit, Query


class WrittenLines(Lines):
    """A list of lines.

    Each line is kept as a flat tuple (text, style, text, style, …). The garbage collector does not track tuples of
    strings; otherwise it would halt everything for the hundreds of thousands of lines of a long conversation.
    """

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self._entries: list[tuple[str, ...] | int] = []
        """The pieces of each line; a subclass may put a number in the place of a line that it makes when needed."""
        self._soft_wraps: dict[int, SoftWrap] = {}
        self._sections: list[tuple[int, str]] = []
        """The first line and the name of each section."""
        self.extend(lines)

    def __len__(self) -> int:
        return len(self._entries)

    def line(self, number: int) -> Line:
        """Return the pieces to draw on a line."""
        flat = self._entries[number]
        assert isinstance(flat, tuple)
        return tuple(zip(flat[::2], flat[1::2], strict=True))

    def text(self, number: int) -> str:
        """Return the text of a line, for search and copying."""
        flat = self._entries[number]
        assert isinstance(flat, tuple)
        return "".join(flat[::2])

    def soft_wrap(self, number: int) -> SoftWrap | None:
        """Return how a line continues the line above; None if it does not."""
        return self._soft_wraps.get(number)

    def begin_section(self, name: str) -> None:
        """Let the next line begin a section."""
        self._sections.append((len(self._entries), name))

    def section_of(self, hit: Hit) -> str:
        """Return the name of the section that a hit is in; empty if there is none."""
        place = bisect_right(self._sections, hit[0], key=lambda section: section[0])
        return self._sections[place - 1][1] if place else ""

    def finder(self, query: Query | None) -> LineFinder:
        """Return a finder that searches the lines as they are drawn."""
        return LineFinder(self, query)

    def add(self, *pieces: Piece) -> None:
        """Add a line made of pieces."""
        self._entries.append(tuple([part for piece in pieces for part in piece]))

    def add_wrapped(self, lost: str, margin: int, *pieces: Piece) -> None:
        """Add a line that continues the text of the line above, as in ``SoftWrap``."""
        self._soft_wraps[len(self._entries)] = SoftWrap(lost, margin)
        self.add(*pieces)

    def wrap(self, text: str, style: str, width: int, margin: str = "") -> None:
        """Add one logical line of text, wrapped at the width, with a margin before each line."""
        text = terminal_safe(text)
        end = 0
        for start, stop in broken(text, width - len(margin)):
            if start or end:
                self._soft_wraps[len(self._entries)] = SoftWrap(text[end:start], len(margin))
            self.add((margin, "text"), (text[start:stop], style))
            end = stop

    def extend(self, lines: Iterable[Line]) -> None:
        """Add several lines at the end."""
        for line in lines:
            self.add(*line)

    def cut(self, length: int) -> None:
        """Remove all lines from number ``length`` on."""
        for number in range(length, len(self._entries)):
            self._soft_wraps.pop(number, None)
        del self._entries[length:]
        while self._sections and self._sections[-1][0] > length:
            self._sections.pop()


_WINDOW = 32_768
_REWRITTEN = 64
"""How many of the last lines are searched again when lines are added: while an answer streams, its end is rewritten."""


class LineFinder:
    """Searches lines as they are drawn, across line wraps."""

    def __init__(self, lines: Lines, query: Query | None) -> None:
        self.hits: list[Hit] = []
        self._lines = lines
        self._query = query
        self._position = 0

    @property
    def complete(self) -> bool:
        """Whether all lines were searched, or enough hits found."""
        return self._query is None or self._position >= len(self._lines) or len(self.hits) >= MOST_HITS

    def steps(self) -> Iterator[None]:
        """Search one logical line per step, or one window of a very long one."""
        if self._query is None:
            return
        lines, query = self._lines, self._query
        self._position = max(0, min(self._position, len(lines)) - _REWRITTEN)
        while self._position and lines.soft_wrap(self._position) is not None:
            self._position -= 1
        del self.hits[bisect_left(self.hits, (self._position, 0, 0, 0)) :]
        while self._position < len(lines) and len(self.hits) < MOST_HITS:
            self._position = self._search(self._position, query)
            yield

    def _search(self, number: int, query: Query) -> int:
        """Search a logical line from its line ``number`` on. Return the line to continue at."""
        lines = self._lines
        soft_wrap = lines.soft_wrap(number)
        margin = soft_wrap.margin if soft_wrap else 0
        text = lines.text(number)[margin:]
        begins: list[tuple[int, int]] = [(0, margin)]
        end = number + 1
        goes_on = False
        while end < len(lines) and (soft_wrap := lines.soft_wrap(end)) is not None:
            if len(text) > _WINDOW:
                goes_on = True
                break
            text += soft_wrap.lost
            begins.append((len(text), soft_wrap.margin))
            text += lines.text(end)[soft_wrap.margin :]
            end += 1
        following = end
        if goes_on:
            # A match that begins on the last of these lines may end beyond them, so they are searched again with the
            # next ones.
            place = bisect_left(begins, (len(text) - len(query.words), 0)) - 1
            following = number + max(1, place)
        limit = begins[following - number][0] if following < end else len(text) + 1
        for match in query.pattern.finditer(text):
            if match.start() >= limit:
                break
            self.hits.append((*_at(begins, number, match.start()), *_at(begins, number, match.end(), end=True)))
        return following


def _at(begins: list[tuple[int, int]], number: int, offset: int, *, end: bool = False) -> tuple[int, int]:
    """Return the line and the character of an offset in the joined text."""
    place = bisect_left(begins, (offset if end else offset + 1, -1)) - 1
    place = max(0, place)
    begin, margin = begins[place]
    return number + place, offset - begin + margin
