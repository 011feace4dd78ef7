"""A scrolling view of any number of lines: it draws what is in view, folds, and searches in the background."""

from bisect import bisect_left
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, MouseScrollLeft, MouseScrollRight
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.worker import Worker

from candela_tui.ui.ink import INK_CLASSES, INK_CSS, Inks, Line, inks_of, strip_of
from candela_tui.ui.lines.drawn import marked, selected
from candela_tui.ui.lines.folded import FoldedLines
from candela_tui.ui.lines.folds import Fold
from candela_tui.ui.lines.lines import GUTTER, UNWRAPPED, Lines
from candela_tui.ui.lines.search import Finder, Query
from candela_tui.ui.lines.slices import in_slices
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.plain import plain
from candela_tui.ui.preferences import Preferences

_SIDEWAYS = 16


class Position(NamedTuple):
    """Where a view is."""

    line: int
    """The first line in view, from 1; 0: there are none."""
    lines: int
    share: float
    """How much of the text is above the view's end."""


class TextView(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows lines that are made for its width.

    ``preferences``: where wrapping and line numbers are remembered; without them the keys for both do nothing.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = INK_CLASSES | {"text--current"}
    DEFAULT_CSS = f"""
    TextView {{
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        {INK_CSS}
    }}
    TextView .text--current {{ background: $cursor-row-blurred; }}
    TextView:focus .text--current {{ background: $cursor-row; }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "lines(1)", "Down", show=False, id="text.down"),
        Binding("up,k", "lines(-1)", "Up", show=False, id="text.up"),
        Binding(
            "space,enter",
            "fold",
            "Fold",
            key_display="space",
            id="text.fold",
            tooltip="Show one line of the highlighted block, or all of it",
        ),
        Binding(
            "Z", "fold_all", "Fold all", show=False, id="text.fold_all", tooltip="Fold all blocks, or unfold them again"
        ),
        Binding("plus", "detail(1)", "Detail", key_display="+ −", id="text.more", tooltip="Show more of each block"),
        Binding("minus", "detail(-1)", "Less detail", show=False, id="text.less", tooltip="Show less of each block"),
        Binding(
            "L",
            "detail_kind",
            "Detail of a kind",
            show=False,
            id="text.detail_kind",
            tooltip="Choose the kind of blocks that + and − are for, or all of them",
        ),
        Binding(
            "right_parenthesis,ctrl+down", "block(1)", "Next block", show=False, id="text.next_block", key_display=")"
        ),
        Binding(
            "left_parenthesis,ctrl+up",
            "block(-1)",
            "Previous block",
            show=False,
            id="text.previous_block",
            key_display="(",
        ),
        Binding("o", "order", "Order", id="text.order", tooltip="List the blocks in another order"),
        Binding("O", "reverse", "Reverse", show=False, id="text.reverse", tooltip="Reverse the order of the blocks"),
        Binding("pagedown,ctrl+f,space", "pages(1)", "Page down", show=False, id="text.page_down"),
        Binding("pageup,ctrl+b", "pages(-1)", "Page up", show=False, id="text.page_up"),
        Binding("ctrl+d", "pages(0.5)", "Half a page down", show=False, id="text.half_page_down"),
        Binding("ctrl+u", "pages(-0.5)", "Half a page up", show=False, id="text.half_page_up"),
        Binding("home,g", "top", "Top", show=False, id="text.top"),
        Binding("end,G", "bottom", "Bottom, and follow", show=False, id="text.bottom"),
        Binding(
            "W", "wrap", "Wrap", show=False, id="text.wrap", tooltip="Break long lines at the width, or scroll sideways"
        ),
        Binding(
            "number_sign",
            "line_numbers",
            "Line numbers",
            key_display="#",
            show=False,
            id="text.line_numbers",
            tooltip="Number the lines of the raw bodies",
        ),
        Binding("right,greater_than_sign", "sideways(1)", "Right", show=False, id="text.right"),
        Binding("left,less_than_sign", "sideways(-1)", "Left", show=False, id="text.left"),
    ]

    class Searched(Message):
        """The search went on, or moved to another hit."""

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
        self._inks: Inks | None = None
        self._current_style = Style()
        self._chosen: int | None = None
        self._left = 0
        self._query: Query | None = None
        self._finder: Finder = self._lines.finder(None)
        self._hit = -1
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
        self._chosen = None
        self._left = 0
        self._forget_hits()
        self.grew(at=at)
        self.refresh_bindings()

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
        folded = self._folded
        if y == 0 and folded is not None and folded.levels.chosen is not None:
            levels: Line = ((" " * 3, "text"), *folded.levels.line(width - 4))
            return strip_of(levels, width, self._inks_now(), self.rich_style)
        if number >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        current = folded is not None and number == self._current_line(folded)
        strip = self._strips.get((number, current))
        if strip is None or strip.cell_length != width:
            if len(self._strips) > 1000:
                self._strips.clear()
            strip = self._strips[number, current] = self._draw(number, width, current)
        return strip

    def _draw(self, number: int, width: int, current: bool) -> Strip:
        line = self._lines.line(number)
        if self._query is not None:
            line = marked(line, self._lines.marks(number, self._finder.hits), self._hit)
        inks = self._inks_now()
        base = self.rich_style + self._current_style if current else self.rich_style
        if self._numbers:
            width -= GUTTER
        if self._wraps:
            strip = strip_of(line, width, inks, base)
        else:
            strip = strip_of(line, UNWRAPPED + self.text_width, inks, base).crop(self._left, self._left + width)
        if (selection := self.text_selection) is not None and (span := selection.get_span(number)) is not None:
            start, stop = (max(0, end - self._left) if end >= 0 else end for end in span)
            strip = selected(strip, start, stop, self.screen.get_component_rich_style("screen--selection"))
        strip = strip.apply_offsets(self._left, number)
        if self._numbers:
            ordinal = self._lines.ordinal(number)
            words = f"{ordinal:>{GUTTER - 2}} " if ordinal is not None else ""
            strip = Strip.join([strip_of(((words, "faint"),), GUTTER, inks, base), strip])
        return strip

    def _inks_now(self) -> Inks:
        if self._inks is None:
            self._inks = inks_of(self)
            self._current_style = Style(bgcolor=self.get_component_rich_style("text--current").bgcolor)
        return self._inks

    def _redraw(self) -> None:
        self._strips.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        """Textual's hook for another theme, and for the focus."""
        super().notify_style_update()
        self._inks = None
        self._strips.clear()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Textual's hook: the text that the mouse selected, its lines as they were before they were broken."""
        first = selection.start.y if selection.start is not None else 0
        last = min(selection.end.y if selection.end is not None else len(self._lines), len(self._lines) - 1)
        parts: list[str] = []
        for number in range(first, last + 1):
            text = "".join(plain(part) for part, _ in self._lines.line(number))
            start, stop = selection.get_span(number) or (0, 0)
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

    @property
    def _folded(self) -> FoldedLines | None:
        lines = self._lines
        return lines if isinstance(lines, FoldedLines) and lines.folds else None

    @property
    def current(self) -> int | None:
        """The number of the current block, where there are blocks: the one chosen while it is in view, else the first
        that begins in view, else the one that fills it.
        """
        lines = self._folded
        if lines is None:
            return None
        top = self.scroll_offset.y
        bottom = top + max(1, self.size.height)
        if (
            self._chosen is not None
            and self._chosen < len(lines.folds)
            and top <= lines.start_of(self._chosen) < bottom
        ):
            return self._chosen
        first = lines.fold_at(top)
        place: int | None = first if lines.start_of(first) >= top and lines.folds[first].stops else None
        if place is None:
            place = lines.next_stop(first, 1)
        if place is not None and lines.start_of(place) < bottom:
            return place
        return first if lines.folds[first].stops else lines.next_stop(first, -1)

    @property
    def current_fold(self) -> Fold | None:
        """The current block."""
        lines, number = self._folded, self.current
        return lines.folds[number] if lines is not None and number is not None else None

    def _current_line(self, lines: FoldedLines) -> int | None:
        number = self.current
        return None if number is None else lines.start_of(number)

    def _choose(self, number: int) -> None:
        self._chosen = number
        self._redraw()
        self.post_message(self.Moved())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Textual's hook: what can be done with these lines."""
        if action in ("fold", "fold_all", "detail", "detail_kind", "block"):
            return isinstance(self._lines, FoldedLines)
        if action in ("order", "reverse"):
            return isinstance(self._lines, FoldedLines) and self._lines.orders is not None
        if action in ("wrap", "line_numbers"):
            return self._preferences is not None
        return not self._wraps if action == "sideways" else True

    def action_fold(self) -> None:
        """Fold or unfold the current block."""
        number = self.current
        if number is not None:
            self.toggle(number)

    def toggle(self, number: int) -> None:
        """Fold or unfold a block."""
        lines = self._folded
        if lines is not None and lines.folds[number].foldable:
            self._chosen = number
            lines.toggle(number)
            self._settle()

    def action_fold_all(self) -> None:
        """Fold or unfold all blocks."""
        if (lines := self._folded) is not None:
            lines.toggle_all()
            self._settle()

    def action_detail(self, step: int) -> None:
        """Show more or less of all blocks, or of those of the kind that was chosen."""
        if (lines := self._folded) is not None:
            lines.shift_levels(step)
            self._settle()

    def action_detail_kind(self) -> None:
        """Choose the kind that the level of detail is changed of."""
        if (lines := self._folded) is not None:
            lines.choose_kind(self.current)
            self._redraw()

    def action_block(self, step: int) -> None:
        """Make the next block below or above the current one."""
        lines, number = self._folded, self.current
        if lines is None or number is None or (following := lines.next_stop(number, step)) is None:
            return
        self._choose(following)
        line, top, height = lines.start_of(following), self.scroll_offset.y, self.size.height
        if not top <= line < top + height:
            self._following = False
            self.scroll_to(y=max(0, line - (height // 3 if step < 0 else 2)), animate=False, force=True)

    def action_order(self) -> None:
        """Order the blocks by something else."""
        self._reorder(lambda orders: orders.turn())

    def action_reverse(self) -> None:
        """Order the blocks the other way round."""
        self._reorder(lambda orders: orders.reverse())

    def _reorder(self, change: Callable[..., None]) -> None:
        lines = self._folded
        if lines is not None and lines.orders is not None:
            change(lines.orders)
            self._chosen = None
            self.show_lines(lines)

    def _settle(self, then: Callable[[], None] | None = None) -> None:
        """Bring all blocks to the level that they are to be shown at; lines in view stay where they are."""
        if (lines := self._folded) is not None:
            self._following = False
            self._redraw()
            self.run_worker(self._settling(lines, then), group="fold", exclusive=True)

    async def _settling(self, lines: FoldedLines, then: Callable[[], None] | None) -> None:
        await in_slices(lines.settle(lines.fold_at(self.scroll_offset.y)), lambda: self._settled(lines))
        if then is not None:
            then()

    def _settled(self, lines: FoldedLines) -> None:
        if lines is not self._lines:
            return
        top = self.scroll_offset.y
        number = self.current
        keep = number is not None and top <= lines.start_of(number)
        place = number if keep and number is not None else lines.fold_at(top)
        below = top - lines.start_of(place)
        lines.commit()
        # The first line in view may be one that is now folded away.
        below = min(below, lines.folds[place].height - 1) if below > 0 else below
        self.grew(at=max(0, lines.start_of(place) + below))

    def on_click(self, event: Click) -> None:
        """A click on a block makes it the current one; on its first line, or on what stands for the rest, folds it."""
        lines = self._folded
        number = self.scroll_offset.y + event.y
        if lines is None or self.text_selection is not None or number >= len(self._lines):
            return
        place = lines.fold_at(number)
        fold = lines.folds[place]
        if fold.clicked is not None:
            if fold.clicked(event.x - fold.indent):
                self._settle()
            return
        if not fold.stops:
            return
        row = number - lines.start_of(place)
        rest = fold.level is not None and not fold.whole and row == bool(fold.head) + fold.shown
        self._choose(place)
        if row == 0 or rest:
            self.toggle(place)

    def search(self, words: str) -> None:
        """Find words, whatever their case; none: end the search."""
        self._query = Query(words) if words else None
        self._forget_hits()
        self._redraw()
        self._search_on()
        self.post_message(self.Searched())

    @property
    def search_state(self) -> tuple[int, int, bool] | None:
        """Which hit is shown (from 1; 0: none), how many there are, whether all lines were searched; None: no
        search."""
        if self._query is None:
            return None
        return self._hit + 1, len(self._finder.hits), self._finder.complete

    def _forget_hits(self) -> None:
        self._finder, self._hit = self._lines.finder(self._query), -1
        if self._search is not None:
            self._search.cancel()
            self._search = None

    def _search_on(self) -> None:
        if self._finder.complete or not self.is_mounted:
            return
        if self._search is None or self._search.is_finished:
            self._search = self.run_worker(self._find_hits(), group="search")

    async def _find_hits(self) -> None:
        await in_slices(self._finder.steps(), self._search_grew)
        if self._hit < 0 and self._finder.hits:
            self._to_hit(0)
            self.post_message(self.Searched())

    def _search_grew(self) -> None:
        if self._hit < 0:
            self._to_hit(bisect_left(self._finder.hits, self._lines.place_of(self.scroll_offset.y)))
        if self._folded is not None:
            self._redraw()
        self.post_message(self.Searched())

    def _to_hit(self, hit: int) -> None:
        if not 0 <= hit < len(self._finder.hits):
            return
        self._hit = hit
        self._following = False
        found = self._finder.hits[hit]
        number = self._lines.line_of(found)
        lines = self._folded
        if number is None:
            if lines is not None:
                lines.reveal(found)
                self._settle(lambda: self._to_hit(hit))
            return
        if lines is not None:
            self._chosen = lines.fold_at(number)
        top, height = self.scroll_offset.y, self.size.height
        if not top <= number < top + height:
            self.scroll_to(y=max(0, number - height // 3), animate=False, force=True)
        self._redraw()

    def next_hit(self, step: int) -> None:
        """Go to the next (or previous) hit, around the end."""
        if hits := len(self._finder.hits):
            self._to_hit((self._hit + step) % hits)
            self.post_message(self.Searched())

    def all_text(self, most: int) -> tuple[str, bool]:
        """All the text (what is folded, too) up to a number of characters, and whether that is all."""
        if isinstance(self._lines, FoldedLines):
            return self._lines.whole_text(most)
        parts: list[str] = []
        length = 0
        for number in range(len(self._lines)):
            text = plain(self._lines.text(number))
            joint = self._lines.joint(number)
            if joint is not None:
                text = joint.lost + text[joint.margin :]
            elif number:
                text = "\n" + text
            length += len(text)
            if length > most:
                return "".join(parts), False
            parts.append(text)
        return "".join(parts), True

    @property
    def current_text(self) -> tuple[str, str] | None:
        """The name and the whole text of the current block; None: there are no blocks."""
        lines, number = self._folded, self.current
        if lines is None or number is None:
            return None
        return lines.folds[number].name, lines.text_of(number)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Textual's hook for scrolling: going up ends following."""
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and new_value < self.max_scroll_y:
            self._following = False
        if round(old_value) != round(new_value):
            self.post_message(self.Moved())

    def action_lines(self, step: int) -> None:
        """Scroll by lines; at the end, go on to the blocks in view."""
        at_end = self.scroll_offset.y >= self.max_scroll_y if step > 0 else self.scroll_offset.y <= 0
        if at_end:
            self.action_block(step)
        else:
            self.scroll_relative(y=step, animate=False, force=True)

    def action_pages(self, pages: float) -> None:
        """Scroll by pages."""
        self.scroll_relative(y=round(pages * max(1, self.size.height - 1)), animate=False, force=True)

    def action_top(self) -> None:
        """Go to the first line."""
        self._following = False
        self._chosen = None
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

    def on_mouse_scroll_right(self, event: MouseScrollRight) -> None:
        """The wheel turned sideways."""
        if not self._wraps:
            self.action_sideways(1)

    def on_mouse_scroll_left(self, event: MouseScrollLeft) -> None:
        """The wheel turned sideways."""
        if not self._wraps:
            self.action_sideways(-1)
