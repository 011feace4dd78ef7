"""Words found in a body without decoding it, and the lines that they are on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from candela_tui.ui.lines.search import MOST_HITS, Hit, Query

if TYPE_CHECKING:
    from candela_tui.ui.lines.spans import SpanLines

_WINDOW = 65_536
_LONGEST_CHARACTER = 4


class SpanFinder:
    """Searches the bytes that were indexed, a window a step. A hit is the lines it begins and ends on, and where."""

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
        """Whether all bytes were searched that have lines."""
        return self._pattern is None or self._searched >= self._lines.end or len(self.hits) >= MOST_HITS

    def steps(self) -> Iterator[None]:
        """Search what was indexed since."""
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
        # What begins at the very end may go on in what is indexed later.
        self._position = following if stop < end else max(self._found_until, self._position, stop - self._overlap)

    def _take(self, begin: int, end: int) -> None:
        self._found_until = end
        place = self._lines.place(begin, end)
        if place is not None:
            self.hits.append(place)


def _bytes_pattern(words: str) -> re.Pattern[bytes]:
    """What matches words in UTF-8, whatever their case."""
    return re.compile(b"".join(_either(character) for character in words))


def _either(character: str) -> bytes:
    cases = {character, character.lower(), character.upper()}
    return b"(?:%s)" % b"|".join(re.escape(case.encode("utf-8", "surrogatepass")) for case in sorted(cases))
