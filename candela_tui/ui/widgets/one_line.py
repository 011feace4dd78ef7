"""A widget that shows one line of pieces."""

from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from candela_tui.ui.style.styled_text import Line, TextStyles, strip_of, text_styles_of


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
        self._text_styles: TextStyles | None = None
        self._shown: tuple[int, Line] | None = None
        self.set_reactive(OneLine.pieces, pieces)

    def compose_line(self, width: int) -> Line:
        """Return the pieces to show in this many cells."""
        return self.pieces

    def update(self) -> None:
        """Redraw if the line would change."""
        if self._shown != (self.size.width, self.compose_line(self.size.width)):
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the line; lines below it are blank."""
        width = self.size.width
        if y:
            return Strip.blank(width, self.rich_style)
        if self._text_styles is None:
            self._text_styles = text_styles_of(self)
        pieces = self.compose_line(width)
        self._shown = (width, pieces)
        return strip_of(pieces, width, self._text_styles, self.rich_style)

    def notify_style_update(self) -> None:
        """Textual's hook, called when the theme changes."""
        super().notify_style_update()
        self._text_styles = None
