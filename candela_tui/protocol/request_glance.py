"""A first look at a whole request, in one pass of a typed decoder: most need no walk through their blocks.

A pass takes no longer than a search for one word in the same text: some 15 µs for 90 KB.
"""

from dataclasses import dataclass

import msgspec

USUAL_MARK = frozenset({"type", "ttl"})
"""The members of a cache_control mark that need no flag on the Claude API."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What a request may hold; where it could not be read, it may hold everything."""

    unusual_marks: bool
    """cache_control with another member than the usual ones."""
    system_messages: bool
    """Messages of role system in the conversation."""


class _Mark(msgspec.Struct, forbid_unknown_fields=True):
    type: msgspec.Raw = msgspec.Raw(b"")
    ttl: msgspec.Raw = msgspec.Raw(b"")


class _Part(msgspec.Struct):
    cache_control: _Mark | None = None


class _Block(msgspec.Struct):
    cache_control: _Mark | None = None
    content: list[_Part] | str | None = None


class _Message(msgspec.Struct):
    role: str = ""
    content: list[_Block] | str | None = None


class _Request(msgspec.Struct):
    cache_control: _Mark | None = None
    system: list[_Part] | str | None = None
    tools: list[_Part] | None = None
    messages: list[_Message] | None = None


_REQUEST = msgspec.json.Decoder(_Request)


def glance_at(request: bytes | memoryview) -> Glance:
    """Look at a request's text."""
    try:
        messages = _REQUEST.decode(request).messages or ()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Glance(True, True)
    return Glance(False, any(message.role == "system" for message in messages))
