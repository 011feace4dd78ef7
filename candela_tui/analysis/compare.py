"""What one Messages request has that another has not: settings, tools, system prompt, messages.

Bodies may have 10 MB, so everything comes in steps of a few milliseconds at most: parts are told apart by digests of
their slices, and only what changed is decoded.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from itertools import chain
from typing import TypeVar

import msgspec

from candela_tui.analysis.alignment import Pair, aligned
from candela_tui.analysis.outline import outline, outline_members
from candela_tui.protocol.raw_json import NULL, decode_json, raw_items, raw_members, text_prefix

_T = TypeVar("_T")

_MOST_LINES = 4_000
"""Lines of an item up to which they are compared one by one."""
_BILLING = "x-anthropic-billing-header:"
"""How the client's own note to the provider begins, which is not part of the prompt."""
_UNNAMED = "?"


class Sign(StrEnum):
    """What became of an item or a line."""

    SAME = " "
    ADDED = "+"
    REMOVED = "-"
    CHANGED = "~"


@dataclass(frozen=True, slots=True)
class Item:
    """A setting, a tool, a block of the system prompt, a message, or a block of a message."""

    label: str
    """Its name, role or type."""
    raw: msgspec.Raw
    digest: bytes
    """The same for two items that mean the same: ``cache_control`` marks, which move from turn to turn, do not count,
    nor does whether a text is a string or a block."""
    parts: tuple["Item", ...] = ()
    """The blocks of a message."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An item and what became of it; one of the two is there at least."""

    old: Item | None
    new: Item | None
    place: int
    """From 1: of the new item, or of the old one where it is gone."""

    @property
    def item(self) -> Item:
        """The new item, or the one that is gone."""
        item = self.new or self.old
        assert item is not None
        return item

    @property
    def sign(self) -> Sign:
        """What became of it."""
        if self.old is None:
            return Sign.ADDED
        if self.new is None:
            return Sign.REMOVED
        return Sign.SAME if self.old.digest == self.new.digest else Sign.CHANGED


@dataclass(slots=True)
class Part:
    """A part of the request, compared."""

    name: str
    entries: list[Entry] = field(default_factory=list)

    def count(self, sign: Sign) -> int:
        """How many items became that."""
        return sum(entry.sign is sign for entry in self.entries)

    @property
    def same(self) -> bool:
        """Whether nothing changed."""
        return all(entry.sign is Sign.SAME for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an item."""

    sign: Sign
    """SAME, ADDED or REMOVED."""
    text: str


@dataclass(frozen=True, slots=True)
class Break:
    """Where the prompt of a request ceases to be the beginning of the next one's, in the order in which the provider
    caches: tools, system, messages."""

    part: str
    """``model``, ``tools``, ``system`` or ``messages``."""
    place: int
    """Of the first item that differs, from 1."""


@dataclass(slots=True)
class Comparison:
    """Two requests, compared. The parts appear one after the other."""

    settings: Part = field(default_factory=lambda: Part("settings"))
    tools: Part = field(default_factory=lambda: Part("tools"))
    system: Part = field(default_factory=lambda: Part("system"))
    messages: Part = field(default_factory=lambda: Part("messages"))

    @property
    def parts(self) -> tuple[Part, ...]:
        """In the order in which the provider reads them."""
        return self.settings, self.tools, self.system, self.messages

    @property
    def breaks(self) -> Break | None:
        """Where the shared beginning of the prompts ends; None: all of the old prompt is the new one's beginning."""
        for entry in self.settings.entries:
            if entry.item.label == "model" and entry.sign is not Sign.SAME:
                return Break("model", 1)
        for part in (self.tools, self.system, self.messages):
            for entry in part.entries:
                if entry.sign is Sign.SAME or _is_billing(entry):
                    continue
                if entry.sign is Sign.ADDED and part is self.messages and entry is _first_behind(part):
                    return None
                return Break(part.name, entry.place)
        return None


def _first_behind(part: Part) -> Entry | None:
    """The first of the entries behind the last old item."""
    number = len(part.entries)
    while number and part.entries[number - 1].sign is Sign.ADDED:
        number -= 1
    return part.entries[number] if number < len(part.entries) else None


def _is_billing(entry: Entry) -> bool:
    text = (_members(entry.item.raw) or {}).get("text", NULL)
    return (text_prefix(text, len(_BILLING) + 2) or "").startswith(_BILLING)


def compare(old: bytes, new: bytes, found: Comparison) -> Iterator[None]:
    """Compare two bodies. What is no JSON object has no parts."""
    before, after = _Side(), _Side()
    yield from _read(old, before, _Side())
    yield from _read(new, after, before)
    for part, its_old, its_new in (
        (found.settings, before.settings, after.settings),
        (found.tools, before.tools, after.tools),
        (found.system, before.system, after.system),
        (found.messages, before.messages, after.messages),
    ):
        yield from compare_items(its_old, its_new, part.entries)


@dataclass(slots=True)
class _Side:
    settings: list[Item] = field(default_factory=list)
    tools: list[Item] = field(default_factory=list)
    system: list[Item] = field(default_factory=list)
    messages: list[Item] = field(default_factory=list)


_Reading = Generator[None, None, _T]
"""Steps that come to something. Each takes one look at a slice: of 10 MB that is some 10 ms, of a message nothing."""


def _read(body: bytes, side: _Side, other: _Side) -> Iterator[None]:
    """Read the items of a body. What is the same in another one is taken from there."""
    members = _members(body) or {}
    yield
    for name in sorted(members):
        if name not in ("tools", "system", "messages"):
            side.settings.append(Item(name, members[name], _digest(members[name])))
    for number, raw in enumerate(raw_items(members.get("tools", NULL))):
        side.tools.append(_known(raw, other.tools, number) or (yield from _block(raw, "name")))
        yield
    side.system += yield from _blocks(members.get("system", NULL))
    yield
    messages = raw_items(members.get("messages", NULL))
    yield
    for number, raw in enumerate(messages):
        side.messages.append(_known(raw, other.messages, number) or (yield from _message(raw)))
        yield


def _known(raw: msgspec.Raw, items: Sequence[Item], number: int) -> Item | None:
    """The item at that place, where it is written in the same bytes."""
    if number < len(items) and bytes(items[number].raw) == bytes(raw):
        return items[number]
    return None


def _message(raw: msgspec.Raw) -> _Reading[Item]:
    members = _members(raw) or {}
    yield
    role = _word(members.get("role", NULL))
    parts = tuple((yield from _blocks(members.get("content", NULL))))
    digest = blake2b(role.encode("utf-8", "replace"), digest_size=16)
    for part in parts:
        digest.update(part.digest)
    return Item(role, raw, digest.digest(), parts)


def _blocks(content: msgspec.Raw) -> _Reading[list[Item]]:
    """The blocks of a content; a string is one text block."""
    if _first_byte(content) == b'"':
        return [Item("text", content, _digest_of_members({"text": content, "type": msgspec.Raw(b'"text"')}))]
    blocks: list[Item] = []
    for raw in raw_items(content):
        yield
        blocks.append((yield from _block(raw, "type")))
    return blocks


def _block(raw: msgspec.Raw, labelled_by: str) -> _Reading[Item]:
    members = _members(raw)
    if members is None:
        return Item(_UNNAMED, raw, _digest(raw))
    yield
    label = _word(members.get(labelled_by, NULL))
    if label.endswith("tool_use"):
        label = f"{label} {_word(members.get('name', NULL))}"
    return Item(label, raw, _digest_of_members(members))


def _first_byte(raw: msgspec.Raw | bytes) -> bytes:
    return bytes(memoryview(raw)[:1])


def _members(raw: msgspec.Raw | bytes) -> dict[str, msgspec.Raw] | None:
    """The members of an object; of a long string it takes no look at all to know that it is none."""
    return None if _first_byte(raw) == b'"' else raw_members(raw)


def _word(raw: msgspec.Raw) -> str:
    value = decode_json(raw)
    return value if isinstance(value, str) and value else _UNNAMED


def _digest(raw: msgspec.Raw) -> bytes:
    return blake2b(raw, digest_size=16).digest()


def _digest_of_members(members: dict[str, msgspec.Raw]) -> bytes:
    digest = blake2b(digest_size=16)
    for name in sorted(members):
        if name != "cache_control":
            digest.update(f"{len(name)} {name} {memoryview(members[name]).nbytes} ".encode("utf-8", "replace"))
            digest.update(members[name])
    return digest.digest()


def compare_items(old: Sequence[Item], new: Sequence[Item], entries: list[Entry]) -> Iterator[None]:
    """Add to ``entries`` what became of each item. What is gone, and what came in its place under the same label, is
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
    """Pair what is gone with what came, label by label and in order."""
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


def lines_of(item: Item) -> Iterator[str]:
    """What an item says, line by line."""
    members = _members(item.raw)
    if members is None:
        return outline(item.raw)
    type_in_label = _word(members.get("type", NULL)) == item.label.partition(" ")[0]
    hidden = ("cache_control", "type") if type_in_label else ("cache_control",)
    shown = {name: value for name, value in members.items() if name not in hidden}
    # A text is in the member "text", thinking in "thinking".
    text = shown.pop(item.label, None) if type_in_label else None
    return chain(outline(text) if text is not None else (), outline_members(shown))


@dataclass(slots=True)
class LineChanges:
    """What became of the lines of an item."""

    lines: list[Line] = field(default_factory=list)
    whole: bool = True
    """Whether it has no more lines than were compared."""


def compare_lines(old: Item | None, new: Item | None, found: LineChanges) -> Iterator[None]:
    """Compare the old item's lines with the new one's, the first thousands of each. Without the lines that were added
    it is the old item, without those that were removed the new one."""
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
