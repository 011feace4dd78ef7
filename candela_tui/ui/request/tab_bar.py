"""The names of the pages in one line, with the digits that open them."""

from dataclasses import dataclass

from textual import events
from textual.message import Message

from candela_tui.ui.ink import Line, Piece
from candela_tui.ui.lines.one_line import OneLine


class TabBar(OneLine):
    """A click opens a page."""

    DEFAULT_CSS = """
    TabBar {
        padding: 0 1;
        background: $surface;
    }
    """

    @dataclass
    class Chosen(Message):
        """The page with this number (from 0) was clicked."""

        number: int

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self._names = names
        self._active = 0

    def activate(self, number: int) -> None:
        """Light up a page's name."""
        self._active = number
        self.refresh()

    def _labels(self, width: int) -> list[tuple[str, str]]:
        digits = [f"{number} " for number in range(1, len(self._names) + 1)]
        wide = sum(map(len, self._names)) + sum(map(len, digits)) + 3 * len(self._names) - 3
        return [(digit if wide <= width else "", name) for digit, name in zip(digits, self._names, strict=True)]

    def _gap(self, labels: list[tuple[str, str]], width: int) -> int:
        used = sum(len(digit) + len(name) for digit, name in labels)
        return max(1, min(3, (width - used) // max(1, len(labels) - 1)))

    def compose_line(self, width: int) -> Line:
        """Digits where there is room."""
        labels = self._labels(width)
        pieces: list[Piece] = []
        for number, (digit, name) in enumerate(labels):
            active = number == self._active
            pieces += [
                (" " * self._gap(labels, width) if pieces else "", "text"),
                (digit, "accent" if active else "faint"),
                (name, "heading" if active else "dim"),
            ]
        return tuple(pieces)

    def on_click(self, event: events.Click) -> None:
        """Open what is under the mouse."""
        width = self.size.width
        labels = self._labels(width)
        left = 1
        for number, (digit, name) in enumerate(labels):
            right = left + len(digit) + len(name)
            if left <= event.x < right:
                self.post_message(self.Chosen(number))
                return
            left = right + self._gap(labels, width)
