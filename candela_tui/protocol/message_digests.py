"""Digests by which a conversation is recognised when it is sent again with more messages at its end."""

import re
from collections.abc import Iterator
from hashlib import blake2b

import msgspec

from candela_tui.protocol.raw_json import NULL, raw_items, raw_members

_MOST_BYTES = 16 * 1024
"""Of each text or block; of a longer one its beginning, its end and its size count."""
_LATEST = 4
"""Messages among which the last turn is looked for."""
_CACHE_CONTROL = re.compile(rb',?\s*"cache_control"\s*:\s*(?:null|\{[^{}]*\})')
"""Marks move from message to message between turns. Inside a JSON string the quotes would be escaped."""


def message_digests(messages: list[msgspec.Raw]) -> Iterator[bytes]:
    """Yield for each message a digest of the conversation up to and including it.

    Cache marks, and whether a text stands alone or as a block, make no difference: clients change both between turns.
    """
    chain = b""
    for message in messages:
        digest = blake2b(chain, digest_size=16)
        for part in _parts(message):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(_sample(part))
        chain = digest.digest()
        yield chain


def last_turn_digest(messages: list[msgspec.Raw]) -> str | None:
    """Return a digest of the last message of the user or the model; None where there is none among the last few.

    Messages of the system come and go between the tries of one call, with the tools that they speak of.
    """
    for message in reversed(messages[-_LATEST:]):
        role = (raw_members(message) or {}).get("role", NULL)
        if bytes(role) in (b'"user"', b'"assistant"'):
            return next(message_digests([message])).hex()
    return None


def _parts(message: msgspec.Raw) -> Iterator[bytes | memoryview]:
    members = raw_members(message)
    if members is None:
        yield memoryview(message)
        return
    yield memoryview(members.get("role", NULL))
    content = members.get("content", NULL)
    if bytes(memoryview(content)[:1]) == b'"':
        yield memoryview(content)
    for block in raw_items(content):
        fields = raw_members(block) or {}
        text = fields.get("text")
        if text is not None and bytes(fields.get("type", NULL)) == b'"text"':
            yield memoryview(text)
        else:
            yield _unmarked(bytes(block))
    for name in ("tool_calls", "tool_call_id"):
        if name in members:
            yield memoryview(members[name])


def _unmarked(block: bytes) -> bytes:
    return _CACHE_CONTROL.sub(b"", block) if b'"cache_control"' in block else block


def _sample(part: bytes | memoryview) -> bytes:
    if len(part) <= _MOST_BYTES:
        return bytes(part)
    return bytes(part[: _MOST_BYTES // 2]) + bytes(part[-_MOST_BYTES // 2 :])
