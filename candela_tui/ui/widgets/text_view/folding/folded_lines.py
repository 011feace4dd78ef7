"""The lines of blocks that fold. Only lines in view are laid out; of the others, only the height is known."""

from __future__ import annotations

import weakref
from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from itertools import accumulate
from typing import Protocol

from candela_tui.ui.style.styled_text import Line, Piece
from candela_tui.ui.widgets.text_view.folding.content import UnitLayout
from candela_tui.ui.widgets.text_view.folding.detail_levels import DetailLevels
from candela_tui.ui.widgets.text_view.folding.fold_search import HEAD, FoldFinder
from candela_tui.ui.widgets.text_view.folding.folds import DetailLevel, Fold, FoldMeasurement
from candela_tui.ui.widgets.text_view.lines import UNWRAPPED, Lines, Mark, SoftWrap
from candela_tui.ui.widgets.text_view.search import Hit, Query

_MOST_LAYOUTS = 64
_FREED_A_STEP = 50
"""Blocks that are freed at once."""


class FoldSorting(Protocol):
    """How a page sorts its blocks."""

    def turn(self) -> None:
        """Sort by the next criterion."""
        ...

    def reverse(self) -> None:
        """Reverse the order of the blocks."""
        ...


class FoldedLines(Lines):
    """Blocks, one below the other, each at its level of detail.

    ``kept`` holds the levels that the user chose for single blocks, by the block's key or number. Choices made here are
    added to it.
    """

    def __init__(
        self,
        width: int,
        levels: DetailLevels,
        *,
        wrap: bool = True,
        kept: MutableMapping[str | int, DetailLevel] | None = None,
    ) -> None:
        self.width = width
        self.levels = levels
        self.folds: list[Fold] = []
        self._room = (width if wrap else UNWRAPPED) - 1
        self._kept = kept if kept is not None else {}
        self._starts = array("Q", [0])
        self._measured: list[FoldMeasurement] = []
        self._layouts: OrderedDict[tuple[int, int], UnitLayout] = OrderedDict()
        self._finder: weakref.ref[FoldFinder] | None = None
        """Weak, because the view holds the finder, and the finder these lines: large ones must be freed with their
        view, not wait for the collector."""
        self.sorting: FoldSorting | None = None

    def __len__(self) -> int:
        return self._starts[-1]

    def add(self, folds: Iterable[Fold | None]) -> Iterator[None]:
        """Add blocks below the others. None is a step on the way to the next block."""
        for fold in folds:
            if fold is None:
                yield
                continue
            fold.chosen = self._kept.get(_key(len(self.folds), fold))
            measure = FoldMeasurement(fold, self._wanted(fold))
            yield from measure.steps(self.room(fold))
            self.folds.append(fold)
            self._starts.append(self._starts[-1] + measure.apply())

    def clear(self) -> Iterator[None]:
        """Remove all blocks and their lines, in steps: to free a large conversation takes more than 10 ms."""
        self._measured.clear()
        self._layouts.clear()
        self._starts = array("Q", [0])
        while self.folds:
            del self.folds[-_FREED_A_STEP:]
            yield

    def section_of(self, hit: Hit) -> str:
        """Return the name of the section that a hit's block belongs to; empty if there is none."""
        return self.folds[hit[0]].section

    def room(self, fold: Fold) -> int:
        """Return how many cells a fold's content may take."""
        return self._room - fold.indent

    def _wanted(self, fold: Fold) -> DetailLevel:
        if not fold.kind:
            return DetailLevel.ALL
        return self.levels.of(fold.kind) if fold.chosen is None else fold.chosen

    def settle(self, first: int = 0) -> Iterator[None]:
        """Measure all blocks whose level changes, beginning with block ``first``. ``commit`` then shows them."""
        for number in (*range(first, len(self.folds)), *range(first)):
            fold = self.folds[number]
            level = self._wanted(fold)
            if fold.level is level:
                continue
            measure = FoldMeasurement(fold, level)
            yield from measure.steps(self.room(fold))
            self._measured.append(measure)
            yield

    def commit(self) -> None:
        """Show the measured blocks at their new levels. This moves lines."""
        if not self._measured:
            return
        for measure in self._measured:
            measure.apply()
        self._measured.clear()
        self._starts = array("Q", accumulate((fold.height for fold in self.folds), initial=0))

    def choose(self, number: int, level: DetailLevel) -> None:
        """Choose the level of one block. The next ``settle`` applies it."""
        fold = self.folds[number]
        fold.chosen = self._kept[_key(number, fold)] = level

    def toggle(self, number: int) -> None:
        """Choose between all of a block and one line of it."""
        fold = self.folds[number]
        self.choose(number, DetailLevel.ONE if fold.level is not DetailLevel.ONE and fold.whole else DetailLevel.ALL)

    def toggle_all(self) -> None:
        """Choose one line for every block; if all have one line already, choose their kinds' levels, or everything."""
        folds = [(number, fold) for number, fold in enumerate(self.folds) if fold.kind]
        if any(fold.level is not DetailLevel.ONE for _, fold in folds):
            for number, _ in folds:
                self.choose(number, DetailLevel.ONE)
            return
        self.forget_chosen({fold.kind for _, fold in folds})
        if all(self._wanted(fold) is DetailLevel.ONE for _, fold in folds):
            for number, _ in folds:
                self.choose(number, DetailLevel.ALL)

    def shift_levels(self, step: int) -> None:
        """Raise or lower the level of the chosen kinds. The next ``settle`` applies it."""
        self._relevel(self.levels.shift(step))

    def turn_level(self, kind: str) -> None:
        """Raise the level of a kind, from the highest back to the lowest. The next ``settle`` applies it."""
        self._relevel(self.levels.turn(kind))

    def choose_kind(self, current: int | None) -> None:
        """Choose the kind that ``shift_levels`` changes, beginning with the current block's."""
        self.levels.choose(self.folds[current].kind if current is not None else None)
        self._layouts.clear()

    def _relevel(self, kinds: Iterable[str]) -> None:
        self.forget_chosen(kinds)
        self._layouts.clear()

    def forget_chosen(self, kinds: Iterable[str]) -> None:
        """Forget the levels chosen for single blocks of these kinds, so that the kinds' levels apply again."""
        about = set(kinds)
        for number, fold in enumerate(self.folds):
            if fold.kind in about:
                fold.chosen = None
                self._kept.pop(_key(number, fold), None)

    @property
    def foldable(self) -> bool:
        """Whether any block can be folded or unfolded."""
        return any(fold.foldable for fold in self.folds)

    def fold_at(self, line: int) -> int:
        """Return the number of the block that a line belongs to."""
        return max(0, min(bisect_right(self._starts, line) - 1, len(self.folds) - 1))

    def start_of(self, number: int) -> int:
        """Return the first line of a block."""
        return self._starts[number]

    def next_stop(self, number: int, step: int) -> int | None:
        """Return the next block below or above that can be the current one, or None."""
        number += step
        while 0 <= number < len(self.folds):
            if self.folds[number].stops:
                return number
            number += step
        return None

    def line(self, number: int) -> Line:
        """Return the pieces to draw on a line."""
        place = self.fold_at(number)
        fold = self.folds[place]
        row = number - self._starts[place]
        line = self._row(place, fold, row)
        if row or not fold.stops:
            return ((" " * fold.indent, "text"), *line) if line else ()
        sign = ("▸" if fold.level is DetailLevel.ONE or not fold.whole else "▾") if fold.foldable else " "
        sign = "→" if fold.leads_to else sign
        return ((f"{' ' * (fold.indent - 2)}{sign} ", "accent"), *line)

    def _row(self, place: int, fold: Fold, row: int) -> Line:
        if fold.level is DetailLevel.ONE:
            if row:
                return fold.foot
            return self._brief(place, fold)
        row -= bool(fold.head)
        if row < 0:
            return fold.head
        if row < fold.shown:
            unit, at = fold.unit_at(row)
            return self._layout(place, unit).lines[at]
        row -= fold.shown
        if not fold.whole and row == 0:
            return self._rest(place, fold)
        row -= not fold.whole
        return fold.foot if row == 0 else ()

    def _brief(self, place: int, fold: Fold) -> Line:
        if fold.whole:
            return self._layout(place, 0).lines[0] if fold.units else ()
        notes: list[Piece] = []
        if amount := fold.content.amount():
            notes.append((f"  {amount}", "dim"))
        if inside := self._hits_in(place, 0, None):
            notes.append((f"  {_hits(inside)} inside", "hit"))
        room = self.width - 1 - fold.indent - sum(len(text) for text, _ in notes)
        line = fold.brief(room) if fold.brief is not None else fold.head
        return (*line, *notes)

    def _rest(self, place: int, fold: Fold) -> Line:
        unit, at = fold.unit_at(fold.shown - 1)
        lines = 0
        for number in range(unit):
            text = fold.units[number].text()
            lines += text.count("\n") + (not fold.units[number].goes_on)
        layout = self._layout(place, unit)
        end = layout.bounds[at][1]
        lines += layout.text.count("\n", 0, end) + 1
        words = f"… {fold.content.more(lines)}"
        inside = self._hits_in(place, unit, end)
        return ((words, "dim"), *(((f"  {_hits(inside)} inside", "hit"),) if inside else ()))

    def _hits_in(self, place: int, unit: int, character: int | None) -> int:
        """Return how many hits a block's content has, from a character of a unit on."""
        finder = self._finder() if self._finder is not None else None
        if finder is None:
            return 0
        hits = finder.hits
        return bisect_left(hits, (place + 1, HEAD, 0, 0)) - bisect_left(hits, (place, unit, character or 0, 0))

    def _layout(self, place: int, unit: int) -> UnitLayout:
        layout = self._layouts.get((place, unit))
        if layout is None:
            fold = self.folds[place]
            layout = self._layouts[place, unit] = fold.units[unit].layout(self.room(fold))
            if len(self._layouts) > _MOST_LAYOUTS:
                self._layouts.popitem(last=False)
        else:
            self._layouts.move_to_end((place, unit))
        return layout

    def text(self, number: int) -> str:
        """Return a line's text, with its margin."""
        return "".join(text for text, _ in self.line(number))

    def soft_wrap(self, number: int) -> SoftWrap | None:
        """Return how a line continues the text of the line above; None if it does not."""
        place = self.fold_at(number)
        fold = self.folds[place]
        row = number - self._starts[place] - bool(fold.head)
        if fold.level is DetailLevel.ONE or not 0 < row < fold.shown:
            return None
        unit, at = fold.unit_at(row)
        layout = self._layout(place, unit)
        if at == 0:
            return SoftWrap("", fold.indent + layout.margin(0)) if unit and fold.units[unit - 1].goes_on else None
        lost = layout.text[layout.bounds[at - 1][1] : layout.bounds[at][0]]
        return None if "\n" in lost else SoftWrap(lost, fold.indent + layout.margin(at))

    def text_of(self, place: int) -> str:
        """Return a block's whole text, also what is folded away; its lines are neither wrapped nor indented."""
        return "".join(self._parts_of(place)).rstrip("\n")

    def _parts_of(self, place: int) -> Iterator[str]:
        fold = self.folds[place]
        if fold.head:
            yield "".join(text for text, _ in fold.head) + "\n"
        number = 0
        while True:
            for _ in fold.unit(number, self.room(fold)):
                pass
            if number >= len(fold.units):
                break
            unit = fold.units[number]
            yield unit.text() + ("" if unit.goes_on else "\n")
            number += 1
        if fold.foot:
            yield "".join(text for text, _ in fold.foot) + "\n"

    def texts(self) -> Iterator[str]:
        """Yield the whole text of all blocks, also what is folded away."""
        for place, fold in enumerate(self.folds):
            yield from self._parts_of(place)
            if fold.gap:
                yield "\n"

    def finder(self, query: Query | None) -> FoldFinder:
        """Return a finder that searches all blocks, also what is folded away."""
        finder = FoldFinder(self.folds, self.room, query)
        self._finder = weakref.ref(finder)
        return finder

    def line_of(self, hit: Hit) -> int | None:
        """Return the line that a hit begins on; None if it is folded away."""
        place, number, start, _ = hit
        fold = self.folds[place]
        begin = self._starts[place]
        if fold.level is DetailLevel.ONE:
            return begin if number == HEAD or fold.whole else None
        if number == HEAD:
            return begin
        if number >= len(fold.ends):
            return None
        bounds = self._layout(place, number).bounds
        at = max(0, bisect_right(bounds, start, key=lambda part: part[0]) - 1)
        line = at + (fold.ends[number - 1] if number else 0)
        return begin + bool(fold.head) + line if line < fold.shown else None

    def place_of(self, line: int) -> Hit:
        """Return the position of a hit at the beginning of the block that a line belongs to."""
        return (self.fold_at(line), HEAD, 0, 0)

    def reveal(self, hit: Hit) -> None:
        """Unfold the block that a hit is in. The next ``settle`` applies it."""
        self.choose(hit[0], DetailLevel.ALL)

    def marks(self, number: int, hits: Sequence[Hit]) -> Iterator[Mark]:
        """Yield what the hits cover of a line."""
        place = self.fold_at(number)
        fold = self.folds[place]
        row = number - self._starts[place]
        if fold.level is DetailLevel.ONE and not fold.whole:
            return
        row -= bool(fold.head) and fold.level is not DetailLevel.ONE
        if row < 0:
            unit, start, stop, margin = HEAD, 0, UNWRAPPED, fold.indent
        elif row < fold.shown or (row == 0 and fold.level is DetailLevel.ONE and fold.units):
            unit, at = fold.unit_at(row) if fold.ends else (0, 0)
            layout = self._layout(place, unit)
            start, stop = layout.bounds[at]
            margin = fold.indent + layout.margin(at)
        else:
            return
        at = bisect_left(hits, (place, unit, start, 0))
        while at and hits[at - 1][:2] == (place, unit) and hits[at - 1][3] > start:
            at -= 1
        while at < len(hits) and hits[at][:2] == (place, unit) and hits[at][2] < stop:
            _, _, first, last = hits[at]
            yield Mark(margin + max(first, start) - start, margin + min(last, stop) - start, at)
            at += 1


def _key(number: int, fold: Fold) -> str | int:
    return number if fold.key is None else fold.key


def _hits(number: int) -> str:
    return "1 hit" if number == 1 else f"{number:,} hits"
