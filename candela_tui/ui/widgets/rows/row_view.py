"""A view that draws rows when they come into view, and redraws only what changed."""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager

from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from candela_tui.ui.style.styled_text import Line, strip_of
from candela_tui.ui.widgets.rows.row_stack import Row, RowStack
from candela_tui.ui.widgets.scroller import Scroller

_MOST_DRAWN = 1000
"""How many rows keep their drawn strips."""
_MOST_COMPARED = 1000
"""Up to this many rows, comparing all of them to redraw only a few is worth the time."""


class RowView(Scroller):
    """Draws the rows of a stack. Changes to the stack go through this class, so that the screen is updated."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._stack = RowStack()
        self._when_empty: Sequence[Line] = ()
        self._tick = 0
        self._scrolling = False
        self._strips: dict[Hashable, dict[int, Strip]] = {}

    @property
    def rows(self) -> Sequence[Row]:
        """The rows of the stack."""
        return self._stack.rows

    @property
    def in_view(self) -> Sequence[Row]:
        """The rows that are at least partly in view."""
        return self.rows[slice(*self._places_in_view())]

    def _places_in_view(self) -> tuple[int, int]:
        if not len(self._stack) or not self.size.height:
            return 0, 0
        top = self.scroll_offset.y
        return self._stack.place_at(top), self._stack.place_at(top + self.size.height - 1) + 1

    def row(self, key: Hashable) -> Row | None:
        """Return the row with this key; None if there is none."""
        return self._stack.row(key)

    def say_when_empty(self, lines: Sequence[Line]) -> None:
        """Set the lines to show while there are no rows."""
        if lines != self._when_empty:
            self._when_empty = lines
            if not self.rows:
                self.refresh()

    def tick(self, tick: int) -> None:
        """Redraw the moving rows that are in view."""
        self._tick = tick
        first, end = self._places_in_view()
        for place in range(first, end):
            if self.rows[place].moving:
                self._forget(self.rows[place].key)
                self._refresh_row(place)

    def draw_again(self) -> None:
        """Redraw every row, because something other than the rows changed."""
        self._strips.clear()
        self.refresh()

    def _show_stack(self, new: RowStack, *, reset: bool) -> None:
        """Show another stack. With ``reset``, redraw even the rows that are equal."""
        # A row in view may be on the screen without a strip, because a change of style discards only the strips.
        drawn = {*self._strips, *(row.key for row in self.in_view)}
        old, self._stack = self._stack, new
        same_shape = not reset and len(old) == len(new) <= _MOST_COMPARED and _shape(old) == _shape(new)
        for key in drawn:
            before, now = old.row(key), new.row(key)
            if before is not now and before != now:
                self._forget(key)
                if same_shape and (place := new.place(key)) is not None:
                    self._refresh_row(place)
        if reset:
            self._strips.clear()
        if not same_shape:
            self.virtual_size = Size(0, new.height)
            self.refresh()

    def _insert(self, place: int, row: Row) -> None:
        self._stack.insert(place, row)
        self._reshaped(place, row.height)

    def _replace(self, place: int, row: Row) -> None:
        before = self.rows[place]
        self._stack.replace(place, row)
        self._forget(before.key)
        if before.height == row.height:
            self._refresh_row(place)
        else:
            self._reshaped(place, row.height - before.height)

    def _move(self, place: int, to: int, row: Row) -> None:
        self._forget(self._stack.remove(place).key)
        self._stack.insert(to, row)
        self.virtual_size = Size(0, self._stack.height)
        self.refresh()

    def _remove(self, place: int) -> None:
        row = self._stack.remove(place)
        self._forget(row.key)
        self._reshaped(place, -row.height)

    def _reshaped(self, place: int, lines: int) -> None:
        """Update the view after ``lines`` lines were added (removed, if negative) at a row. What is in view stays in
        place."""
        self.virtual_size = Size(0, self._stack.height)
        top, above = self._stack.top(place), self.scroll_offset.y
        if top < above:
            with self._scrolling_ourselves():
                self.scroll_to(y=above + lines, animate=False, force=True, immediate=True)
        elif top < above + self.size.height:
            self.refresh_lines(top, above + self.size.height - top)

    @contextmanager
    def _scrolling_ourselves(self) -> Iterator[None]:
        self._scrolling = True
        try:
            yield
        finally:
            self._scrolling = False

    def _forget(self, key: Hashable) -> None:
        self._strips.pop(key, None)

    def _refresh_row(self, place: int) -> None:
        top, height = self._stack.top(place), self.rows[place].height
        if top + height > self.scroll_offset.y and top < self.scroll_offset.y + self.size.height:
            self.refresh_lines(top, height)

    def render_line(self, y: int) -> Strip:
        """Draw a line; ``y`` counts from the top of the view."""
        width = self.scrollable_content_region.width
        if not self.rows and y < len(self._when_empty):
            return strip_of(self._when_empty[y], width, self.text_styles, self.rich_style)
        y += self.scroll_offset.y
        if y >= self._stack.height:
            return Strip.blank(width, self.rich_style)
        place = self._stack.place_at(y)
        row, line = self.rows[place], y - self._stack.top(place)
        drawn = self._strips.get(row.key)
        strip = drawn.get(line) if drawn is not None else None
        if strip is None or strip.cell_length != width:
            if len(self._strips) > _MOST_DRAWN:
                self._strips.clear()
            strip = strip_of(row.draw(line, width, self._tick), width, self.text_styles, self._base(place))
            self._strips.setdefault(row.key, {})[line] = strip
        return strip

    def _base(self, place: int) -> Style:
        """Return the style that a row's own styles are drawn on."""
        return self.rich_style

    def notify_style_update(self) -> None:
        """Textual's hook, called when the theme or the focus changes."""
        super().notify_style_update()
        self._strips.clear()


def _shape(stack: RowStack) -> list[tuple[Hashable, int]]:
    return [(row.key, row.height) for row in stack.rows]
