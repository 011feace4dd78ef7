"""A comparison as rows: what changed, with a little of what is around it, whatever the width."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from candela_tui.analysis.compare import (
    Comparison,
    Entry,
    Item,
    Line,
    LineChanges,
    Part,
    Sign,
    compare_items,
    compare_lines,
)

CONTEXT = 3
"""Lines shown before and behind a change."""
_MOST_OF_ONE_KIND = 60
"""Lines shown of an item that is wholly new or gone: the tabs of its request have them all."""
_MOST_ROWS = 10_000
_NOUNS = {"settings": "setting", "tools": "tool", "system": "block", "messages": "message"}


class RowKind(Enum):
    """What a row is."""

    PART = auto()
    ENTRY = auto()
    BLOCK = auto()
    LINE = auto()
    GAP = auto()
    """So many of something are left out."""
    NOTE = auto()


class Row(NamedTuple):
    """One row; its text is one logical line."""

    kind: RowKind
    sign: Sign
    text: str


@dataclass(slots=True)
class Rows:
    """The rows of a comparison as they are found."""

    rows: list[Row] = field(default_factory=list)
    lines: dict[str, Counter[Sign]] = field(default_factory=dict)
    """By the name of a part: how many lines came and went."""
    named_only: set[str] = field(default_factory=set)
    """The parts of which so much changed that the last items are only named."""

    def find(self, comparison: Comparison) -> Iterator[None]:
        """Add the rows of all that changed."""
        for part in comparison.parts:
            self.lines[part.name] = Counter()
            if not part.same:
                yield from self._part(part)

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
            self._add(RowKind.NOTE, "so much changed that the last of it is only named")

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
                self._add(RowKind.GAP, f"… {over}{left:,} more {'line' if left == 1 else 'lines'}")
            return
        if signs[Sign.ADDED] or signs[Sign.REMOVED]:
            yield from self._around(lines)
        elif changes.whole:
            self._add(RowKind.NOTE, "the same, but written otherwise")
        if not changes.whole:
            self._add(RowKind.NOTE, f"only the first {len(lines):,} lines were compared")

    def _around(self, lines: Sequence[Line]) -> Iterator[None]:
        """The changed lines with those around them."""
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
        for line in lines:
            self._add(RowKind.LINE, line.text, line.sign)

    def _gap(self, number: int, noun: str) -> None:
        if number > 0:
            self._add(RowKind.GAP, f"… {number:,} {noun}{'' if number == 1 else 's'} the same")

    def _add(self, kind: RowKind, text: str, sign: Sign = Sign.SAME) -> None:
        self.rows.append(Row(kind, sign, text))


def heading(part: Part, entry: Entry) -> str:
    """How an item is called: ``message 38 · user``."""
    if part.name in ("settings", "tools"):
        return entry.item.label
    return f"{_NOUNS[part.name]} {entry.place} · {entry.item.label}"


def as_text(rows: Sequence[Row]) -> str:
    """The rows as text, signs first."""
    indent = {RowKind.PART: "", RowKind.ENTRY: "", RowKind.BLOCK: "  "}
    texts = (f"{row.sign} {indent.get(row.kind, '    ')}{row.text}".rstrip() for row in rows)
    return "\n".join(texts)
