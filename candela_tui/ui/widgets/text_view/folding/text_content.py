"""Content made from a JSON string literal."""

from collections.abc import Iterator

from candela_tui.text import amounts
from candela_tui.text.terminal_safe import terminal_safe_lines
from candela_tui.text.wrap import broken, height_of
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.text_view.folding.content import LinesUnit, Unit, UnitLayout
from candela_tui.ui.widgets.text_view.json_string import LiteralPiece as LiteralPiece
from candela_tui.ui.widgets.text_view.json_string import Newlines, beginning, decoded, pieces


class TextContent:
    """The content of a part of a string literal."""

    def __init__(
        self, literal: bytes, start: int = 1, stop: int | None = None, *, style: str = "text", indent: int = 0
    ) -> None:
        self.literal = literal
        self.start = start
        self.stop = max(start, len(literal) - 1) if stop is None else stop
        self._style = style
        self._indent = indent
        self._newlines = Newlines(literal, self.start, self.stop)

    def units(self, width: int) -> Iterator[Unit | None]:
        """Yield a unit per piece of the literal."""
        if self.stop <= self.start:
            yield LinesUnit((("(empty)", "faint"),))
            return
        for piece in pieces(self.literal, self.start, self.stop):
            yield TextUnit(self.literal, piece, self._style, self._indent)

    def count(self) -> Iterator[None]:
        """Count the newlines, in steps."""
        yield from self._newlines.count()

    def amount(self) -> str:
        """Return the number of lines of text."""
        lines = self._newlines.lines or 0
        return f"{lines:,} lines" if lines > 1 else ""

    def more(self, lines: int) -> str:
        """Return the number of lines that are left, or the size in bytes if it is not known."""
        rest = (self._newlines.lines or 0) - lines
        if rest <= 0:
            return f"more of {amounts.size(self.stop - self.start)}"
        return f"{rest:,} more line" if rest == 1 else f"{rest:,} more lines"

    def beginning(self, characters: int) -> str:
        """Return the first words of the text, on one line."""
        stop = beginning(self.literal, self.start, self.stop, 4 * characters + 64)
        return " ".join(decoded(self.literal, self.start, stop).split())


class TextUnit:
    """A piece of a string literal."""

    __slots__ = ("_indent", "_literal", "_piece", "_style")

    def __init__(self, literal: bytes, piece: LiteralPiece, style: str, indent: int = 0) -> None:
        self._literal = literal
        self._piece = piece
        self._style = style
        self._indent = indent

    @property
    def goes_on(self) -> bool:
        """Whether the piece was cut within a line, because there was no newline nearby."""
        return self._piece.goes_on

    def text(self) -> str:
        """Return the decoded text."""
        return terminal_safe_lines(decoded(self._literal, self._piece.start, self._piece.stop))

    def height(self, width: int) -> int:
        """Return the number of lines, without wrapping those that fit."""
        return height_of(self.text(), width - self._indent)

    def layout(self, width: int) -> UnitLayout:
        """Return the lines, wrapped at the width."""
        text = self.text()
        bounds: list[tuple[int, int]] = []
        begin = 0
        for line in text.split("\n"):
            bounds += [(begin + start, begin + stop) for start, stop in broken(line, width - self._indent)]
            begin += len(line) + 1
        margin = " " * self._indent
        lines: list[Line] = [((margin, "text"), (text[start:stop], self._style)) for start, stop in bounds]
        return UnitLayout(text, bounds, lines)
