"""What the views that draw their own lines have in common."""

from textual.scroll_view import ScrollView

from candela_tui.ui.ink import Inks, inks_of


class Scroller(ScrollView):
    """Scrolls up and down, and knows the inks of the theme that is worn."""

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
        self._inks: Inks | None = None

    @property
    def inks(self) -> Inks:
        """What to draw in."""
        if self._inks is None:
            self._inks = inks_of(self)
        return self._inks

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        """Textual's hook: while its bar is not shown, Textual doesn't tell it how far the view has been scrolled."""
        if shown:
            self.vertical_scrollbar.position = self.scroll_y

    def notify_style_update(self) -> None:
        """Textual's hook for another theme, and for the focus."""
        super().notify_style_update()
        self._inks = None
