"""Words found in blocks that fold, whatever is shown of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING

from candela_tui.ui.lines.search import MOST_HITS, Hit, Query

if TYPE_CHECKING:
    from candela_tui.ui.lines.folded import FoldedLines

HEAD = -1
"""The unit that a hit in a block's head is in."""


class FoldFinder:
    """Searches the blocks, one unit a step. A hit is its block, its unit, and where it begins and ends there."""

    def __init__(self, lines: FoldedLines, query: Query | None) -> None:
        self.hits: list[Hit] = []
        self._lines = lines
        self._query = query
        self._searched = 0

    @property
    def complete(self) -> bool:
        """Whether all blocks were searched."""
        return self._query is None or self._searched >= len(self._lines.folds) or len(self.hits) >= MOST_HITS

    def steps(self) -> Iterator[None]:
        """Search the blocks that were added since."""
        if self._query is None:
            return
        del self.hits[bisect_left(self.hits, (self._searched, HEAD, 0, 0)) :]
        while not self.complete:
            yield from self._search(self._searched, self._query)
            self._searched += 1
            yield

    def _search(self, place: int, query: Query) -> Iterator[None]:
        fold = self._lines.folds[place]
        width = self._lines.room(fold)
        head = "".join(text for text, _ in fold.head)
        self.hits += [(place, HEAD, *match.span()) for match in query.pattern.finditer(head)]
        number = 0
        while True:
            yield from fold.unit(number, width)
            if number >= len(fold.units):
                return
            unit = fold.units[number]
            text = unit.text()
            length = len(text)
            if unit.goes_on:
                yield from fold.unit(number + 1, width)
                text += fold.units[number + 1].text()[: len(query.words) - 1]
            spans = (match.span() for match in query.pattern.finditer(text))
            self.hits += [(place, number, start, stop) for start, stop in spans if start < length]
            number += 1
            yield
