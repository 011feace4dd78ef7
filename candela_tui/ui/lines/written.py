"""Lines that are kept as they were written."""

from collections.abc import Iterable

from candela_tui.ui.ink import Line, Piece
from candela_tui.ui.lines.line_finder import LineFinder
from candela_tui.ui.lines.lines import Joint, Lines
from candela_tui.ui.lines.search import Query
from candela_tui.ui.lines.wrap import broken
from candela_tui.ui.plain import plain


class WrittenLines(Lines):
    """A list of lines.

    Each is kept flat (text, ink, text, ink, …): a tuple of strings alone is of no concern to the garbage collector,
    which would stop everything for the hundreds of thousands of lines that a long conversation has.
    """

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self._lines: list[tuple[str, ...]] = []
        self._joints: dict[int, Joint] = {}
        self.extend(lines)

    def __len__(self) -> int:
        return len(self._lines)

    def line(self, number: int) -> Line:
        """What to draw."""
        flat = self._lines[number]
        return tuple(zip(flat[::2], flat[1::2], strict=True))

    def text(self, number: int) -> str:
        """What to search and copy."""
        return "".join(self._lines[number][::2])

    def joint(self, number: int) -> Joint | None:
        """How it goes on with the line above."""
        return self._joints.get(number)

    def finder(self, query: Query | None) -> LineFinder:
        """What looks for words in the lines as they are drawn."""
        return LineFinder(self, query)

    def add(self, *pieces: Piece) -> None:
        """Write one line."""
        self._lines.append(tuple([part for piece in pieces for part in piece]))

    def go_on(self, lost: str, margin: int, *pieces: Piece) -> None:
        """Write one line that goes on with the text of the line above, as a ``Joint`` says."""
        self._joints[len(self._lines)] = Joint(lost, margin)
        self.add(*pieces)

    def wrap(self, text: str, ink: str, width: int, margin: str = "") -> None:
        """Write one logical line of text behind a margin, on as many lines as it takes in so many cells."""
        text = plain(text)
        end = 0
        for start, stop in broken(text, width - len(margin)):
            if start or end:
                self._joints[len(self._lines)] = Joint(text[end:start], len(margin))
            self.add((margin, "text"), (text[start:stop], ink))
            end = stop

    def extend(self, lines: Iterable[Line]) -> None:
        """Write lines."""
        for line in lines:
            self.add(*line)

    def cut(self, length: int) -> None:
        """Take back all lines from that number on."""
        for number in range(length, len(self._lines)):
            self._joints.pop(number, None)
        del self._lines[length:]
