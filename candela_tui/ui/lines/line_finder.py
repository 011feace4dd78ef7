"""Words found in lines of any number, a slice of them at a time."""

from bisect import bisect_left
from collections.abc import Iterator

from candela_tui.ui.lines.lines import Lines
from candela_tui.ui.lines.search import MOST_HITS, Hit, Query

_WINDOW = 32_768
_REWRITTEN = 64
"""The last lines are looked at again when there are more: while an answer streams, its end is written anew."""


class LineFinder:
    """Searches lines as they are drawn, joining what was broken."""

    def __init__(self, lines: Lines, query: Query | None) -> None:
        self.hits: list[Hit] = []
        self._lines = lines
        self._query = query
        self._position = 0

    @property
    def complete(self) -> bool:
        """Whether all lines were searched."""
        return self._query is None or self._position >= len(self._lines) or len(self.hits) >= MOST_HITS

    def steps(self) -> Iterator[None]:
        """One logical line a step, or a window of a very long one."""
        if self._query is None:
            return
        lines, query = self._lines, self._query
        self._position = max(0, min(self._position, len(lines)) - _REWRITTEN)
        while self._position and lines.joint(self._position) is not None:
            self._position -= 1
        del self.hits[bisect_left(self.hits, (self._position, 0, 0, 0)) :]
        while self._position < len(lines) and len(self.hits) < MOST_HITS:
            self._position = self._search(self._position, query)
            yield

    def _search(self, number: int, query: Query) -> int:
        """Search a logical line from its line ``number`` on; return the line to go on with."""
        lines = self._lines
        joint = lines.joint(number)
        margin = joint.margin if joint else 0
        text = lines.text(number)[margin:]
        begins: list[tuple[int, int]] = [(0, margin)]
        end = number + 1
        goes_on = False
        while end < len(lines) and (joint := lines.joint(end)) is not None:
            if len(text) > _WINDOW:
                goes_on = True
                break
            text += joint.lost
            begins.append((len(text), joint.margin))
            text += lines.text(end)[joint.margin :]
            end += 1
        following = end
        if goes_on:
            # What begins on the last of these lines may end beyond them: they are searched again with the next.
            place = bisect_left(begins, (len(text) - len(query.words), 0)) - 1
            following = number + max(1, place)
        limit = begins[following - number][0] if following < end else len(text) + 1
        for match in query.pattern.finditer(text):
            if match.start() >= limit:
                break
            self.hits.append((*_at(begins, number, match.start()), *_at(begins, number, match.end(), end=True)))
        return following


def _at(begins: list[tuple[int, int]], number: int, offset: int, *, end: bool = False) -> tuple[int, int]:
    """The line and the character that an offset in the joined text is at."""
    place = bisect_left(begins, (offset if end else offset + 1, -1)) - 1
    place = max(0, place)
    begin, margin = begins[place]
    return number + place, offset - begin + margin
