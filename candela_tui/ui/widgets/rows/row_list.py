"""A list of rows with a cursor, which can follow new rows."""

from bisect import bisect_left
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message

from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.widgets.rows.row_stack import Row, RowStack
from candela_tui.ui.widgets.rows.row_view import RowView

Edge = Literal["first", "last"]


class RowList(RowView, can_focus=True, inherit_bindings=False):
    """A list of rows with a cursor.

    With ``follow`` the cursor stays on the last row (or the first) as rows are added there, until the user moves it off
    that row or scrolls the row out of view. When the cursor is back there, the list follows again. The keys of such a
    list increase over time.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"row-list--cursor", "row-list--cursor-blurred"}
    DEFAULT_CSS = """
    RowList {
        .row-list--cursor { background: $cursor-row; text-style: $cursor-row-style; }
        .row-list--cursor-blurred { background: $cursor-row-blurred; text-style: $cursor-row-blurred-style; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("list.down", "down,j", "move(1)", "Down", "Go to the row below"),
        bind("list.up", "up,k", "move(-1)", "Up", "Go to the row above"),
        bind("list.page_down", "pagedown,ctrl+f", "page(1)", "Page down", "Go down a page"),
        bind("list.page_up", "pageup,ctrl+b", "page(-1)", "Page up", "Go up a page"),
        bind("list.first", "home,g", "first", "First", "Go to the first row"),
        bind("list.last", "end,G", "last", "Last", "Go to the last row and follow new rows"),
        bind("list.open", "enter", "open", "Open", "Open the selected row", shown_as="⏎", footer=True),
    ]

    @dataclass
    class Moved(Message):
        """Posted when the cursor is on another row."""

        rows: "RowList"
        key: Hashable
        by_hand: bool

        @property
        def control(self) -> "RowList":
            """The list, for ``@on``."""
            return self.rows

    @dataclass
    class Opened(Message):
        """Posted when a row is opened with enter or a double click."""

        rows: "RowList"
        key: Hashable

        @property
        def control(self) -> "RowList":
            """The list, for ``@on``."""
            return self.rows

    @dataclass
    class Counted(Message):
        """Posted when ``unseen`` changes, or the list starts or stops following.

        ``unseen`` is how many rows were added since the list stopped following.
        """

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
        self._seen: Any = None
        """The newest key when the list stopped following; None if there was none."""
        self._cursor = 0
        self._drawn_for = Size()

    @property
    def cursor(self) -> int:
        """The index of the row with the cursor."""
        return self._cursor

    @property
    def cursor_key(self) -> Hashable | None:
        """The key of the row with the cursor; None if there are no rows."""
        return self.rows[self._cursor].key if self.rows else None

    @property
    def unseen(self) -> int:
        """How many rows are newer than all rows were when the list stopped following."""
        return self._unseen

    @property
    def following(self) -> bool:
        """Whether the cursor follows new rows."""
        return self._following

    @property
    def held(self) -> bool:
        """Whether the user switched following off."""
        return self._held

    def follow(self, edge: Edge | None) -> None:
        """Set the edge at which new rows are added and followed; None to never follow."""
        if edge != self._follow:
            self._follow = edge
            self._held = False
            self._unseen = 0
            self._following = edge is not None and (not self.rows or self._cursor == self._newest)
            if not self._following:
                self._seen = self._newest_key

    def toggle_following(self) -> None:
        """Go to the newest row and follow; if the list is following, stop."""
        if self._follow is None:
            return
        if self._following:
            self._held = True
            self._stop_following()
            self.post_message(self.Counted(self, self._unseen))
        else:
            self._held = False
            self._move_cursor(self._newest, by_hand=True)
            self._count(0, told=True)

    @property
    def _newest(self) -> int:
        return 0 if self._follow == "first" else max(0, len(self._stack) - 1)

    @property
    def _newest_key(self) -> Any:
        """The key of the newest row, whether in view or not; None if there are no rows."""
        return self.rows[self._newest].key if self.rows else None

    def _stop_following(self) -> None:
        self._following = False
        self._seen = self._newest_key

    def _count_newer(self) -> int:
        """Return how many rows are newer than those that were seen."""
        rows, seen = self.rows, self._seen
        if seen is None:
            return len(rows)
        newest_last = self._follow == "last"

        def beyond(place: int) -> bool:
            """Return whether a row is past the border between seen and newer rows."""
            key: Any = rows[place].key
            return (key > seen) is newest_last

        border = bisect_left(range(len(rows)), True, key=beyond)
        return len(rows) - border if newest_last else border

    def show_rows(self, rows: Iterable[Row], *, reset: bool = False) -> None:
        """Show these rows. The cursor stays with its row, even if the row moves; with ``reset`` it starts from the
        beginning."""
        self.show_stack(RowStack(rows), reset=reset)

    def show_stack(self, stack: RowStack, *, reset: bool = False) -> None:
        """Show a stack of rows that may have been filled a few at a time. Otherwise the same as ``show_rows``."""
        was = self.cursor_key
        self._show_stack(stack, reset=reset)
        if reset:
            self._following, self._held, self._unseen, was = self._follow is not None, False, 0, None
        self._settle(was, self._stack.place(was) if was is not None else None)

    def put_row(self, row: Row) -> None:
        """Replace the row with the same key, or add the row below the others."""
        place = self._stack.place(row.key)
        if place is None:
            self.insert_row(len(self._stack), row)
        else:
            self.replace_row(place, row)

    def insert_row(self, place: int, row: Row) -> None:
        """Insert a row above the one at an index, or below all."""
        was = self.cursor_key
        self._insert(place, row)
        self._settle(was, self._cursor + (was is not None and place <= self._cursor))

    def replace_row(self, place: int, row: Row) -> None:
        """Replace the row at an index, if it differs."""
        if self.rows[place] is not row and self.rows[place] != row:
            self._replace(place, row)

    def move_row(self, place: int, to: int, row: Row) -> None:
        """Replace a row, and move it to another index."""
        if place == to:
            self.replace_row(place, row)
            return
        was = self.cursor_key
        self._move(place, to, row)
        if place == self._cursor:
            cursor = to
        else:
            cursor = self._cursor - (place < self._cursor)
            cursor += to <= cursor
        self._settle(was, cursor)

    def remove_row(self, place: int) -> None:
        """Remove a row. If the cursor was on it, it goes to the row that takes its place."""
        was = self.cursor_key
        self._remove(place)
        self._settle(was, None if place == self._cursor else self._cursor - (place < self._cursor))

    def move_to(self, key: Hashable, *, by_hand: bool = True) -> bool:
        """Put the cursor on the row with this key. Return whether there is one."""
        place = self._stack.place(key)
        if place is None:
            return False
        self._move_cursor(place, by_hand=by_hand)
        return True

    def neighbour(self, key: Hashable, step: int) -> Hashable | None:
        """Return the key of the row ``step`` places below (or above) a row; None if there is none."""
        place = self._stack.place(key)
        if place is None or not 0 <= place + step < len(self._stack):
            return None
        return self.rows[place + step].key

    def _settle(self, was: Hashable | None, place: int | None) -> None:
        """Update the cursor after rows changed. ``place`` is where its row is now; None if the row is gone."""
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
        elif self._follow:
            self._count(self._count_newer())

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
            if place == self._newest:
                self._following = True
                self._count(0)
            elif self._following:
                self._stop_following()
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

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Textual's hook. By scrolling, the user stops following the newest row, or follows it again."""
        super().watch_scroll_y(old_value, new_value)
        if self._scrolling or self._follow is None or self._held or self._cursor != self._newest:
            return
        at_newest = new_value <= 0 if self._follow == "first" else new_value >= self.max_scroll_y
        if at_newest and not self._following:
            self._following = True
            self._count(0, told=True)
        elif self._following and not at_newest:
            self._stop_following()
            self._count(self._unseen, told=True)

    def _base(self, place: int) -> Style:
        if place != self._cursor:
            return self.rich_style
        return self.get_component_rich_style("row-list--cursor" if self.has_focus else "row-list--cursor-blurred")

    def on_resize(self, event: events.Resize) -> None:
        """Keep the cursor in view after a resize."""
        # Textual also calls this for every added row.
        if event.size != self._drawn_for:
            self._drawn_for = event.size
            self._strips.clear()
            self._scroll_to_cursor()

    def on_focus(self) -> None:
        """Draw the cursor in the style of a focused list."""
        self._redraw_cursor()

    def on_blur(self) -> None:
        """Draw the cursor in the style of an unfocused list."""
        self._redraw_cursor()

    def _redraw_cursor(self) -> None:
        if self.rows:
            self._forget(self.rows[self._cursor].key)
            self._refresh_row(self._cursor)

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the clicked row. A double click opens it."""
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
        """Move the cursor by pages."""
        if self.rows:
            y = self._stack.top(self._cursor) + pages * max(1, self.size.height - 1)
            self._move_cursor(self._stack.place_at(y), by_hand=True)

    def action_first(self) -> None:
        """Go to the first row. If new rows are added there, follow them."""
        self._held = False
        self._move_cursor(0, by_hand=True)

    def action_last(self) -> None:
        """Go to the last row. If new rows are added there, follow them."""
        self._held = False
        self._move_cursor(len(self._stack) - 1, by_hand=True)

    def action_open(self) -> None:
        """Open the selected row."""
        key = self.cursor_key
        if key is not None:
            self.post_message(self.Opened(self, key))
