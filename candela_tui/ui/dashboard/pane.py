"""A list in its frame."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from candela_tui.ui.dashboard.request_rows import heading
from candela_tui.ui.ink import Line
from candela_tui.ui.lines.one_line import OneLine
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


class _Heading(OneLine):
    DEFAULT_CSS = """
    _Heading { padding: 0 1 0 0; }
    """

    def compose_line(self, width: int) -> Line:
        """The columns' names."""
        return heading(width)


class RequestsPane(Pane):
    """The requests, below the names of their columns."""

    def compose(self) -> ComposeResult:
        """The heading and the list."""
        yield _Heading()
        yield self.rows
