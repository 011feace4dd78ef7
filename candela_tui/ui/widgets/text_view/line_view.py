"""A scrolling view of any number of lines, which draws only what is in view."""

import asyncio
from typing import ClassVar, NamedTuple

from rich.style import Style
from textual.events import MouseScrollLeft, MouseScrollRight
from textual.geometry import Region, Size
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip

from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.state.preferences import Preferences
from candela_tui.ui.style.styled_text import Line, strip_of
from candela_tui.ui.widgets.scroller import Scroller
from candela_tui.ui.widgets.text_view.highlights import selected
from candela_tui.ui.widgets.text_view.lines import GUTTER, UNWRAPPED, Lines
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

_SIDEWAYS = 16
_MOST_STRIPS = 1000


class ViewPosition(NamedTuple):
    """How far a view is scrolled."""

    line: int
    """The first line in view, from 1; 0 if there are no lines."""
    lines: int
    share: float
    """The share of the lines that is above the view's bottom edge."""
    goes_on: bool = False
    """Whether there are more lines, which are made when the view comes near them."""


class LineView(Scroller, can_focus=True, inherit_bindings=False):
    """Shows lines that were made for its width.

    ``preferences`` remembers wrapping and line numbers; without it, neither can be changed.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"text--current"}
    DEFAULT_CSS = """
    LineView .text--current { background: $cursor-row-blurred; }
    LineView:focus .text--current { background: $cursor-row; }
    """

    class Resized(Message):
        """Posted when the width or line wrapping changed: the lines must be made again."""

    class Moved(Message):
        """Posted when other lines are in view, or another block is the current one."""

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
        self._goes_on = False
        self.needs_lines = asyncio.Event()
        """Set when more lines may be needed: the view was scrolled, is to follow the end, or is searched."""

    @property
    def needs_all(self) -> bool:
        """Whether all lines are needed: the end is followed."""
        return self._following

    @property
    def lines(self) -> Lines:
        """The lines that are shown."""
        return self._lines

    @property
    def text_width(self) -> int:
        """The width of a line, in cells."""
        return self.scrollable_content_region.width

    @property
    def position(self) -> ViewPosition:
        """How far the view is scrolled."""
        top, lines = self.scroll_offset.y, len(self._lines)
        bottom = min(lines, top + self.size.height)
        return ViewPosition(min(lines, top + 1), lines, bottom / lines if lines else 1.0, self._goes_on)

    def show_lines(self, lines: Lines, *, at: float = 0, follow: bool = False, more: bool = False) -> None:
        """Show other lines, from line ``at`` on. With ``follow``, stay at the end as they grow. ``more``: there are
        more lines than these, as ``go_on`` takes it."""
        self._lines = lines
        self._following = follow
        self._left = 0
        self._goes_on = more
        self.grew(at=at)

    def go_on(self, more: bool) -> None:
        """Take whether there are more lines than those given so far."""
        if self._goes_on != more:
            self._goes_on = more
            self.post_message(self.Moved())

    def release_lines(self) -> None:
        """Drop the lines when the screen closes. The collector may free a closed screen late, and the lines of a large
        body must not stay in memory until then."""
        self._lines = WrittenLines()
        self._strips.clear()

    def grew(self, *, at: float | None = None) -> None:
        """Update the view after lines were added or the last ones changed."""
        self._strips.clear()
        self.virtual_size = Size(0, len(self._lines))
        if self._following:
            self.scroll_end(animate=False, force=True, immediate=True)
        elif at is not None:
            self.scroll_to(y=at, animate=False, force=True)
        self.refresh()

    def on_mount(self) -> None:
        """Show the initial lines."""
        self.grew()

    def on_resize(self) -> None:
        """Stay at the end if it is followed, and post ``Resized`` if the width changed."""
        self._strips.clear()
        if self._following:
            self.scroll_end(animate=False, force=True, immediate=True)
        if self._width != self.text_width:
            self._width = self.text_width
            self.post_message(self.Resized())

    def line_in_view(self, number: int) -> Line:
        """Return the pieces to draw on a line."""
        return self._lines.line(number)

    @property
    def current_line(self) -> int | None:
        """The line to highlight, if any."""
        return None

    @property
    def pinned(self) -> Line | None:
        """The pieces to draw over the first line in view, if any."""
        return None

    def render_lines(self, crop: Region) -> list[Strip]:
        """Textual's hook: draw the lines in view."""
        self._painting = True
        try:
            return super().render_lines(crop)
        finally:
            self._painting = False

    def render_line(self, y: int) -> Strip:
        """Draw a line; ``y`` counts from the top of the view."""
        strip = self._line_at(y)
        if self._painting:
            return strip
        # Textual asks for a single line to learn which character the mouse is on. The offset of each character is
        # written into the styles only then, because it makes drawing a page four times slower.
        left = self._left - (GUTTER if self._numbers else 0)
        return strip.apply_offsets(left, y + self.scroll_offset.y)

    def _line_at(self, y: int) -> Strip:
        width = self.text_width
        number = y + self.scroll_offset.y
        if y == 0 and (pinned := self.pinned) is not None:
            return strip_of(pinned, width, self.text_styles, self.rich_style)
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
        text_styles = self.text_styles
        base = self.rich_style + self._style_of_current() if current else self.rich_style
        if self._numbers:
            width -= GUTTER
        if self._wraps:
            strip = strip_of(line, width, text_styles, base)
        else:
            strip = strip_of(line, UNWRAPPED + self.text_width, text_styles, base).crop(self._left, self._left + width)
        if (selection := self.text_selection) is not None and (span := selection.get_span(number)) is not None:
            start, stop = (max(0, end - self._left) if end >= 0 else end for end in span)
            strip = selected(strip, start, stop, self.screen.get_component_rich_style("screen--selection"))
        if self._numbers:
            ordinal = self._lines.ordinal(number)
            words = f"{ordinal:>{GUTTER - 2}} " if ordinal is not None else ""
            strip = Strip.join([strip_of(((words, "faint"),), GUTTER, text_styles, base), strip])
        return strip

    def _style_of_current(self) -> Style:
        if self._current_style is None:
            self._current_style = Style(bgcolor=self.get_component_rich_style("text--current").bgcolor)
        return self._current_style

    def _redraw(self) -> None:
        self._strips.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        """Textual's hook, called when the theme or the focus changes."""
        super().notify_style_update()
        self._current_style = None
        self._strips.clear()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Textual's hook: return the text selected with the mouse, without line wraps."""
        first = selection.start.y if selection.start is not None else 0
        last = min(selection.end.y if selection.end is not None else len(self._lines), len(self._lines) - 1)
        parts: list[str] = []
        for number in range(first, last + 1):
            text = "".join(terminal_safe(part) for part, _ in self._lines.line(number))
            start, stop = selection.get_span(number) or (0, 0)
            start = max(0, start)
            soft_wrap = self._lines.soft_wrap(number) if parts else None
            if soft_wrap is not None:
                parts.append(soft_wrap.lost)
                start = max(start, soft_wrap.margin)
            elif parts:
                parts.append("\n")
            parts.append(text[start:] if stop < 0 else text[start:stop])
        return "".join(parts), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Textual's hook: draw the selection."""
        self._redraw()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Textual's hook for scrolling: scrolling up stops following."""
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and new_value < self.max_scroll_y:
            self._following = False
        if round(old_value) != round(new_value):
            self.needs_lines.set()
            self.post_message(self.Moved())

    def action_lines(self, step: int) -> None:
        """Scroll down, or up if negative, by lines."""
        self.scroll_relative(y=step, animate=False, force=True)

    def action_pages(self, pages: float) -> None:
        """Scroll down, or up if negative, by pages."""
        self.scroll_relative(y=round(pages * max(1, self.size.height - 1)), animate=False, force=True)

    def action_top(self) -> None:
        """Go to the first line."""
        self._following = False
        self.scroll_home(animate=False, force=True)

    def action_bottom(self) -> None:
        """Go to the last line, and stay at the end as lines are added."""
        self._following = True
        self.needs_lines.set()
        self.scroll_end(animate=False, force=True)

    @property
    def _wraps(self) -> bool:
        return self._preferences is None or self._preferences.now.wrap

    @property
    def _numbers(self) -> bool:
        return self._preferences is not None and self._preferences.now.line_numbers and self._lines.numbered

    def action_wrap(self) -> None:
        """Turn line wrap on or off."""
        if self._preferences is not None:
            self._preferences.change(wrap=not self._preferences.now.wrap)
            self._left = 0
            self._redraw()
            self.post_message(self.Resized())

    def action_line_numbers(self) -> None:
        """Turn line numbers on or off."""
        if self._preferences is not None:
            self._preferences.change(line_numbers=not self._preferences.now.line_numbers)
            self._redraw()
            self.post_message(self.Resized())

    def action_sideways(self, step: int) -> None:
        """Scroll to the right, or to the left."""
        self._left = max(0, min(UNWRAPPED, self._left + step * _SIDEWAYS))
        self._redraw()

    def bring_into_view(self, start: int, stop: int) -> None:
        """Scroll sideways to these characters of a line, unless they are in view."""
        width = self.text_width - (GUTTER if self._numbers else 0)
        if not self._wraps and not self._left <= start <= stop <= self._left + width:
            self._left = max(0, start - width // 3)

    def on_mouse_scroll_right(self, event: MouseScrollRight) -> None:
        """Scroll to the right with the mouse wheel."""
        if not self._wraps:
            self.action_sideways(1)

    def on_mouse_scroll_left(self, event: MouseScrollLeft) -> None:
        """Scroll to the left with the mouse wheel."""
        if not self._wraps:
            self.action_sideways(-1)
