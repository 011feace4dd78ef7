"""Lines that are kept as they were written."""

from collections.abc import Iterable

from candela_tui.ui.ink import Line, Piece


class WrittenLines:
    """A list of lines.

    Each is kept flat (text, ink, text, ink, …): a tuple of strings alone is of no concern to the garbage collector,
    which would stop everything for the hundreds of thousands of lines that a long conversation has.
    """

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self._lines: list[tuple[str, ...]] = []
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

    def add(self, *pieces: Piece) -> None:
        """Write one line."""
        self._lines.append(tuple([part for piece in pieces for part in piece]))

    def extend(self, lines: Iterable[Line]) -> None:
        """Write lines."""
        for line in lines:
            self.add(*line)

    def cut(self, length: int) -> None:
        """Take back all lines from that number on."""
        del self._lines[length:]
