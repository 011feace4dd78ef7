"""A widget of one line of pieces."""

from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from candela_tui.ui.ink import Inks, Line, inks_of, strip_of


class OneLine(Widget):
    """Shows ``pieces``, or what a subclass composes for the width in ``compose_line``."""

    DEFAULT_CSS = """
    OneLine {
        height: 1;
    }
    """

    pieces: reactive[Line] = reactive(())

    def __init__(self, pieces: Line = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._inks: Inks | None = None
        self._shown: tuple[int, Line] | None = None
        self.set_reactive(OneLine.pieces, pieces)

    def compose_line(self, width: int) -> Line:
        """What to show in so many cells."""
        return self.pieces

    def update(self) -> None:
        """Draw again if that changes anything."""
        if self._shown != (self.size.width, self.compose_line(self.size.width)):
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        width = self.size.width
        if y:
            return Strip.blank(width, self.rich_style)
        if self._inks is None:
            self._inks = inks_of(self)
        pieces = self.compose_line(width)
        self._shown = (width, pieces)
        return strip_of(pieces, width, self._inks, self.rich_style)

    def notify_style_update(self) -> None:
        """Textual's hook for another theme."""
        super().notify_style_update()
        self._inks = None
