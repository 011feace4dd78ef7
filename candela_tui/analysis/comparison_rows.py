"""A comparison as rows: what changed, with some context, independent of the width."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from candela_tui.analysis.compare import (
    Comparison,
    Entry,
    Line,
    LineChanges,
    Part,
    Sign,
    compare_items,
    compare_lines,
)
from candela_tui.analysis.items import Item
from candela_tui.text.terminal_safe import terminal_safe

CONTEXT = 3
"""Lines of context before and after a change."""
_MOST_OF_ONE_KIND = 60
"""Lines shown of an item that is entirely new or gone; the tabs of its request show all of them."""
_MOST_ROWS = 10_000
_NOUNS = {"settings": "setting", "tools": "tool", "system": "block", "messages": "message"}

_DEPTHS = {"block": 1, "line": 2}


class RowKind(Enum):
    """The kind of a row."""

    PART = auto()
    ENTRY = auto()
    BLOCK = auto()
    LINE = auto()
    GAP = auto()
    """A number of unchanged things that are left out."""
    NOTE = auto()


class ComparisonRow(NamedTuple):
    """One row; its text is one logical line, safe on a terminal."""

    kind: RowKind
    sign: Sign
    text: str
    depth: int = 0
    """The depth of a gap or note: 0 among items, 1 among blocks, 2 among lines."""
    changed: tuple[int, int] | None = None
    """The part of a line that differs from its counterpart; None: all of it."""


@dataclass(slots=True)
class Rows:
    """The rows of a comparison as they are found."""

    rows: list[ComparisonRow] = field(default_factory=list)
    lines: dict[str, Counter[Sign]] = field(default_factory=dict)
    """By the name of a part, the number of lines added and removed."""
    named_only: set[str] = field(default_factory=set)
    """The parts with so many changes that the last items are only named."""

    def find(self, comparison: Comparison) -> Iterator[None]:
        """Add the rows of everything that changed."""
        for part in comparison.parts:
            self.lines[part.name] = Counter()
            if not part.same:
                yield from self._part(part)

    def item(self, old: Item | None, new: Item | None) -> Iterator[None]:
        """Add the rows of what changed in one item."""
        yield from self._lines(old, new, Counter())

    def _part(self, part: Part) -> Iterator[None]:
        self._add(RowKind.PART, part.name.capitalize())
        noun = _NOUNS[part.name]
        counted = self.lines[part.name]
        same = 0
        for entry in part.entries:
            if entry.sign is Sign.SAME:
                same += 1
                continue
            self._gap(same, noun)
            same = 0
            self._add(RowKind.ENTRY, heading(part, entry), entry.sign)
            if len(self.rows) > _MOST_ROWS:
                self.named_only.add(part.name)
                yield
            elif entry.item.parts:
                yield from self._blocks(entry, counted)
            else:
                yield from self._lines(entry.old, entry.new, counted)
        self._gap(same, noun)
        if part.name in self.named_only:
            self._note("too many changes to show them all: the last ones are only named", 0)

    def _blocks(self, entry: Entry, counted: Counter[Sign]) -> Iterator[None]:
        old = entry.old.parts if entry.old else ()
        new = entry.new.parts if entry.new else ()
        blocks: list[Entry] = []
        yield from compare_items(old, new, blocks)
        same = 0
        for block in blocks:
            if block.sign is Sign.SAME:
                same += 1
                continue
            self._gap(same, "block")
            same = 0
            if len(blocks) > 1 or block.item.label != "text":
                self._add(RowKind.BLOCK, block.item.label, block.sign)
            yield from self._lines(block.old, block.new, counted)
        self._gap(same, "block")

    def _lines(self, old: Item | None, new: Item | None, counted: Counter[Sign]) -> Iterator[None]:
        changes = LineChanges()
        yield from compare_lines(old, new, changes)
        lines = changes.lines
        signs = Counter(line.sign for line in lines)
        counted.update(signs)
        if old is None or new is None:
            self._shown(lines[:_MOST_OF_ONE_KIND])
            left = len(lines) - _MOST_OF_ONE_KIND
            if left > 0:
                over = "" if changes.whole else "over "
                self._note(f"… {over}{left:,} more {'line' if left == 1 else 'lines'}", 2, RowKind.GAP)
            return
        if signs[Sign.ADDED] or signs[Sign.REMOVED]:
            yield from self._around(lines)
        elif changes.whole:
            self._note("equal in content, formatted differently", 2)
        if not changes.whole:
            self._note(f"only the first {len(lines):,} lines were compared", 2)

    def _around(self, lines: Sequence[Line]) -> Iterator[None]:
        """Add the changed lines with their context."""
        spans: list[tuple[int, int]] = []
        for number, line in enumerate(lines):
            if line.sign is not Sign.SAME:
                start, end = max(0, number - CONTEXT), min(len(lines), number + CONTEXT + 1)
                # A gap of one line would take as much room as the line.
                if spans and start <= spans[-1][1] + 1:
                    start = spans.pop()[0]
                spans.append((start, end))
            yield
        shown_to = 0
        for start, end in spans:
            self._gap(start - shown_to, "line")
            self._shown(lines[start:end])
            shown_to = end
            yield
        self._gap(len(lines) - shown_to, "line")

    def _shown(self, lines: Sequence[Line]) -> None:
        texts = [terminal_safe(line.text) for line in lines]
        changed = dict(_changed_parts(lines, texts))
        for number, line in enumerate(lines):
            self.rows.append(ComparisonRow(RowKind.LINE, line.sign, texts[number], 2, changed.get(number)))

    def _gap(self, number: int, noun: str) -> None:
        if number > 0:
            self._note(f"… {number:,} unchanged {noun}{'' if number == 1 else 's'}", _DEPTHS.get(noun, 0), RowKind.GAP)

    def _note(self, text: str, depth: int, kind: RowKind = RowKind.NOTE) -> None:
        self.rows.append(ComparisonRow(kind, Sign.SAME, text, depth))

    def _add(self, kind: RowKind, text: str, sign: Sign = Sign.SAME) -> None:
        self.rows.append(ComparisonRow(kind, sign, terminal_safe(text)))


def _changed_parts(lines: Sequence[Line], texts: Sequence[str]) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield the number of each line that replaced a similar one, or was replaced by it, with the part that differs."""
    removed: list[int] = []
    added: list[int] = []
    for number in range(len(lines) + 1):
        sign = lines[number].sign if number < len(lines) else Sign.SAME
        if sign is Sign.REMOVED and not added:
            removed.append(number)
            continue
        if sign is Sign.ADDED and removed:
            added.append(number)
            continue
        for old, new in zip(removed, added, strict=False):
            parts = changed_part(texts[old], texts[new])
            if parts is not None:
                yield old, parts[0]
                yield new, parts[1]
        removed, added = [number] if sign is Sign.REMOVED else [], []


def changed_part(old: str, new: str) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Return where two texts differ, between their common beginning and end; None if they have too little in common."""
    begin = _same_beginning(old, new)
    end = _same_beginning(old[begin:][::-1], new[begin:][::-1])
    if 2 * (begin + end) < max(len(old), len(new)):
        return None
    return (begin, len(old) - end), (begin, len(new) - end)


def _same_beginning(old: str, new: str) -> int:
    pairs = enumerate(zip(old, new, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(old), len(new)))


def heading(part: Part, entry: Entry) -> str:
    """Return the name of an item: ``message 38 · user``."""
    if part.name in ("settings", "tools"):
        return entry.item.label
    return f"{_NOUNS[part.name]} {entry.place} · {entry.item.label}"


def as_text(rows: Sequence[ComparisonRow]) -> str:
    """Return the rows as text, signs first."""
    texts = (f"{row.sign} {_indent(row)}{row.text}".rstrip() for row in rows)
    return "\n".join(texts)


def _indent(row: ComparisonRow) -> str:
    depths = {RowKind.PART: 0, RowKind.ENTRY: 0, RowKind.BLOCK: 1}
    return "  " * depths.get(row.kind, row.depth)
