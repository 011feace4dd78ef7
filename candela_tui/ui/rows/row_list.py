"""A list that draws only the rows that are in view, and only those again that changed."""

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar, Protocol

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from candela_tui.ui.ink import INK_CLASSES, INK_CSS, Inks, Line, inks_of, strip_of


class Row(Protocol):
    """One row. Rows are values: one that equals the row before it is not drawn again."""

    @property
    def key(self) -> Hashable:
        """Which row this is, while what it says changes."""

    @property
    def height(self) -> int:
        """Lines."""

    @property
    def moving(self) -> bool:
        """Whether the row is drawn again on each tick."""

    def draw(self, line: int, width: int, tick: int) -> Line:
        """One of its lines. ``tick`` counts up while something moves."""


class RowList(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows, one of which has the cursor.

    With ``follow`` the cursor stays on the last row as rows are added, until it is moved off it.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {*INK_CLASSES, "row-list--cursor", "row-list--cursor-blurred"}
    DEFAULT_CSS = f"""
    RowList {{
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        {INK_CSS}
        .row-list--cursor {{ background: $cursor-row; }}
        .row-list--cursor-blurred {{ background: $cursor-row-blurred; }}
    }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("pagedown,ctrl+f,space", "page(1)", "Page down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("home,g", "first", "First", show=False),
        Binding("end,G", "last", "Last, and follow", show=False),
        Binding("enter", "open", "Open", key_display="⏎"),
    ]

    @dataclass
    class Moved(Message):
        """The cursor is on another row."""

        rows: "RowList"
        key: Hashable
        by_hand: bool

        @property
        def control(self) -> "RowList":
            """The list, for ``@on``."""
            return self.rows

    @dataclass
    class Opened(Message):
        """A row was chosen with enter or a double click."""

        rows: "RowList"
        key: Hashable

        @property
        def control(self) -> "RowList":
            """The list, for ``@on``."""
            return self.rows

    @dataclass
    class Counted(Message):
        """``unseen``: how many rows were added below since the cursor left the last row."""

        rows: "RowList"
        unseen: int

        @property
        def control(self) -> "RowList":
            """The list, for ``@on``."""
            return self.rows

    def __init__(self, *, follow: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._follow = follow
        self._following = follow
        self._unseen = 0
        self._rows: list[Row] = []
        self._places: dict[Hashable, int] = {}
        self._tops: list[int] = [0]
        self._cursor = 0
        self._tick = 0
        self._strips: dict[tuple[Hashable, int], Strip] = {}
        self._inks: Inks | None = None

    @property
    def rows(self) -> Sequence[Row]:
        """The rows as shown."""
        return self._rows

    @property
    def in_view(self) -> Sequence[Row]:
        """The rows that are in view now, if only in part."""
        top, bottom = self.scroll_offset.y, self.scroll_offset.y + self.size.height
        return self._rows[max(0, bisect_right(self._tops, top) - 1) : bisect_left(self._tops, bottom)]

    @property
    def cursor_key(self) -> Hashable | None:
        """The key of the row with the cursor; None: there is no row."""
        return self._rows[self._cursor].key if self._rows else None

    @property
    def unseen(self) -> int:
        """Rows added below since the cursor left the last row."""
        return self._unseen

    def show_rows(self, rows: Iterable[Row], *, anew: bool = False) -> None:
        """Show these rows. The cursor stays on its row, also when that moves; ``anew``: it begins afresh."""
        was = self.cursor_key
        new = list(rows)
        old, self._rows = self._rows, new
        before = self._places
        self._places = {row.key: place for place, row in enumerate(new)}
        same_shape = [(row.key, row.height) for row in old] == [(row.key, row.height) for row in new]
        for row in new:
            place = before.get(row.key)
            if place is None or old[place] != row:
                self._forget(row)
                if same_shape:
                    self._refresh_row(self._places[row.key])
        if anew:
            self._strips.clear()
            self._following, self._unseen, was = self._follow, 0, None
        if not same_shape or anew:
            self._tops = [0, *accumulate(row.height for row in new)]
            self.virtual_size = Size(0, self._tops[-1])
            self.refresh()
        self._settle(was, sum(key not in before for key in self._places) if not anew else 0)

    def put_row(self, row: Row) -> None:
        """Show a row anew where it is, or add it below the others."""
        place = self._places.get(row.key)
        if place is None:
            was = self.cursor_key
            self._places[row.key] = len(self._rows)
            self._rows.append(row)
            self._tops.append(self._tops[-1] + row.height)
            self.virtual_size = Size(0, self._tops[-1])
            self._refresh_row(len(self._rows) - 1)
            self._settle(was, 1)
        elif self._rows[place] != row:
            self._rows[place] = row
            self._forget(row)
            self._refresh_row(place)

    def tick(self, tick: int) -> None:
        """Draw the moving rows in view again."""
        self._tick = tick
        top, bottom = self.scroll_offset.y, self.scroll_offset.y + self.size.height
        first = max(0, bisect_right(self._tops, top) - 1)
        for place in range(first, len(self._rows)):
            if self._tops[place] >= bottom:
                break
            if self._rows[place].moving:
                self._forget(self._rows[place])
                self._refresh_row(place)

    def draw_again(self) -> None:
        """Draw every row again: what they say depends on the time."""
        self._strips.clear()
        self.refresh()

    def move_to(self, key: Hashable, *, by_hand: bool = True) -> bool:
        """Put the cursor on the row with this key; False: there is none."""
        place = self._places.get(key)
        if place is None:
            return False
        self._move_cursor(place, by_hand=by_hand)
        return True

    def neighbour(self, key: Hashable, step: int) -> Hashable | None:
        """The key of the row so many places below (or above) a row; None: there is none."""
        place = self._places.get(key)
        if place is None or not 0 <= place + step < len(self._rows):
            return None
        return self._rows[place + step].key

    def _settle(self, was: Hashable | None, added: int) -> None:
        if not self._rows:
            self._cursor = 0
        elif self._following:
            self._cursor = len(self._rows) - 1
        elif was is not None:
            self._cursor = self._places.get(was, min(self._cursor, len(self._rows) - 1))
        else:
            self._cursor = 0
        now = self.cursor_key
        if was != now:
            for key in (was, now):
                if key in self._places:
                    self._forget(self._rows[self._places[key]])
                    self._refresh_row(self._places[key])
            if now is not None:
                self.post_message(self.Moved(self, now, by_hand=False))
        if self._following:
            self._scroll_to_cursor()
        elif self._follow and added:
            self._count(self._unseen + added)

    def _count(self, unseen: int) -> None:
        if unseen != self._unseen:
            self._unseen = unseen
            self.post_message(self.Counted(self, unseen))

    def _move_cursor(self, place: int, *, by_hand: bool) -> None:
        if not self._rows:
            return
        place = max(0, min(place, len(self._rows) - 1))
        before, self._cursor = self._cursor, place
        if self._follow:
            self._following = place == len(self._rows) - 1
            if self._following:
                self._count(0)
        for changed in {before, place}:
            if changed < len(self._rows):
                self._forget(self._rows[changed])
                self._refresh_row(changed)
        self._scroll_to_cursor()
        if before != place:
            self.post_message(self.Moved(self, self._rows[place].key, by_hand))

    def _scroll_to_cursor(self) -> None:
        if self._rows and self.size.height:
            region = Region(0, self._tops[self._cursor], 1, self._rows[self._cursor].height)
            self.scroll_to_region(region, animate=False, force=True, immediate=True)

    def _forget(self, row: Row) -> None:
        for line in range(row.height):
            self._strips.pop((row.key, line), None)

    def _refresh_row(self, place: int) -> None:
        self.refresh_lines(self._tops[place], self._rows[place].height)

    def render_line(self, y: int) -> Strip:
        """Draw the line that is now the y-th of the view."""
        width = self.scrollable_content_region.width
        y += self.scroll_offset.y
        if y >= self._tops[-1]:
            return Strip.blank(width, self.rich_style)
        place = bisect_right(self._tops, y) - 1
        row, line = self._rows[place], y - self._tops[place]
        strip = self._strips.get((row.key, line))
        if strip is None or strip.cell_length != width:
            if len(self._strips) > 2000:
                self._strips.clear()
            if self._inks is None:
                self._inks = inks_of(self)
            strip = strip_of(row.draw(line, width, self._tick), width, self._inks, self._base(place))
            self._strips[row.key, line] = strip
        return strip

    def _base(self, place: int) -> Style:
        if place != self._cursor:
            return self.rich_style
        return self.get_component_rich_style("row-list--cursor" if self.has_focus else "row-list--cursor-blurred")

    def notify_style_update(self) -> None:
        """Textual's hook for another theme or focus."""
        super().notify_style_update()
        self._inks = None
        self._strips.clear()

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self._strips.clear()
        self._scroll_to_cursor()

    def on_focus(self) -> None:
        """Light up the cursor."""
        self._redraw_cursor()

    def on_blur(self) -> None:
        """Dim the cursor."""
        self._redraw_cursor()

    def _redraw_cursor(self) -> None:
        if self._rows:
            self._forget(self._rows[self._cursor])
            self._refresh_row(self._cursor)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; a double click opens."""
        y = event.y + self.scroll_offset.y
        if event.y < 0 or y >= self._tops[-1]:
            return
        self._move_cursor(bisect_right(self._tops, y) - 1, by_hand=True)
        if event.chain == 2:
            self.action_open()

    def action_move(self, step: int) -> None:
        """Move the cursor by rows."""
        self._move_cursor(self._cursor + step, by_hand=True)

    def action_page(self, pages: int) -> None:
        """Move the cursor by what is in view."""
        if self._rows:
            y = self._tops[self._cursor] + pages * max(1, self.size.height - 1)
            self._move_cursor(bisect_right(self._tops, max(0, y)) - 1, by_hand=True)

    def action_first(self) -> None:
        """Go to the first row."""
        self._move_cursor(0, by_hand=True)

    def action_last(self) -> None:
        """Go to the last row, and follow it where the list does that."""
        self._move_cursor(len(self._rows) - 1, by_hand=True)

    def action_open(self) -> None:
        """Open the row with the cursor."""
        key = self.cursor_key
        if key is not None:
            self.post_message(self.Opened(self, key))
