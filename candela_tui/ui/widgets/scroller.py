"""The base class of the views that draw their own lines."""

from textual.scroll_view import ScrollView

from candela_tui.ui.style.styled_text import TextStyles, text_styles_of


class Scroller(ScrollView):
    """Scrolls vertically, and keeps the text styles of the current theme."""

    DEFAULT_CSS = """
    Scroller {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text_styles: TextStyles | None = None

    @property
    def text_styles(self) -> TextStyles:
        """The text styles of the current theme."""
        if self._text_styles is None:
            self._text_styles = text_styles_of(self)
        return self._text_styles

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        """Textual's hook. Textual does not tell a hidden scrollbar how far the view has been scrolled."""
        if shown:
            self.vertical_scrollbar.position = self.scroll_y

    def notify_style_update(self) -> None:
        """Textual's hook, called when the theme or the focus changes."""
        super().notify_style_update()
        self._text_styles = None
