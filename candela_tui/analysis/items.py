"""Splits a Messages request into items: settings, tools, blocks of the system prompt, messages.

Bodies can have 10 MB, so they are read in steps: items are compared by digests of their slices, and nothing long is
decoded.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain
from operator import is_
from typing import TypeVar

import msgspec

from candela_tui.analysis.message_spans import MessageSpans, message_begins, message_spans
from candela_tui.analysis.outline import outline, outline_members
from candela_tui.protocol.raw_json import NULL, decode_json, raw_items, raw_members, text_prefix

_T = TypeVar("_T")

_BILLING = "x-anthropic-billing-header:"
"""The beginning of the client's own note to the provider, which is not part of the prompt."""
_UNNAMED = "?"
_TOGETHER = 32
"""Messages that are compared, or blocks that are read, in one step. That takes some millionths of a second for each."""
_LONG = 32 * 1024
"""Bytes from which on an item is read in several steps."""


class Item(msgspec.Struct, frozen=True, gc=False):
    """A setting, a tool, a block of the system prompt, a message, or a block of a message.

    A prompt may have 100,000 of them. The collector does not look at them, which would hold the interpreter for tenths
    of a second: they refer to nothing that refers to them."""

    label: str
    """The item's name, role or type."""
    raw: msgspec.Raw
    digest: bytes
    """Equal for items with the same meaning: it ignores ``cache_control`` markers, which move from turn to turn, and
    whether a text is a string or a block."""
    parts: tuple["Item", ...] = ()
    """The blocks, if the item is a message."""


@dataclass(slots=True)
class Items:
    """The items of one request, in order; the settings by name."""

    settings: list[Item] = field(default_factory=list)
    tools: list[Item] = field(default_factory=list)
    system: list[Item] = field(default_factory=list)
    messages: list[Item] = field(default_factory=list)
    spans: MessageSpans | None = None
    """Where the messages are in the body; None before it was read to its end."""


_Reading = Generator[None, None, _T]
"""Steps that return a value. Each handles one slice: about 10 ms for 10 MB, almost nothing for a message."""


def read_items(body: bytes, items: Items, other: Items) -> Iterator[None]:
    """Add the items of a body to ``items``, reusing items of ``other`` that are the same. A body that is not a JSON
    object has no items.

    Items hold copies of their bytes, so that one that is reused does not keep the whole body that it was read from."""
    differing = other.spans.differing(body) if other.spans is not None else None
    yield
    if other.spans is None or differing is None or not (messages := raw_items(differing.messages)):
        yield from _read_whole(body, items, other)
        return
    items.settings, items.tools, items.system = other.settings, other.tools, other.system
    items.messages = other.messages[: differing.number]
    yield from _read_messages(messages, items, other)
    begins = yield from message_begins(differing.messages, messages, 0, _TOGETHER)
    shift = differing.begin - len(b"[")
    known = other.spans.begins[: differing.number]
    end = differing.begin + len(differing.messages) - len(b"[")
    items.spans = MessageSpans(body, (*known, *(begin + shift for begin in begins)), end)


def _read_whole(body: bytes, items: Items, other: Items) -> Iterator[None]:
    members = _members(body) or {}
    yield
    for name in sorted(members):
        if name not in ("tools", "system", "messages"):
            items.settings.append(Item(name, members[name].copy(), _digest(members[name])))
    for number, raw in enumerate(raw_items(members.get("tools", NULL))):
        items.tools.append(_known(raw, other.tools, number) or (yield from _block(raw.copy(), "name")))
        yield
    items.system += yield from _blocks(members.get("system", NULL).copy())
    yield
    messages = raw_items(members.get("messages", NULL))
    yield
    yield from _read_messages(messages, items, other)
    items.spans = yield from message_spans(body, members, messages, _TOGETHER)


def _read_messages(messages: Sequence[msgspec.Raw], items: Items, other: Items) -> Iterator[None]:
    """Add messages to those that were read."""
    first = len(items.messages)
    for start in range(0, len(messages), _TOGETHER):
        for number, raw in enumerate(messages[start : start + _TOGETHER], first + start):
            known = _known(raw, other.messages, number)
            if known is None:
                known = yield from _message(raw.copy())
                yield
            items.messages.append(known)
        yield


def _known(raw: msgspec.Raw, known: Sequence[Item], number: int) -> Item | None:
    """Return the known item at that position if its bytes are the same."""
    if number < len(known) and known[number].raw == raw:
        return known[number]
    return None


def same_items(items: Sequence[object], others: Sequence[object]) -> int:
    """Return how many items at the beginning are the very same in both: one was read against the other."""
    same = list(map(is_, items, others))
    return same.index(False) if False in same else len(same)


def _message(raw: msgspec.Raw) -> _Reading[Item]:
    members = _members(raw) or {}
    if len(raw) >= _LONG:
        yield
    role = _word(members.get("role", NULL))
    parts = tuple((yield from _blocks(members.get("content", NULL))))
    digest = blake2b(role.encode("utf-8", "replace"), digest_size=16)
    for part in parts:
        digest.update(part.digest)
    return Item(role, raw, digest.digest(), parts)


def _blocks(content: msgspec.Raw) -> _Reading[list[Item]]:
    """Return the blocks of a content; a string is one text block."""
    if _first_byte(content) == b'"':
        return [Item("text", content, _digest_of_members({"text": content, "type": msgspec.Raw(b'"text"')}))]
    blocks: list[Item] = []
    for number, raw in enumerate(raw_items(content), 1):
        if len(raw) >= _LONG or number % _TOGETHER == 0:
            yield
        blocks.append((yield from _block(raw, "type")))
    return blocks


def _block(raw: msgspec.Raw, labelled_by: str) -> _Reading[Item]:
    members = _members(raw)
    if members is None:
        return Item(_UNNAMED, raw, _digest(raw))
    if len(raw) >= _LONG:
        yield
    label = _word(members.get(labelled_by, NULL))
    if label.endswith("tool_use"):
        label = f"{label} {_word(members.get('name', NULL))}"
    return Item(label, raw, _digest_of_members(members))


def _first_byte(raw: msgspec.Raw | bytes) -> bytes:
    return bytes(memoryview(raw)[:1])


def _members(raw: msgspec.Raw | bytes) -> dict[str, msgspec.Raw] | None:
    """Return the members of an object, or None if it is not one. A long string is recognised without being read."""
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


def is_billing_note(item: Item) -> bool:
    """Return whether a block of the system prompt is the client's note to the provider."""
    return first_text(item, len(_BILLING)).startswith(_BILLING)


def first_text(item: Item, characters: int) -> str:
    """Return the beginning of a text block's ASCII text: so many characters, or fewer; empty for other blocks."""
    text = item.raw if _first_byte(item.raw) == b'"' else (_members(item.raw) or {}).get("text", NULL)
    return text_prefix(text, characters + 2) or ""


def lines_of(item: Item) -> Iterator[str]:
    """Yield an item's text, line by line."""
    members = _members(item.raw)
    if members is None:
        return outline(item.raw)
    type_in_label = _word(members.get("type", NULL)) == item.label.partition(" ")[0]
    hidden = ("cache_control", "type") if type_in_label else ("cache_control",)
    shown = {name: value for name, value in members.items() if name not in hidden}
    # Text is in the member "text", thinking in "thinking".
    text = shown.pop(item.label, None) if type_in_label else None
    return chain(outline(text) if text is not None else (), outline_members(shown))
