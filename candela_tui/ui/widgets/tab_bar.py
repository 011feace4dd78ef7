"""The names of the pages in one line, with the keys that open them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from textual import events
from textual.message import Message

from candela_tui.ui.style.styled_text import Line, Piece
from candela_tui.ui.widgets.one_line import OneLine

_SHORT = {"Raw request": "Raw req", "Raw response": "Raw resp"}
_SHORTEST = {
    **_SHORT,
    "Messages": "Msgs",
    "System": "Sys",
    "Response": "Resp",
    "Context": "Ctx",
    "Headers": "Head",
}
_MOST_GAP = 3
_RAISED = str.maketrans("0123456789ctx", "⁰¹²³⁴⁵⁶⁷⁸⁹ᶜᵗˣ")
_EARLIER, _LATER = "‹ ", " ›"
"""What stands for the tabs that have no room."""


class TabName(NamedTuple):
    """The name of a page, and the key that opens it."""

    key: str
    name: str


class _Tab(NamedTuple):
    number: int
    key: str
    name: str
    left: int
    """The first cell of the tab."""

    @property
    def right(self) -> int:
        return self.left + len(self.key) + len(self.name)


class TabBar(OneLine):
    """The tab bar. A click opens a page, as does the key before its name."""

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

    def __init__(self, names: Sequence[TabName]) -> None:
        super().__init__()
        self._names = tuple(names)
        self._active = 0

    def activate(self, number: int) -> None:
        """Highlight a page's name."""
        self._active = number
        self.refresh()

    def compose_line(self, width: int) -> Line:
        """Draw the names, each after its key."""
        pieces: list[Piece] = []
        end = 0
        placed = tabs(self._names, width, self._active)
        for tab in placed:
            active = tab.number == self._active
            before = _EARLIER if tab is placed[0] and tab.number else ""
            pieces += [
                (before.rjust(tab.left - end), "faint"),
                (tab.key, "accent" if active else "faint"),
                (tab.name, "heading" if active else "dim"),
            ]
            end = tab.right
        if placed[-1].number < len(self._names) - 1:
            pieces.append((_LATER, "faint"))
        return tuple(pieces)

    def on_click(self, event: events.Click) -> None:
        """Open the page under the mouse."""
        x = event.x - self.gutter.left
        for tab in tabs(self._names, self.size.width, self._active):
            if tab.left <= x < tab.right:
                self.post_message(self.TabSelected(tab.number))


def tabs(names: Sequence[TabName], width: int, active: int) -> list[_Tab]:
    """Return the tabs in the longest form that fits; if none does, those around the active one."""
    keys = [f"{tab.key} " for tab in names]
    raised = [tab.key.translate(_RAISED) for tab in names]
    full = [tab.name for tab in names]
    short = [_SHORT.get(name, name) for name in full]
    shortest = [_SHORTEST.get(name, name) for name in full]
    for marks, labels in ((keys, full), (keys, short), (raised, full), (raised, short), (raised, shortest)):
        cells = sum(map(len, marks)) + sum(map(len, labels))
        spaces = len(labels) - 1
        if cells + spaces <= width:
            gap = min(_MOST_GAP, (width - cells) // spaces) if spaces else 0
            return _placed(range(len(names)), marks, labels, gap)
    room = width - len(_EARLIER) - len(_LATER)
    first = active
    while first and sum(len(shortest[number]) + 2 for number in range(first - 1, active + 1)) <= room:
        first -= 1
    placed = _placed(range(first, len(names)), raised, shortest, 1, len(_EARLIER) if first else 0)
    return [tab for tab in placed if tab.right + len(_LATER) <= width or tab.number == active]


def _placed(numbers: range, marks: Sequence[str], labels: Sequence[str], gap: int, left: int = 0) -> list[_Tab]:
    placed: list[_Tab] = []
    for number in numbers:
        placed.append(_Tab(number, marks[number], labels[number], left))
        left = placed[-1].right + gap
    return placed
