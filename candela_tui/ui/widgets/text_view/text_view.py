"""A view of lines with blocks that fold, and with a search in the background."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.events import Click
from textual.message import Message
from textual.worker import Worker

from candela_tui.ui.deferred import deferred
from candela_tui.ui.state.preferences import Preferences
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.time_slices import in_slices
from candela_tui.ui.widgets.text_view.folding.folded_lines import FoldedLines, FoldSorting
from candela_tui.ui.widgets.text_view.folding.folds import Fold
from candela_tui.ui.widgets.text_view.highlights import marked
from candela_tui.ui.widgets.text_view.keys import TEXT_KEYS
from candela_tui.ui.widgets.text_view.line_view import LineView
from candela_tui.ui.widgets.text_view.lines import Lines
from candela_tui.ui.widgets.text_view.search import MOST_HITS, Finder, Query


class TextView(LineView, inherit_bindings=False):
    """Shows lines that were made for its width. If they form blocks, one of the blocks in view is the current one."""

    BINDINGS: ClassVar[list[BindingType]] = TEXT_KEYS

    class Searched(Message):
        """Posted when the search made progress, or moved to another hit."""

    @dataclass
    class LedTo(Message):
        """Posted when a block was opened that leads to a section of another page."""

        section: str

    def __init__(
        self, lines: Lines | None = None, *, id: str | None = None, preferences: Preferences | None = None
    ) -> None:
        super().__init__(lines, id=id, preferences=preferences)
        self._chosen: int | None = None
        self._query: Query | None = None
        self._finder: Finder = self._lines.finder(None)
        self._hit = -1
        self._search: Worker[None] | None = None
        self._goal = ""
        """The section to go to once it is there; empty if there is none."""

    def show_lines(self, lines: Lines, *, at: float = 0, follow: bool = False, more: bool = False) -> None:
        """Show other lines, from line ``at`` on. With ``follow``, stay at the end as they grow. ``more``: there are
        more lines than these, as ``go_on`` takes it."""
        self._lines = lines
        self._chosen = None
        self._forget_hits()
        super().show_lines(lines, at=at, follow=follow, more=more)
        self._reach_goal()
        self.refresh_bindings()

    def release_lines(self) -> None:
        """Drop the lines when the screen closes."""
        super().release_lines()
        self._forget_hits()

    def grew(self, *, at: float | None = None) -> None:
        """Update the view after lines were added or the last ones changed, and search them."""
        super().grew(at=at)
        self._reach_goal()
        self._search_on()

    def go_to(self, section: str) -> None:
        """Go to the first block of a section of the lines that are shown next, as soon as it is there."""
        self._goal = section
        self.needs_lines.set()

    def _reach_goal(self) -> None:
        lines = self._folded
        if not self._goal or lines is None:
            return
        place = next((place for place, fold in enumerate(lines.folds) if fold.section == self._goal), None)
        if place is not None:
            self._goal = ""
            self._chosen = place if lines.folds[place].stops else lines.next_stop(place, 1)
            self._following = False
            self.scroll_to(y=lines.start_of(place), animate=False, force=True)

    @property
    def needs_all(self) -> bool:
        """Whether all lines are needed: the end is followed, or what is sought was not found yet."""
        return super().needs_all or bool(self._goal) or (self._query is not None and len(self._finder.hits) < MOST_HITS)

    def go_on(self, more: bool) -> None:
        """Take whether there are more lines than those given so far, which a search is to find, too."""
        super().go_on(more)
        if self._query is not None:
            self._search_on()
            self._to_any_hit()
            self.post_message(self.Searched())

    def line_in_view(self, number: int) -> Line:
        """Return the pieces to draw on a line, with its hits highlighted."""
        line = super().line_in_view(number)
        return line if self._query is None else marked(line, self._lines.marks(number, self._finder.hits), self._hit)

    @property
    def current_line(self) -> int | None:
        """The first line of the current block, if there is one."""
        lines, number = self._folded, self.current
        return None if lines is None or number is None else lines.start_of(number)

    @property
    def pinned(self) -> Line | None:
        """The levels of detail, shown while the user changes those of a single kind of block."""
        lines = self._folded
        if lines is None or lines.levels.chosen is None:
            return None
        return ((" " * 3, "text"), *lines.levels.line(self.text_width - 4))

    @property
    def _folded(self) -> FoldedLines | None:
        lines = self._lines
        return lines if isinstance(lines, FoldedLines) and lines.folds else None

    @property
    def current(self) -> int | None:
        """The number of the current block; None if there are no blocks.

        It is the block that the user chose, while that is in view; else the first that begins in view; else the one
        that fills the view.
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
        """The current block, if there is one."""
        lines, number = self._folded, self.current
        return lines.folds[number] if lines is not None and number is not None else None

    @property
    def current_text(self) -> tuple[str, str] | None:
        """The name and the whole text of the current block; None if there are no blocks."""
        lines, number = self._folded, self.current
        if lines is None or number is None:
            return None
        return lines.folds[number].name, lines.text_of(number)

    def _choose(self, number: int) -> None:
        self._chosen = number
        self._redraw()
        self.post_message(self.Moved())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Textual's hook: return whether an action is possible with these lines."""
        if action in ("fold", "fold_all", "detail", "detail_kind", "block"):
            return isinstance(self._lines, FoldedLines)
        if action in ("order", "reverse"):
            return isinstance(self._lines, FoldedLines) and self._lines.sorting is not None
        if action in ("wrap", "line_numbers"):
            return self._preferences is not None
        return not self._wraps if action == "sideways" else True

    def action_fold(self) -> None:
        """Fold or unfold the current block, or open what it leads to."""
        number = self.current
        if number is not None and not self._lead(number):
            self.toggle(number)

    def _lead(self, number: int) -> bool:
        """Return whether a block leads elsewhere, and say so."""
        lines = self._folded
        leads_to = lines.folds[number].leads_to if lines is not None else ""
        if leads_to:
            self.post_message(self.LedTo(leads_to))
        return bool(leads_to)

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
        """Show more or less of all blocks, or of the blocks of the chosen kind."""
        if (lines := self._folded) is not None:
            lines.shift_levels(step)
            self._settle()

    def action_detail_kind(self) -> None:
        """Choose the kind of block whose level of detail is changed."""
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
        """Sort the blocks by the next criterion."""
        self._reorder(lambda sorting: sorting.turn())

    def action_reverse(self) -> None:
        """Reverse the order of the blocks."""
        self._reorder(lambda sorting: sorting.reverse())

    def _reorder(self, change: Callable[[FoldSorting], None]) -> None:
        lines = self._folded
        if lines is not None and lines.sorting is not None:
            change(lines.sorting)
            self._chosen = None
            self.show_lines(lines)

    def _settle(self, then: Callable[[], None] | None = None) -> None:
        """Show all blocks at the levels chosen for them, in the background. Lines in view stay in place."""
        if (lines := self._folded) is not None:
            self._following = False
            self._redraw()
            settling = deferred(self._settling, lines, then)
            self.run_worker(settling, group="fold", exclusive=True)

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
        self._chosen = place
        below = top - lines.start_of(place)
        lines.commit()
        # The first line in view may be folded away now.
        below = min(below, lines.folds[place].height - 1) if below > 0 else below
        self.grew(at=max(0, lines.start_of(place) + below))

    def on_click(self, event: Click) -> None:
        """Make the clicked block the current one. A click on its first line, or on the line that stands for the rest,
        folds or unfolds it."""
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
        if not self._lead(place) and (row == 0 or rest):
            self.toggle(place)

    def search(self, words: str, section: str = "") -> None:
        """Search for words, ignoring case, and go to the first hit in view or below, or to the first one in a section.
        Empty words end the search."""
        self._query = Query(words, section) if words else None
        self._forget_hits()
        self._redraw()
        self.needs_lines.set()
        self._search_on()
        self.post_message(self.Searched())

    @property
    def search_state(self) -> tuple[int, int, bool] | None:
        """The current hit (from 1; 0 if there is none), the number of hits, and whether all lines were searched; None
        without a search."""
        if self._query is None:
            return None
        hits = len(self._finder.hits)
        return self._hit + 1, hits, self._finder.complete and (hits >= MOST_HITS or not self._goes_on)

    def _forget_hits(self) -> None:
        self._finder, self._hit = self._lines.finder(self._query), -1
        if self._search is not None:
            self._search.cancel()
            self._search = None

    def _search_on(self) -> None:
        if self._finder.complete or not self.is_mounted:
            return
        if self._search is None or self._search.is_finished:
            self._search = self.run_worker(self._find_hits, group="search")

    async def _find_hits(self) -> None:
        await in_slices(self._finder.steps(), self._search_grew)
        self._to_any_hit()

    def _to_any_hit(self) -> None:
        """Go to the first hit if none is where it was wanted. While lines are added, one may still be."""
        if self._hit < 0 and self._finder.hits and self._finder.complete and not (self._goes_on and self._section):
            self._to_hit(0)
            self.post_message(self.Searched())

    @property
    def _section(self) -> str:
        return self._query.section if self._query is not None else ""

    def _first_hit(self) -> int:
        """Return the index of the hit to go to first; the number of hits if it was not found yet."""
        hits = self._finder.hits
        if not self._section:
            return bisect_left(hits, self._lines.place_of(self.scroll_offset.y))
        return next(
            (place for place, hit in enumerate(hits) if self._lines.section_of(hit) == self._section), len(hits)
        )

    def _search_grew(self) -> None:
        if self._hit < 0:
            self._to_hit(self._first_hit())
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
        for mark in self._lines.marks(number, self._finder.hits):
            if mark.hit == hit:
                self.bring_into_view(mark.start, mark.stop)
        self._redraw()

    def next_hit(self, step: int) -> None:
        """Go to the next or previous hit, wrapping around at the end."""
        if hits := len(self._finder.hits):
            self._to_hit((self._hit + step) % hits)
            self.post_message(self.Searched())

    def action_lines(self, step: int) -> None:
        """Scroll by lines. At the end, move through the blocks in view."""
        at_end = self.scroll_offset.y >= self.max_scroll_y if step > 0 else self.scroll_offset.y <= 0
        if at_end:
            self.action_block(step)
        else:
            super().action_lines(step)

    def action_top(self) -> None:
        """Go to the first line and the first block."""
        self._chosen = None
        super().action_top()
