"""Frames with a title, and a list in one."""

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from candela_tui.ui import words
from candela_tui.ui.ink import shortened
from candela_tui.ui.plain import plain
from candela_tui.ui.rows.row_list import RowList

_CORNERS = 2
_AROUND = 6
"""Cells beside the words below: corners, a line and a space on either side."""
_LEAST_TITLE = 10
_BETWEEN = " · "
"""Between the facts beside a title."""


class Frame(Vertical):
    """A titled frame. ``target`` is what has the focus when its user goes there."""

    def __init__(self, title: str, target: Widget, *, id: str) -> None:
        super().__init__(id=id)
        self.target = target
        self._digit = ""
        self._lined = False
        self._named: tuple[str, str] | None = None
        self.name_it(title)

    def number_it(self, digit: int) -> None:
        """Say in the title which digit goes here."""
        self._digit = f"{words.small_digit(digit)} "
        if self._named is not None:
            self._draw_names()

    @property
    def lined(self) -> bool:
        """Whether there is a line above only, which has all the words."""
        return self._lined

    @property
    def title_words(self) -> str:
        """What the line above says. Where it is short of room, what is beside the title is whole or not there."""
        title, subtitle = self._named or ("", "")
        if not (subtitle and self._lined):
            return self._digit + plain(title)
        facts = plain(subtitle).split(_BETWEEN)
        while True:
            beside = "".join(f"{_BETWEEN}{fact}" for fact in facts)
            room = self.outer_size.width - _CORNERS - cell_len(self._digit + beside)
            if room >= _LEAST_TITLE or not facts:
                return self._digit + shortened(title, max(room, _LEAST_TITLE)) + beside
            facts.pop()

    @property
    def subtitle_words(self) -> str:
        """Return what the frame says below: as many of the facts as have room, and none of them in part."""
        _, subtitle = self._named or ("", "")
        if self._lined or not subtitle:
            return ""
        facts, room = plain(subtitle).split(_BETWEEN), self.outer_size.width - _AROUND
        while len(facts) > 1 and cell_len(_BETWEEN.join(facts)) > room:
            facts.pop()
        return _BETWEEN.join(facts)

    def make_compact(self, compact: bool) -> None:
        """Have a line above only, or a whole frame."""
        if compact != self._lined:
            self._lined = compact
            self._draw_names()

    def name_it(self, title: str, subtitle: str = "") -> None:
        """Set the words on the frame; they are text, not markup."""
        if self._named != (title, subtitle):
            # Each draws the whole pane again.
            self._named = (title, subtitle)
            self._draw_names()

    def on_resize(self) -> None:
        """Another width has room for more of the title, or for less."""
        self._draw_names()

    def _draw_names(self) -> None:
        self.border_title = Content(self.title_words)
        self.border_subtitle = Content(self.subtitle_words)


class WorkingFrame(Frame):
    """Works in the background, and only while it is ``active``: on the screen."""

    def __init__(self, title: str, target: Widget, *, id: str) -> None:
        super().__init__(title, target, id=id)
        self._active = False

    @property
    def active(self) -> bool:
        """Whether it is on the screen."""
        return self._active

    @active.setter
    def active(self, active: bool) -> None:
        if active != self._active:
            self._active = active
            (self.begin_work if active else self.stop_work)()

    def begin_work(self) -> None:
        """It came onto the screen."""
        raise NotImplementedError

    def stop_work(self) -> None:
        """It is no longer on the screen."""
        raise NotImplementedError


class Pane(Frame):
    """A titled frame around a row list."""

    def __init__(self, title: str, rows: RowList, *, id: str) -> None:
        super().__init__(title, rows, id=id)
        self.rows = rows

    def compose(self) -> ComposeResult:
        """The list alone."""
        yield self.rows
