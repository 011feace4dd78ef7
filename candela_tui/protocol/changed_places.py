"""Name the places in which two JSON documents differ."""

from itertools import zip_longest

import msgspec

from candela_tui.protocol.raw_json import raw_items, raw_members

_COMPACT = -1
"""msgspec's indent for a document without any whitespace between its parts."""


def compact(body: bytes) -> bytes:
    """Return a JSON document without the whitespace between its parts. Numbers, escapes and order stay as they are.

    What is not JSON comes back in a form that is not JSON either."""
    return msgspec.json.format(body, indent=_COMPACT)


def changed_places(before: bytes, after: bytes) -> list[str]:
    """Return the members of two objects that differ, with the index of each item that does: ``model``,
    ``messages[3]``.

    Returns ``["body"]`` if either is no object."""
    old, new = raw_members(compact(before)), raw_members(compact(after))
    if old is None or new is None:
        return ["body"]
    places: list[str] = []
    for name in dict.fromkeys((*old, *new)):
        was, now = old.get(name), new.get(name)
        if was is not None and now is not None and bytes(was) == bytes(now):
            continue
        places += _changed_items(name, was, now) or [name]
    return places


def _changed_items(name: str, was: msgspec.Raw | None, now: msgspec.Raw | None) -> list[str]:
    if was is None or now is None:
        return []
    both = zip_longest(raw_items(was), raw_items(now))
    return [f"{name}[{index}]" for index, (old, new) in enumerate(both) if _text(old) != _text(new)]


def _text(item: msgspec.Raw | None) -> bytes:
    return b"" if item is None else bytes(item)
