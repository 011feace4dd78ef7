"""Titled frames, with a list or other content."""

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from candela_tui.text import amounts
from candela_tui.text.cells import shortened
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.widgets.rows.row_list import RowList

_CORNERS = 2
_AROUND = 6
"""Cells beside the subtitle: corners, a line and a space on either side."""
_LEAST_TITLE = 10
_BETWEEN = " · "
"""Between the facts of a subtitle."""


class TitledFrame(Vertical):
    """A titled frame. ``target`` is the widget that gets its focus."""

    def __init__(self, title: str, target: Widget, *, id: str) -> None:
        super().__init__(id=id)
        self.target = target
        self._digit = ""
        self._lined = False
        self._named: tuple[str, str] | None = None
        self.name_it(title)

    def number_it(self, digit: int) -> None:
        """Show the digit that focuses this pane."""
        self._digit = f"{amounts.small_digit(digit)} "
        if self._named is not None:
            self._draw_names()

    @property
    def lined(self) -> bool:
        """Whether the frame is reduced to its top line, which then has all the text."""
        return self._lined

    @property
    def title_words(self) -> str:
        """The text of the top line. If there is little room, facts after the title are left out whole."""
        title, subtitle = self._named or ("", "")
        if not (subtitle and self._lined):
            return self._digit + terminal_safe(title)
        facts = terminal_safe(subtitle).split(_BETWEEN)
        while True:
            beside = "".join(f"{_BETWEEN}{fact}" for fact in facts)
            room = self.outer_size.width - _CORNERS - cell_len(self._digit + beside)
            if room >= _LEAST_TITLE or not facts:
                return self._digit + shortened(title, max(room, _LEAST_TITLE)) + beside
            facts.pop()

    @property
    def subtitle_words(self) -> str:
        """Return the text at the bottom: as many facts as fit, each of them whole."""
        _, subtitle = self._named or ("", "")
        if self._lined or not subtitle:
            return ""
        facts, room = terminal_safe(subtitle).split(_BETWEEN), self.outer_size.width - _AROUND
        while len(facts) > 1 and cell_len(_BETWEEN.join(facts)) > room:
            facts.pop()
        return _BETWEEN.join(facts)

    def make_compact(self, compact: bool) -> None:
        """Show only a top line, or a whole frame."""
        if compact != self._lined:
            self._lined = compact
            self._draw_names()

    def name_it(self, title: str, subtitle: str = "") -> None:
        """Set the title and subtitle, which are text, not markup."""
        if self._named != (title, subtitle):
            # Each redraws the whole pane.
            self._named = (title, subtitle)
            self._draw_names()

    def on_resize(self) -> None:
        """Fit the title to the new width."""
        self._draw_names()

    def _draw_names(self) -> None:
        self.border_title = Content(self.title_words)
        self.border_subtitle = Content(self.subtitle_words)


class BackgroundFrame(TitledFrame):
    """A frame that works in the background, but only while it is ``active``: on the screen."""

    def __init__(self, title: str, target: Widget, *, id: str) -> None:
        super().__init__(title, target, id=id)
        self._active = False

    @property
    def active(self) -> bool:
        """Whether the frame is on the screen."""
        return self._active

    @active.setter
    def active(self, active: bool) -> None:
        if active != self._active:
            self._active = active
            (self.begin_work if active else self.stop_work)()

    def begin_work(self) -> None:
        """Start the background work: the frame came onto the screen."""
        raise NotImplementedError

    def stop_work(self) -> None:
        """Stop the background work: the frame left the screen."""
        raise NotImplementedError


class Pane(TitledFrame):
    """A titled frame around a list of rows."""

    def __init__(self, title: str, rows: RowList, *, id: str) -> None:
        super().__init__(title, rows, id=id)
        self.rows = rows

    def compose(self) -> ComposeResult:
        """Lay out the list alone."""
        yield self.rows
