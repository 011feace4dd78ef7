"""The hits of a search: as rows, and as the list that a request was opened from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from candela_tui.fulltext.finder import Hit
from candela_tui.fulltext.texts import Part
from candela_tui.text.cells import fitted, shortened
from candela_tui.ui.screens.request.navigation import Wanted
from candela_tui.ui.style.styled_text import Line, Piece

_INDENT = 2
_TIME = 15
_PARTS = {
    Part.PROMPT: ("prompt", "link"),
    Part.ANSWER: ("answer", "accent"),
    Part.THINKING: ("thinking", "thinking"),
    Part.TOOL: ("call", "text"),
    Part.RESULT: ("result", "good"),
}


@dataclass(frozen=True, slots=True)
class HitRow:
    """Two lines: which request a text is in, and the text around what was found."""

    key: int
    """The hit's place in the list."""
    hit: Hit
    at: str
    """When the request began."""
    session: str
    """The session's title."""
    height: int = 2
    moving: bool = False

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Draw the request, or the text."""
        if line:
            return ((" " * _INDENT, "text"), *_marked(self.hit, width - _INDENT))
        name, style = _PARTS[self.hit.part]
        what = f"{name} of {self.hit.tool}" if self.hit.tool else name
        return (
            (fitted(self.at, _TIME), "dim"),
            (f" {what}", style),
            (f" · {shortened(self.session, max(8, width - _TIME - len(what) - 4))}", "text"),
        )


def _marked(hit: Hit, width: int) -> Iterator[Piece]:
    """Yield the snippet with what was found highlighted, as much of it as there is room for."""
    text, at = hit.snippet.text, 0
    text = shortened(text, width)
    for start, end in hit.snippet.marks:
        yield text[at:start], "dim"
        yield text[start:end], "hit"
        at = end
    yield text[at:], "dim"


class HitList:
    """The requests of the hits, each once, in the order of the hits."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        self._ids = list(dict.fromkeys(hit.exchange.id for hit in hits))
        self._exchanges = {hit.exchange.id: hit.exchange for hit in hits}

    def neighbour_of(self, exchange_id: str, step: int, wanted: Wanted | None = None) -> str | None:
        """Return the id of the request ``step`` places below (or above) another, or of the next that is wanted; None if
        there is none."""
        place = self._ids.index(exchange_id) + step
        while 0 <= place < len(self._ids):
            found = self._ids[place]
            if wanted is None or wanted(self._exchanges[found]):
                return found
            place += step
        return None

    def place_of(self, exchange_id: str) -> tuple[int, int] | None:
        """Return a request's place, from 1, and the number of requests; None if it is not among them."""
        return (self._ids.index(exchange_id) + 1, len(self._ids)) if exchange_id in self._exchanges else None

    def toggle_mark(self, exchange_id: str) -> bool | None:
        """Return None: hits can't be marked."""
        return None
