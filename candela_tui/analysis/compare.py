"""Compares two Messages requests: settings, tools, system prompt, messages.

Works in steps of a few milliseconds, and decodes only what changed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from candela_tui.analysis.alignment import Pair, aligned
from candela_tui.analysis.items import Item, Items, is_billing_note, lines_of, read_items

_MOST_LINES = 4_000
"""Lines of an item that are compared one by one; further lines are not compared."""


class Sign(StrEnum):
    """How an item or a line changed."""

    SAME = " "
    ADDED = "+"
    REMOVED = "-"
    CHANGED = "~"


@dataclass(frozen=True, slots=True)
class Entry:
    """An item of the old request, the new one, or both, compared."""

    old: Item | None
    new: Item | None
    place: int
    """The item's position from 1: in the new request, or in the old one if it was removed."""

    @property
    def item(self) -> Item:
        """Return the new item, or the old one if it was removed."""
        item = self.new or self.old
        assert item is not None
        return item

    @property
    def sign(self) -> Sign:
        """Return how the item changed."""
        if self.old is None:
            return Sign.ADDED
        if self.new is None:
            return Sign.REMOVED
        return Sign.SAME if self.old.digest == self.new.digest else Sign.CHANGED


@dataclass(slots=True)
class Part:
    """One part of the request, compared."""

    name: str
    entries: list[Entry] = field(default_factory=list)

    def count(self, sign: Sign) -> int:
        """Return how many items changed in this way."""
        return sum(entry.sign is sign for entry in self.entries)

    @property
    def same(self) -> bool:
        """Return whether nothing changed."""
        return all(entry.sign is Sign.SAME for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an item, compared."""

    sign: Sign
    """One of SAME, ADDED and REMOVED."""
    text: str


@dataclass(frozen=True, slots=True)
class Break:
    """Where the prompt of a request stops being a prefix of the next one's, in the order in which the provider caches:
    tools, system, messages."""

    part: str
    """One of ``model``, ``tools``, ``system`` and ``messages``."""
    place: int
    """The position of the first item that differs, from 1."""


@dataclass(slots=True)
class Comparison:
    """Two requests, compared. The parts are filled one after the other."""

    settings: Part = field(default_factory=lambda: Part("settings"))
    tools: Part = field(default_factory=lambda: Part("tools"))
    system: Part = field(default_factory=lambda: Part("system"))
    messages: Part = field(default_factory=lambda: Part("messages"))

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return the parts in the order in which the provider reads them."""
        return self.settings, self.tools, self.system, self.messages

    @property
    def breaks(self) -> Break | None:
        """Return where the shared prefix of the prompts ends, or None if the new prompt extends all of the old one."""
        for entry in self.settings.entries:
            if entry.item.label == "model" and entry.sign is not Sign.SAME:
                return Break("model", 1)
        for part in (self.tools, self.system, self.messages):
            for entry in part.entries:
                if entry.sign is Sign.SAME or is_billing_note(entry.item):
                    continue
                if entry.sign is Sign.ADDED and part is self.messages and entry is _first_behind(part):
                    return None
                return Break(part.name, entry.place)
        return None


def _first_behind(part: Part) -> Entry | None:
    """Return the first entry after the last old item."""
    number = len(part.entries)
    while number and part.entries[number - 1].sign is Sign.ADDED:
        number -= 1
    return part.entries[number] if number < len(part.entries) else None


def compare(old: bytes, new: bytes, found: Comparison) -> Iterator[None]:
    """Compare two bodies. A body that is not a JSON object has no parts."""
    before, after = Items(), Items()
    yield from read_items(old, before, Items())
    yield from read_items(new, after, before)
    for part, its_old, its_new in (
        (found.settings, before.settings, after.settings),
        (found.tools, before.tools, after.tools),
        (found.system, before.system, after.system),
        (found.messages, before.messages, after.messages),
    ):
        yield from compare_items(its_old, its_new, part.entries)


def compare_items(old: Sequence[Item], new: Sequence[Item], entries: list[Entry]) -> Iterator[None]:
    """Add to ``entries`` how each item changed. A removed item and an added one with the same label in its place form
    one entry."""
    pairs: list[Pair] = []
    yield from aligned([item.digest for item in old], [item.digest for item in new], pairs)
    gone: list[int] = []
    come: list[int] = []
    for pair in [*pairs, Pair(len(old), len(new))]:
        if pair.new is None and pair.old is not None:
            gone.append(pair.old)
        elif pair.old is None and pair.new is not None:
            come.append(pair.new)
        else:
            entries += _succession(old, new, gone, come)
            gone, come = [], []
            if pair.old is not None and pair.new is not None and pair.old < len(old):
                entries.append(Entry(old[pair.old], new[pair.new], pair.new + 1))


def _succession(old: Sequence[Item], new: Sequence[Item], gone: list[int], come: list[int]) -> Iterator[Entry]:
    """Pair removed items with added ones, by label and in order."""
    left = 0
    for place in come:
        follows = next((n for n in range(left, len(gone)) if old[gone[n]].label == new[place].label), None)
        if follows is None:
            yield Entry(None, new[place], place + 1)
            continue
        yield from (Entry(old[n], None, n + 1) for n in gone[left:follows])
        yield Entry(old[gone[follows]], new[place], place + 1)
        left = follows + 1
    yield from (Entry(old[n], None, n + 1) for n in gone[left:])


@dataclass(slots=True)
class LineChanges:
    """The changes in the lines of an item."""

    lines: list[Line] = field(default_factory=list)
    whole: bool = True
    """Whether all lines of the item were compared."""


def compare_lines(old: Item | None, new: Item | None, found: LineChanges) -> Iterator[None]:
    """Compare the old item's lines with the new one's, the first thousands of each. Without the added lines the result
    is the old item, without the removed ones the new item."""
    sides: list[list[str]] = []
    for item in (old, new):
        its_lines: list[str] = []
        for line in lines_of(item) if item else ():
            if len(its_lines) == _MOST_LINES:
                found.whole = False
                break
            its_lines.append(line)
            yield
        sides.append(its_lines)
    before, after = sides
    pairs: list[Pair] = []
    yield from aligned(before, after, pairs)
    for pair in pairs:
        if pair.new is not None:
            found.lines.append(Line(Sign.SAME if pair.old is not None else Sign.ADDED, after[pair.new]))
        elif pair.old is not None:
            found.lines.append(Line(Sign.REMOVED, before[pair.old]))
        yield
