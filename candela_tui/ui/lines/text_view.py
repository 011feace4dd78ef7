"""A scrolling view of any number of lines: it draws what is in view, and searches in the background."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.worker import Worker

from candela_tui.ui.ink import INK_CLASSES, INK_CSS, Inks, Line, Piece, inks_of, strip_of
from candela_tui.ui.lines.lines import Lines
from candela_tui.ui.lines.slices import in_slices
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.plain import plain

_MOST_HITS = 100_000


class TextView(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows lines that are made for its width."""

    COMPONENT_CLASSES: ClassVar[set[str]] = INK_CLASSES
    DEFAULT_CSS = f"""
    TextView {{
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        {INK_CSS}
    }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "lines(1)", "Down", show=False),
        Binding("up,k", "lines(-1)", "Up", show=False),
        Binding("pagedown,ctrl+f,space", "pages(1)", "Page down", show=False),
        Binding("pageup,ctrl+b", "pages(-1)", "Page up", show=False),
        Binding("ctrl+d", "pages(0.5)", "Half a page down", show=False),
        Binding("ctrl+u", "pages(-0.5)", "Half a page up", show=False),
        Binding("home,g", "top", "Top", show=False),
        Binding("end,G", "bottom", "Bottom, and follow", show=False),
    ]

    class Searched(Message):
        """The search went on, or moved to another hit."""

    class Resized(Message):
        """The width changed: lines are to be made anew."""

    def __init__(self, lines: Lines | None = None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: Lines = lines or WrittenLines()
        self._following = False
        self._strips: dict[int, Strip] = {}
        self._inks: Inks | None = None
        self._query: re.Pattern[str] | None = None
        self._hits: list[int] = []
        self._hit = -1
        self._searched = 0
        self._search: Worker[None] | None = None
        self._width = 0

    @property
    def lines(self) -> Lines:
        """What is shown."""
        return self._lines

    @property
    def text_width(self) -> int:
        """The cells that a line has."""
        return self.scrollable_content_region.width

    def show_lines(self, lines: Lines, *, at: float = 0, follow: bool = False) -> None:
        """Show other lines from that one on; ``follow``: stay at the end as they grow."""
        self._lines = lines
        self._following = follow
        self._forget_hits()
        self.grew(at=at)

    def grew(self, *, at: float | None = None) -> None:
        """There are more lines, or the last of them changed."""
        self._strips.clear()
        self.virtual_size = Size(0, len(self._lines))
        if self._following:
            self.scroll_end(animate=False, force=True, immediate=True)
        elif at is not None:
            self.scroll_to(y=at, animate=False, force=True)
        self.refresh()
        self._search_on()

    def on_mount(self) -> None:
        """Show what it was made with."""
        self.grew()

    def on_resize(self) -> None:
        """Tell who makes the lines."""
        self._strips.clear()
        if self._width != self.text_width:
            self._width = self.text_width
            self.post_message(self.Resized())

    def render_line(self, y: int) -> Strip:
        """Draw the line that is now the y-th of the view."""
        width = self.text_width
        number = y + self.scroll_offset.y
        if number >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        strip = self._strips.get(number)
        if strip is None or strip.cell_length != width:
            if len(self._strips) > 1000:
                self._strips.clear()
            if self._inks is None:
                self._inks = inks_of(self)
            line = self._lines.line(number)
            if self._query is not None:
                line = self._marked(line, number)
            strip = self._strips[number] = strip_of(line, width, self._inks, self.rich_style)
        return strip

    def _marked(self, line: Line, number: int) -> Line:
        assert self._query is not None
        ink = "hit-here" if 0 <= self._hit < len(self._hits) and self._hits[self._hit] == number else "hit"
        text = "".join(part for part, _ in line)
        marked: list[Piece] = []
        bounds = [edge for match in self._query.finditer(text) for edge in match.span()]
        position = 0
        for part, own in line:
            end = position + len(part)
            while position < end:
                place = bisect_right(bounds, position)
                stop = min(end, bounds[place]) if place < len(bounds) else end
                marked.append((text[position:stop], ink if place % 2 else own))
                position = stop
        return tuple(marked)

    def notify_style_update(self) -> None:
        """Textual's hook for another theme."""
        super().notify_style_update()
        self._inks = None
        self._strips.clear()

    def search(self, words: str) -> None:
        """Find words, whatever their case; none: end the search."""
        self._query = re.compile(re.escape(words), re.IGNORECASE) if words else None
        self._forget_hits()
        self._strips.clear()
        self.refresh()
        self._search_on()
        self.post_message(self.Searched())

    @property
    def search_state(self) -> tuple[int, int, bool] | None:
        """Which hit is shown (from 1; 0: none), how many there are, whether all lines were searched; None: no
        search."""
        if self._query is None:
            return None
        return self._hit + 1, len(self._hits), self._searched >= len(self._lines)

    def _forget_hits(self) -> None:
        self._hits, self._hit, self._searched = [], -1, 0
        if self._search is not None:
            self._search.cancel()
            self._search = None

    def _search_on(self) -> None:
        if self._query is None or self._searched >= len(self._lines):
            return
        if self._search is None or self._search.is_finished:
            self._search = self.run_worker(self._find_hits(), group="search")

    async def _find_hits(self) -> None:
        await in_slices(self._search_steps(), self._search_grew)
        if self._hit < 0 and self._hits:
            self._to_hit(0)
            self.post_message(self.Searched())

    def _search_steps(self) -> Iterator[None]:
        assert self._query is not None
        find = self._query.search
        while self._searched < len(self._lines) and len(self._hits) < _MOST_HITS:
            if find(self._lines.text(self._searched)):
                self._hits.append(self._searched)
            self._searched += 1
            yield

    def _search_grew(self) -> None:
        if self._hit < 0:
            self._to_hit(bisect_left(self._hits, self.scroll_offset.y))
        self.post_message(self.Searched())

    def _to_hit(self, hit: int) -> None:
        if not 0 <= hit < len(self._hits):
            return
        self._hit = hit
        self._following = False
        number, top, height = self._hits[hit], self.scroll_offset.y, self.size.height
        if not top <= number < top + height:
            self.scroll_to(y=max(0, number - height // 3), animate=False, force=True)
        self._strips.clear()
        self.refresh()

    def next_hit(self, step: int) -> None:
        """Go to the next (or previous) hit, around the end."""
        if self._hits:
            self._to_hit((self._hit + step) % len(self._hits))
            self.post_message(self.Searched())

    def all_text(self, most: int) -> tuple[str, bool]:
        """The text of the lines up to a number of characters, and whether that is all."""
        parts: list[str] = []
        length = 0
        for number in range(len(self._lines)):
            text = plain(self._lines.text(number))
            length += len(text) + 1
            if length > most:
                return "\n".join(parts), False
            parts.append(text)
        return "\n".join(parts), True

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Textual's hook for scrolling: going up ends following."""
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and new_value < self.max_scroll_y:
            self._following = False

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
