"""Lines that are kept as they were written."""

from collections.abc import Iterable

from candela_tui.ui.ink import Line


class WrittenLines:
    """A list of lines."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self._lines: list[Line] = list(lines)

    def __len__(self) -> int:
        return len(self._lines)

    def line(self, number: int) -> Line:
        """What to draw."""
        return self._lines[number]

    def text(self, number: int) -> str:
        """What to search and copy."""
        return "".join(text for text, _ in self._lines[number])

    def add(self, *pieces: tuple[str, str]) -> None:
        """Write one line."""
        self._lines.append(pieces)

    def extend(self, lines: Iterable[Line]) -> None:
        """Write lines."""
        self._lines.extend(lines)

    def cut(self, length: int) -> None:
        """Take back all lines from that number on."""
        del self._lines[length:]
