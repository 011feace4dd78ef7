"""Where the members of a JSON object, and the items of an array, are in its text."""

import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

_KEY = re.compile(rb'[ \t\n\r]*("[^"\\]*(?:\\.[^"\\]*)*")[ \t\n\r]*:[ \t\n\r]*', re.DOTALL)
_SPACE = re.compile(rb"[ \t\n\r]*")
_LAST_SPACE = ord(" ")


class NamedTwice(ValueError):
    """An object names a member twice. The message is that name, or one near it.

    The decoder keeps the last of two members with one name, at the place of the first. The text then does not have at
    each place what the decoder found.
    """


class Span(msgspec.Struct, frozen=True):
    """One member of an object or item of an array: offsets into the text, the end exclusive."""

    name: str
    """The member's name; "" for an item."""
    start: int
    """The offset of its name, or of the value of an item."""
    value: int
    """The offset of its value."""
    end: int


def value_start(text: bytes) -> int:
    """Return the offset of a document's value."""
    return _after_space(text, 0)


def member_spans(text: bytes, raws: Mapping[str, msgspec.Raw], start: int, end: int) -> list[Span]:
    """Return the spans of the members that were decoded from the object at these offsets. Raises NamedTwice."""
    spans = []
    at = start + 1
    for name, raw in raws.items():
        key = _KEY.match(text, at)
        behind = key.end() + len(raw) if key else 0
        if key is None or not text.startswith(memoryview(raw), key.end()):
            raise NamedTwice(name)
        spans.append(Span(name, key.start(1), key.end(), behind))
        at = _after_space(text, behind) + 1
        if text[at - 1 : at] not in (b",", b"}"):
            raise NamedTwice(name)
    if spans and at != end:
        raise NamedTwice(spans[-1].name)
    return spans


def item_spans(text: bytes, raws: Iterable[msgspec.Raw], start: int) -> Iterator[Span]:
    """Yield the spans of the items that were decoded from the array at this offset."""
    at = start + 1
    for raw in raws:
        # Few clients write white space there, and a conversation has thousands of items.
        if text[at] <= _LAST_SPACE:
            at = _after_space(text, at)
        end = at + len(raw)
        yield Span("", at, at, end)
        if text[end] <= _LAST_SPACE:
            end = _after_space(text, end)
        at = end + 1


def _after_space(text: bytes, at: int) -> int:
    space = _SPACE.match(text, at)
    assert space is not None
    return space.end()
