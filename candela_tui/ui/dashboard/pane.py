"""A list in its frame."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from candela_tui.ui.plain import plain
from candela_tui.ui.rows.row_list import RowList


class Pane(Vertical):
    """A titled frame around a row list."""

    def __init__(self, title: str, rows: RowList, *, id: str) -> None:
        super().__init__(id=id)
        self.rows = rows
        self._named: tuple[str, str] | None = None
        self.name_it(title)

    def compose(self) -> ComposeResult:
        """The list alone."""
        yield self.rows

    def name_it(self, title: str, subtitle: str = "") -> None:
        """Set the words on the frame; they are text, not markup."""
        if self._named != (title, subtitle):
            # Each draws the whole pane again.
            self._named = (title, subtitle)
            self.border_title = Content(plain(title))
            self.border_subtitle = Content(plain(subtitle))
