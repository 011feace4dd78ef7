"""Search in blocks that fold, in what is shown and what is folded away."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

from candela_tui.ui.widgets.text_view.folding.folds import Fold
from candela_tui.ui.widgets.text_view.search import MOST_HITS, Hit, Query

HEAD = -1
"""The unit number of hits in a block's head."""


class FoldFinder:
    """Searches the blocks, one unit per step. A hit is a block, a unit, and where it starts and stops in the unit's
    text."""

    def __init__(self, folds: Sequence[Fold], room: Callable[[Fold], int], query: Query | None) -> None:
        self.hits: list[Hit] = []
        self._folds = folds
        self._room = room
        self._query = query
        self._searched = 0

    @property
    def complete(self) -> bool:
        """Whether all blocks were searched, or enough hits found."""
        return self._query is None or self._searched >= len(self._folds) or len(self.hits) >= MOST_HITS

    def steps(self) -> Iterator[None]:
        """Search the blocks that were added since the last search."""
        if self._query is None:
            return
        del self.hits[bisect_left(self.hits, (self._searched, HEAD, 0, 0)) :]
        while not self.complete:
            yield from self._search(self._searched, self._query)
            self._searched += 1
            yield

    def _search(self, place: int, query: Query) -> Iterator[None]:
        fold = self._folds[place]
        width = self._room(fold)
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
