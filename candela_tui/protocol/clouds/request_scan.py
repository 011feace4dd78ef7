"""A quick scan of a whole request, in one pass of a typed decoder: most need no walk through their blocks.

A pass takes about as long as a text search: some 15 µs for 90 KB.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

USUAL_MARK = frozenset({"type", "ttl"})
"""The members of a cache_control mark that need no flag on the Claude API."""


@dataclass(frozen=True, slots=True)
class RequestScan:
    """The result of a scan. Of a request that can't be read, every mark counts as unusual."""

    unusual_marks: bool
    """Whether a cache_control mark has an unusual member."""
    system_messages: tuple[int, ...]
    """The numbers of the messages of role system."""


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


class _Role(msgspec.Struct):
    role: str = ""


class _Roles(msgspec.Struct):
    messages: list[_Role] | None = None


_REQUEST = msgspec.json.Decoder(_Request)
_ROLES = msgspec.json.Decoder(_Roles)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def scan_request(request: bytes | memoryview) -> RequestScan:
    """Scan the text of a request."""
    try:
        messages: Sequence[_Message | _Role] = _REQUEST.decode(request).messages or ()
    except _UNREADABLE:
        try:
            messages = _ROLES.decode(request).messages or ()
        except _UNREADABLE:
            messages = ()
        return RequestScan(True, _of_system(messages))
    return RequestScan(False, _of_system(messages))


def _of_system(messages: Sequence[_Message | _Role]) -> tuple[int, ...]:
    return tuple(number for number, message in enumerate(messages) if message.role == "system")
