"""The names of the pages in one line, with the digits that open them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from textual import events
from textual.message import Message

from candela_tui.text import amounts
from candela_tui.ui.style.styled_text import Line, Piece
from candela_tui.ui.widgets.one_line import OneLine

_SHORT = {"Raw request": "Raw req", "Raw response": "Raw resp"}
_MOST_GAP = 3


class _Tab(NamedTuple):
    number: int
    digit: str
    name: str
    left: int
    """The first cell of the tab."""

    @property
    def right(self) -> int:
        return self.left + len(self.digit) + len(self.name)


class TabBar(OneLine):
    """The tab bar. A click opens a page, as does the digit before its name (0 for the tenth)."""

    DEFAULT_CSS = """
    TabBar {
        padding: 0 1;
        background: $surface;
    }
    """

    @dataclass
    class TabSelected(Message):
        """The page with this number (from 0) was clicked."""

        number: int

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = tuple(names)
        self._active = 0

    def activate(self, number: int) -> None:
        """Highlight a page's name."""
        self._active = number
        self.refresh()

    def compose_line(self, width: int) -> Line:
        """Draw the names, each after its digit."""
        pieces: list[Piece] = []
        end = 0
        for tab in tabs(self._names, width, self._active):
            active = tab.number == self._active
            pieces += [
                (" " * (tab.left - end), "text"),
                (tab.digit, "accent" if active else "faint"),
                (tab.name, "heading" if active else "dim"),
            ]
            end = tab.right
        return tuple(pieces)

    def on_click(self, event: events.Click) -> None:
        """Open the page under the mouse."""
        x = event.x - self.gutter.left
        for tab in tabs(self._names, self.size.width, self._active):
            if tab.left <= x < tab.right:
                self.post_message(self.TabSelected(tab.number))


def tabs(names: Sequence[str], width: int, active: int) -> list[_Tab]:
    """Return the tabs in the longest form that fits; if none does, those around the active one."""
    digits = [f"{number % 10} " for number in range(1, len(names) + 1)]
    small = [amounts.small_digit(number) for number in range(1, len(names) + 1)]
    short = [_SHORT.get(name, name) for name in names]
    for marks, labels in ((digits, names), (digits, short), (small, names), (small, short)):
        cells = sum(map(len, marks)) + sum(map(len, labels))
        spaces = len(labels) - 1
        if cells + spaces <= width:
            gap = min(_MOST_GAP, (width - cells) // spaces) if spaces else 0
            return _placed(range(len(names)), marks, labels, gap)
    first = active
    while first and sum(len(short[number]) + 2 for number in range(first - 1, active + 1)) <= width:
        first -= 1
    placed = _placed(range(first, len(names)), small, short, 1)
    return [tab for tab in placed if tab.right <= width or tab.number == active]


def _placed(numbers: range, marks: Sequence[str], labels: Sequence[str], gap: int) -> list[_Tab]:
    placed: list[_Tab] = []
    left = 0
    for number in numbers:
        placed.append(_Tab(number, marks[number], labels[number], left))
        left = placed[-1].right + gap
    return placed
