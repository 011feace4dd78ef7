"""A scrolling view of any number of lines that draws what is in view."""

from typing import ClassVar, NamedTuple

from rich.style import Style
from textual.events import MouseScrollLeft, MouseScrollRight
from textual.geometry import Region, Size
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip

from candela_tui.ui.ink import Line, strip_of
from candela_tui.ui.lines.drawn import selected
from candela_tui.ui.lines.lines import GUTTER, UNWRAPPED, Lines
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.plain import plain
from candela_tui.ui.preferences import Preferences
from candela_tui.ui.scroller import Scroller

_SIDEWAYS = 16
_MOST_STRIPS = 1000


class Position(NamedTuple):
    """Where a view is."""

    line: int
    """The first line in view, from 1; 0: there are none."""
    lines: int
    share: float
    """How much of the text is above the view's end."""


class LineView(Scroller, can_focus=True, inherit_bindings=False):
    """Shows lines that are made for its width.

    ``preferences``: where wrapping and line numbers are remembered; without them neither can be changed.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"text--current"}
    DEFAULT_CSS = """
    LineView .text--current { background: $cursor-row-blurred; }
    LineView:focus .text--current { background: $cursor-row; }
    """

    class Resized(Message):
        """The width changed, or lines are now (not) to be broken at it: lines are to be made anew."""

    class Moved(Message):
        """Other lines are in view, or another block is the current one."""

    def __init__(
        self, lines: Lines | None = None, *, id: str | None = None, preferences: Preferences | None = None
    ) -> None:
        super().__init__(id=id)
        self._lines: Lines = lines if lines is not None else WrittenLines()
        self._preferences = preferences
        self._following = False
        self._strips: dict[tuple[int, bool], Strip] = {}
        self._current_style: Style | None = None
        self._painting = False
        self._left = 0
        self._width = 0

    @property
    def lines(self) -> Lines:
        """What is shown."""
        return self._lines

    @property
    def text_width(self) -> int:
        """The cells that a line has."""
        return self.scrollable_content_region.width

    @property
    def position(self) -> Position:
        """Where the view is."""
        top, lines = self.scroll_offset.y, len(self._lines)
        bottom = min(lines, top + self.size.height)
        return Position(min(lines, top + 1), lines, bottom / lines if lines else 1.0)

    def show_lines(self, lines: Lines, *, at: float = 0, follow: bool = False) -> None:
        """Show other lines from that one on; ``follow``: stay at the end as they grow."""
        self._lines = lines
        self._following = follow
        self._left = 0
        self.grew(at=at)

    def let_go(self) -> None:
        """Hold no lines any more, for the end of its screen: a screen's own garbage waits long for its collector, and
        the lines of a large body must not wait with it."""
        self._lines = WrittenLines()
        self._strips.clear()

    def grew(self, *, at: float | None = None) -> None:
        """There are more lines, or the last of them changed."""
        self._strips.clear()
        self.virtual_size = Size(0, len(self._lines))
        if self._following:
            self.scroll_end(animate=False, force=True, immediate=True)
        elif at is not None:
            self.scroll_to(y=at, animate=False, force=True)
        self.refresh()

    def on_mount(self) -> None:
        """Show what it was made with."""
        self.grew()

    def on_resize(self) -> None:
        """Tell who makes the lines."""
        self._strips.clear()
        if self._width != self.text_width:
            self._width = self.text_width
            self.post_message(self.Resized())

    def line_in_view(self, number: int) -> Line:
        """What to draw of a line."""
        return self._lines.line(number)

    @property
    def current_line(self) -> int | None:
        """The line that is highlighted."""
        return None

    @property
    def pinned(self) -> Line | None:
        """What to draw over the first line."""
        return None

    def render_lines(self, crop: Region) -> list[Strip]:
        """Textual's hook: draw what is in view."""
        self._painting = True
        try:
            return super().render_lines(crop)
        finally:
            self._painting = False

    def render_line(self, y: int) -> Strip:
        """Draw the line that is now the y-th of the view."""
        strip = self._line_at(y)
        if self._painting:
            return strip
        # Textual asks for a single line to learn which character the mouse is on. Where each character is written
        # into the styles, a page takes four times as long to draw: it is done only then.
        left = self._left - (GUTTER if self._numbers else 0)
        return strip.apply_offsets(left, y + self.scroll_offset.y)

    def _line_at(self, y: int) -> Strip:
        width = self.text_width
        number = y + self.scroll_offset.y
        if y == 0 and (pinned := self.pinned) is not None:
            return strip_of(pinned, width, self.inks, self.rich_style)
        if number >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        current = number == self.current_line
        strip = self._strips.get((number, current))
        if strip is None or strip.cell_length != width:
            if len(self._strips) > _MOST_STRIPS:
                self._strips.clear()
            strip = self._strips[number, current] = self._draw(number, width, current)
        return strip

    def _draw(self, number: int, width: int, current: bool) -> Strip:
        line = self.line_in_view(number)
        inks = self.inks
        base = self.rich_style + self._style_of_current() if current else self.rich_style
        if self._numbers:
            width -= GUTTER
        if self._wraps:
            strip = strip_of(line, width, inks, base)
        else:
            strip = strip_of(line, UNWRAPPED + self.text_width, inks, base).crop(self._left, self._left + width)
        if (selection := self.text_selection) is not None and (span := selection.get_span(number)) is not None:
            start, stop = (max(0, end - self._left) if end >= 0 else end for end in span)
            strip = selected(strip, start, stop, self.screen.get_component_rich_style("screen--selection"))
        if self._numbers:
            ordinal = self._lines.ordinal(number)
            words = f"{ordinal:>{GUTTER - 2}} " if ordinal is not None else ""
            strip = Strip.join([strip_of(((words, "faint"),), GUTTER, inks, base), strip])
        return strip

    def _style_of_current(self) -> Style:
        if self._current_style is None:
            self._current_style = Style(bgcolor=self.get_component_rich_style("text--current").bgcolor)
        return self._current_style

    def _redraw(self) -> None:
        self._strips.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        """Textual's hook for another theme, and for the focus."""
        super().notify_style_update()
        self._current_style = None
        self._strips.clear()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Textual's hook: the text that the mouse selected, its lines as they were before they were broken."""
        first = selection.start.y if selection.start is not None else 0
        last = min(selection.end.y if selection.end is not None else len(self._lines), len(self._lines) - 1)
        parts: list[str] = []
        for number in range(first, last + 1):
            text = "".join(plain(part) for part, _ in self._lines.line(number))
            start, stop = selection.get_span(number) or (0, 0)
            start = max(0, start)
            joint = self._lines.joint(number) if parts else None
            if joint is not None:
                parts.append(joint.lost)
                start = max(start, joint.margin)
            elif parts:
                parts.append("\n")
            parts.append(text[start:] if stop < 0 else text[start:stop])
        return "".join(parts), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Textual's hook: show what is selected."""
        self._redraw()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Textual's hook for scrolling: going up ends following."""
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and new_value < self.max_scroll_y:
            self._following = False
        if round(old_value) != round(new_value):
            self.post_message(self.Moved())

    def action_lines(self, step: int) -> None:
        """Scroll by lines."""
        self.scroll_relative(y=step, animate=False, force=True)

    def action_pages(self, pages: float) -> None:
        """Scroll by pages."""
        self.scroll_relative(y=round(pages * max(1, self.size.height - 1)), animate=False, force=True)

    def action_top(self) -> None:
        """Go to the first line."""
        self._following = False
        self.scroll_home(animate=False, force=True)

    def action_bottom(self) -> None:
        """Go to the last line, and stay at the end as lines are added."""
        self._following = True
        self.scroll_end(animate=False, force=True)

    @property
    def _wraps(self) -> bool:
        return self._preferences is None or self._preferences.now.wrap

    @property
    def _numbers(self) -> bool:
        return self._preferences is not None and self._preferences.now.line_numbers and self._lines.numbered

    def action_wrap(self) -> None:
        """Break lines at the width, or let them go on to the right."""
        if self._preferences is not None:
            self._preferences.change(wrap=not self._preferences.now.wrap)
            self._left = 0
            self._redraw()
            self.post_message(self.Resized())

    def action_line_numbers(self) -> None:
        """Number the lines, or don't."""
        if self._preferences is not None:
            self._preferences.change(line_numbers=not self._preferences.now.line_numbers)
            self._redraw()
            self.post_message(self.Resized())

    def action_sideways(self, step: int) -> None:
        """Show more of what is to the right, or to the left."""
        self._left = max(0, min(UNWRAPPED, self._left + step * _SIDEWAYS))
        self._redraw()

    def bring_into_view(self, start: int, stop: int) -> None:
        """Scroll sideways to these characters of a line, unless they are in view."""
        width = self.text_width - (GUTTER if self._numbers else 0)
        if not self._wraps and not self._left <= start <= stop <= self._left + width:
            self._left = max(0, start - width // 3)

    def on_mouse_scroll_right(self, event: MouseScrollRight) -> None:
        """The wheel turned sideways."""
        if not self._wraps:
            self.action_sideways(1)

    def on_mouse_scroll_left(self, event: MouseScrollLeft) -> None:
        """The wheel turned sideways."""
        if not self._wraps:
            self.action_sideways(-1)
