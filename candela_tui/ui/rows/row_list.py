"""A list that draws only the rows that are in view, and only those again that changed."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Literal

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from candela_tui.ui.ink import INK_CLASSES, INK_CSS, Inks, inks_of, strip_of
from candela_tui.ui.rows.row_stack import Row as Row
from candela_tui.ui.rows.row_stack import RowStack

Edge = Literal["first", "last"]
_MOST_DRAWN = 1000


class RowList(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows, one of which has the cursor.

    With ``follow`` the cursor stays on the last row (or the first) as rows are added there, until the user moves it
    off that row or scrolls it out of view; once back there, it stays again.
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
        .row-list--cursor {{ background: $cursor-row; text-style: $cursor-row-style; }}
        .row-list--cursor-blurred {{ background: $cursor-row-blurred; text-style: $cursor-row-blurred-style; }}
    }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False, tooltip="To the row below", id="list.down"),
        Binding("up,k", "move(-1)", "Up", show=False, tooltip="To the row above", id="list.up"),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False, tooltip="A page down", id="list.page_down"),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False, tooltip="A page up", id="list.page_up"),
        Binding("home,g", "first", "First", show=False, tooltip="To the first row", id="list.first"),
        Binding("end,G", "last", "Last", show=False, tooltip="To the last row, and follow", id="list.last"),
        Binding("enter", "open", "Open", key_display="⏎", tooltip="Open the row with the cursor", id="list.open"),
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
        """``unseen``: how many rows were added since the list stopped following; or it follows, or stopped to."""

        rows: "RowList"
        unseen: int

        @property
        def control(self) -> "RowList":
            """The list, for ``@on``."""
            return self.rows

    def __init__(self, *, follow: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._follow: Edge | None = "last" if follow else None
        self._following = follow
        self._held = False
        self._unseen = 0
        self._stack = RowStack()
        self._cursor = 0
        self._tick = 0
        self._scrolling = False
        self._strips: dict[Hashable, dict[int, Strip]] = {}
        self._inks: Inks | None = None
        self._drawn_for = Size()

    @property
    def rows(self) -> Sequence[Row]:
        """The rows as shown."""
        return self._stack.rows

    @property
    def in_view(self) -> Sequence[Row]:
        """The rows that are in view now, if only in part."""
        return self.rows[slice(*self._places_in_view())]

    def _places_in_view(self) -> tuple[int, int]:
        if not len(self._stack) or not self.size.height:
            return 0, 0
        top = self.scroll_offset.y
        return self._stack.place_at(top), self._stack.place_at(top + self.size.height - 1) + 1

    @property
    def cursor(self) -> int:
        """The place of the row with the cursor, from 0."""
        return self._cursor

    @property
    def cursor_key(self) -> Hashable | None:
        """The key of the row with the cursor; None: there is no row."""
        return self.rows[self._cursor].key if self.rows else None

    @property
    def unseen(self) -> int:
        """Rows added since the list stopped following."""
        return self._unseen

    @property
    def following(self) -> bool:
        """Whether the cursor goes with the rows that are added."""
        return self._following

    @property
    def held(self) -> bool:
        """Whether the user said not to follow."""
        return self._held

    def row(self, key: Hashable) -> Row | None:
        """The row with a key; None: there is none."""
        return self._stack.row(key)

    def follow(self, edge: Edge | None) -> None:
        """Say at which end rows are added that the list is to follow; None: it follows none."""
        if edge != self._follow:
            self._follow = edge
            self._held = False
            self._unseen = 0
            self._following = edge is not None and (not self.rows or self._cursor == self._newest)

    def toggle_following(self) -> None:
        """Go to the newest row and follow; while following: stay where it is."""
        if self._follow is None:
            return
        if self._following:
            self._following, self._held = False, True
            self.post_message(self.Counted(self, self._unseen))
        else:
            self._held = False
            self._move_cursor(self._newest, by_hand=True)
            self._count(0, told=True)

    @property
    def _newest(self) -> int:
        return 0 if self._follow == "first" else max(0, len(self._stack) - 1)

    def show_rows(self, rows: Iterable[Row], *, anew: bool = False) -> None:
        """Show these rows. The cursor stays on its row, also when that moves; ``anew``: it begins afresh."""
        was = self.cursor_key
        # What is in view may be on the screen without a strip: another style takes the strips alone.
        drawn = {*self._strips, *(row.key for row in self.in_view)}
        old, new = self._stack, RowStack(rows)
        self._stack = new
        same_shape = not anew and len(old) == len(new) and _shape(old) == _shape(new)
        for key in drawn:
            before, now = old.row(key), new.row(key)
            if before is not now and before != now:
                self._forget(key)
                if same_shape and (place := new.place(key)) is not None:
                    self._refresh_row(place)
        added = 0
        if anew:
            self._strips.clear()
            self._following, self._held, self._unseen, was = self._follow is not None, False, 0, None
        elif self._follow == "last" and len(old) and (newest := new.place(old.rows[-1].key)) is not None:
            added = len(new) - 1 - newest
        if not same_shape:
            self.virtual_size = Size(0, new.height)
            self.refresh()
        self._settle(was, new.place(was) if was is not None else None, added)

    def put_row(self, row: Row) -> None:
        """Show a row anew where it is, or add it below the others."""
        place = self._stack.place(row.key)
        if place is None:
            self.insert_row(len(self._stack), row)
        else:
            self.replace_row(place, row)

    def insert_row(self, place: int, row: Row) -> None:
        """Add a row above the one at a place, or below all."""
        was = self.cursor_key
        self._stack.insert(place, row)
        cursor = self._cursor + (was is not None and place <= self._cursor)
        self._reshaped(place, row.height)
        newest = len(self._stack) - 1 - place if self._follow == "last" else place
        self._settle(was, cursor, int(newest == 0))

    def replace_row(self, place: int, row: Row) -> None:
        """Show a row anew at its place."""
        before = self.rows[place]
        if before is row or before == row:
            return
        self._stack.replace(place, row)
        self._forget(before.key)
        if before.height == row.height:
            self._refresh_row(place)
        else:
            self._reshaped(place, row.height - before.height)

    def move_row(self, place: int, to: int, row: Row) -> None:
        """Show a row anew at another place."""
        if place == to:
            self.replace_row(place, row)
            return
        was = self.cursor_key
        self._forget(self._stack.remove(place).key)
        self._stack.insert(to, row)
        if place == self._cursor:
            cursor = to
        else:
            cursor = self._cursor - (place < self._cursor)
            cursor += to <= cursor
        self.refresh()
        self._settle(was, cursor, 0)

    def remove_row(self, place: int) -> None:
        """Take a row away; the cursor goes to the one that takes its place."""
        was = self.cursor_key
        row = self._stack.remove(place)
        self._forget(row.key)
        cursor = None if place == self._cursor else self._cursor - (place < self._cursor)
        self._reshaped(place, -row.height)
        self._settle(was, cursor, 0)

    def _reshaped(self, place: int, lines: int) -> None:
        """After so many lines came (or went, where negative) at a row: what is in view stays there."""
        self.virtual_size = Size(0, self._stack.height)
        top, above = self._stack.top(place), self.scroll_offset.y
        if top < above:
            with self._scrolling_ourselves():
                self.scroll_to(y=above + lines, animate=False, force=True, immediate=True)
        elif top < above + self.size.height:
            self.refresh_lines(top, above + self.size.height - top)

    def tick(self, tick: int) -> None:
        """Draw the moving rows in view again."""
        self._tick = tick
        first, end = self._places_in_view()
        for place in range(first, end):
            if self.rows[place].moving:
                self._forget(self.rows[place].key)
                self._refresh_row(place)

    def draw_again(self) -> None:
        """Draw every row again: what they say depends on more than themselves."""
        self._strips.clear()
        self.refresh()

    def move_to(self, key: Hashable, *, by_hand: bool = True) -> bool:
        """Put the cursor on the row with this key; False: there is none."""
        place = self._stack.place(key)
        if place is None:
            return False
        self._move_cursor(place, by_hand=by_hand)
        return True

    def neighbour(self, key: Hashable, step: int) -> Hashable | None:
        """The key of the row so many places below (or above) a row; None: there is none."""
        place = self._stack.place(key)
        if place is None or not 0 <= place + step < len(self._stack):
            return None
        return self.rows[place + step].key

    def _settle(self, was: Hashable | None, place: int | None, added: int) -> None:
        """After rows changed: where the row with the cursor is now; None: it is gone."""
        if self._following:
            self._cursor = self._newest
        elif was is None or not self.rows:
            self._cursor = 0
        else:
            self._cursor = place if place is not None else min(self._cursor, len(self._stack) - 1)
        now = self.cursor_key
        if was != now:
            for changed in {place, self._cursor}:
                if changed is not None and changed < len(self._stack):
                    self._forget(self.rows[changed].key)
                    self._refresh_row(changed)
            if now is not None:
                self.post_message(self.Moved(self, now, by_hand=False))
        if self._following:
            self._scroll_to_cursor()
        elif self._follow and added:
            self._count(self._unseen + added)

    def _count(self, unseen: int, *, told: bool = False) -> None:
        if told or unseen != self._unseen:
            self._unseen = unseen
            self.post_message(self.Counted(self, unseen))

    def _move_cursor(self, place: int, *, by_hand: bool) -> None:
        if not self.rows:
            return
        place = max(0, min(place, len(self._stack) - 1))
        before, self._cursor = self._cursor, place
        if self._follow and not self._held:
            self._following = place == self._newest
            if self._following:
                self._count(0)
        for changed in {before, place}:
            if changed < len(self._stack):
                self._forget(self.rows[changed].key)
                self._refresh_row(changed)
        self._scroll_to_cursor()
        if before != place:
            self.post_message(self.Moved(self, self.rows[place].key, by_hand))

    def _scroll_to_cursor(self) -> None:
        if self.rows and self.size.height:
            region = Region(0, self._stack.top(self._cursor), 1, self.rows[self._cursor].height)
            with self._scrolling_ourselves():
                self.scroll_to_region(region, animate=False, force=True, immediate=True)

    @contextmanager
    def _scrolling_ourselves(self) -> Iterator[None]:
        self._scrolling = True
        try:
            yield
        finally:
            self._scrolling = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Textual's hook for scrolling: by the wheel or the bar, the user leaves what is newest, or comes back."""
        super().watch_scroll_y(old_value, new_value)
        if self._scrolling or self._follow is None or self._held or self._cursor != self._newest:
            return
        at_newest = new_value <= 0 if self._follow == "first" else new_value >= self.max_scroll_y
        if at_newest != self._following:
            self._following = at_newest
            self._count(0 if at_newest else self._unseen, told=True)

    def _forget(self, key: Hashable) -> None:
        self._strips.pop(key, None)

    def _refresh_row(self, place: int) -> None:
        top, height = self._stack.top(place), self.rows[place].height
        if top + height > self.scroll_offset.y and top < self.scroll_offset.y + self.size.height:
            self.refresh_lines(top, height)

    def render_line(self, y: int) -> Strip:
        """Draw the line that is now the y-th of the view."""
        width = self.scrollable_content_region.width
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
            if self._inks is None:
                self._inks = inks_of(self)
            strip = strip_of(row.draw(line, width, self._tick), width, self._inks, self._base(place))
            self._strips.setdefault(row.key, {})[line] = strip
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

    def on_resize(self, event: events.Resize) -> None:
        """Keep the cursor in view."""
        # Textual tells of every row that is added, too.
        if event.size != self._drawn_for:
            self._drawn_for = event.size
            self._strips.clear()
            self._scroll_to_cursor()

    def on_focus(self) -> None:
        """Light up the cursor."""
        self._redraw_cursor()

    def on_blur(self) -> None:
        """Dim the cursor."""
        self._redraw_cursor()

    def _redraw_cursor(self) -> None:
        if self.rows:
            self._forget(self.rows[self._cursor].key)
            self._refresh_row(self._cursor)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; a double click opens."""
        y = event.y + self.scroll_offset.y
        if event.y < 0 or y >= self._stack.height:
            return
        self._move_cursor(self._stack.place_at(y), by_hand=True)
        if event.chain == 2:
            self.action_open()

    def action_move(self, step: int) -> None:
        """Move the cursor by rows."""
        self._move_cursor(self._cursor + step, by_hand=True)

    def action_page(self, pages: int) -> None:
        """Move the cursor by what is in view."""
        if self.rows:
            y = self._stack.top(self._cursor) + pages * max(1, self.size.height - 1)
            self._move_cursor(self._stack.place_at(y), by_hand=True)

    def action_first(self) -> None:
        """Go to the first row, and follow it where the list does that."""
        self._held = False
        self._move_cursor(0, by_hand=True)

    def action_last(self) -> None:
        """Go to the last row, and follow it where the list does that."""
        self._held = False
        self._move_cursor(len(self._stack) - 1, by_hand=True)

    def action_open(self) -> None:
        """Open the row with the cursor."""
        key = self.cursor_key
        if key is not None:
            self.post_message(self.Opened(self, key))


def _shape(stack: RowStack) -> list[tuple[Hashable, int]]:
    return [(row.key, row.height) for row in stack.rows]
