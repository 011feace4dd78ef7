"""Renders JSON as lines of text to compare: one per member or item, with the lines of a text kept apart.

Works on slices, so that no step decodes much at once. It shows every difference except in JSON formatting.
"""

from collections.abc import Iterator
from hashlib import blake2b

import msgspec

from candela_tui.protocol.raw_json import decode_json, raw_items, raw_members

_INDENT = "  "
_DEEPEST = 40
_LONGEST_TEXT = 256 * 1024
_LONGEST_WORD = 160
"""Characters without a space; a longer run is data, not text to read."""


def outline(raw: msgspec.Raw, indent: str = "") -> Iterator[str]:
    """Yield the lines of a value."""
    nested = _nested(raw, indent)
    yield from (indent + line for line in _scalar(raw)) if nested is None else nested


def outline_members(members: dict[str, msgspec.Raw], indent: str = "") -> Iterator[str]:
    """Yield the lines of an object's members."""
    for name, value in members.items():
        yield from _entry(f"{name}:".replace("\n", "\\n"), value, indent)


def _nested(raw: msgspec.Raw, indent: str) -> Iterator[str] | None:
    """Return the lines of an object or array, or None for other values and those that are not expanded."""
    first = bytes(memoryview(raw)[:1])
    if len(indent) > _DEEPEST * len(_INDENT):
        return None
    if first == b"{":
        members = raw_members(raw)
        return outline_members(members, indent) if members else None
    items = raw_items(raw) if first == b"[" else []
    return (line for item in items for line in _entry("-", item, indent)) if items else None


def _entry(head: str, value: msgspec.Raw, indent: str) -> Iterator[str]:
    nested = _nested(value, indent + _INDENT)
    if nested is None:
        lines = _scalar(value)
        if len(lines) == 1:
            yield f"{indent}{head} {lines[0]}"
            return
        nested = (indent + _INDENT + line for line in lines)
    yield indent + head
    yield from nested


def _scalar(raw: msgspec.Raw) -> list[str]:
    """Return a string's lines, or one line for other values and for data."""
    view = memoryview(raw)
    if bytes(view[:1]) != b'"':
        return [abbreviated(raw, bytes(view[:_LONGEST_WORD]).decode("utf-8", "replace"))]
    if len(view) > _LONGEST_TEXT:
        return [abbreviated(raw, "")]
    text = decode_json(raw)
    if not isinstance(text, str):
        return [abbreviated(raw, bytes(view).decode("utf-8", "replace"))]
    if len(text) > _LONGEST_WORD and " " not in text and "\n" not in text:
        return [abbreviated(raw, text)]
    return text.split("\n")


def abbreviated(raw: msgspec.Raw, text: str) -> str:
    """Return the text if it is all of a short value; otherwise the value's length and a digest that identifies it."""
    size = memoryview(raw).nbytes
    if size <= _LONGEST_WORD and text:
        return text
    return f"{size:,} bytes, {blake2b(raw, digest_size=6).hexdigest()}"
