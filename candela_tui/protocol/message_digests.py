"""Digests that recognise a conversation when it is sent again with more messages at its end."""

import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b

import msgspec

from candela_tui.protocol.answer_decoder import TOOL_CALLS, MessageFold
from candela_tui.protocol.raw_json import NULL, decode_json, raw_items, raw_members
from candela_tui.protocol.request import is_string, role_and_content

_MOST_BYTES = 16 * 1024
"""Bytes of a text or block that count; of a longer one, its beginning, its end and its size."""
_LATEST = 4
"""How many messages to search for the last turn."""
_CACHE_CONTROL = re.compile(rb',?\s*"cache_control"\s*:\s*(?:null|\{[^{}]*\})')
"""Marks move between messages from turn to turn. Inside a JSON string the quotes would be escaped."""


def message_digests(messages: list[msgspec.Raw]) -> Iterator[bytes]:
    """Yield for each message a digest of the conversation up to and including it.

    Cache marks make no difference, nor does a text alone instead of in a block: clients change both between turns.
    """
    chain = b""
    for message in messages:
        chain = _digest(chain, message, raw_members(message))
        yield chain


def answered_digest(before: bytes, answer: Iterable[tuple[str, str]]) -> bytes:
    """Return the digest of a conversation and the answer to it.

    ``before`` is that of its messages, and ``answer`` the blocks as ``essence_of`` returns them. Thinking makes no
    difference, nor do spaces around a text: clients leave them out when they send the answer back.
    """
    digest = blake2b(before, digest_size=16, person=b"answered")
    for kind, words in answer:
        part = words.strip().encode("utf-8", "surrogatepass")
        if part:
            digest.update(kind.encode("utf-8", "surrogatepass") + len(part).to_bytes(8, "big") + _sample(part))
    return digest.digest()


def essence_of(kind: object, text: object, id: object) -> tuple[str, str]:
    """Return what tells an answer's block from others: its text, or the id of its call."""
    if kind == "text" and isinstance(text, str):
        return "text", text
    return ("call", id) if isinstance(kind, str) and kind in TOOL_CALLS and isinstance(id, str) else ("", "")


def said_in(answer: MessageFold) -> Iterator[tuple[str, str]]:
    """Yield the blocks of an answer as ``essence_of`` returns them."""
    return (essence_of(block.type, block.text, block.start.get("id")) for block in answer.blocks.values())


def sent_back_answer(message: msgspec.Raw) -> list[tuple[str, str]] | None:
    """Return the blocks of an answer that the client sends back, or None if the message is not the model's."""
    role, content = role_and_content(message)
    if role != "assistant":
        return None
    if is_string(content):
        return [essence_of("text", decode_json(content), None)]
    blocks = map(decode_json, raw_items(content))
    return [essence_of(*map(block.get, ("type", "text", "id"))) for block in blocks if isinstance(block, dict)]


def last_turn_digest(messages: list[msgspec.Raw]) -> str | None:
    """Return a digest of the last message of the user or the model; None where there is none among the last few.

    Messages of the system come and go between the tries of one call, with the tools that they speak of.
    """
    for message in reversed(messages[-_LATEST:]):
        members = raw_members(message) or {}
        if bytes(members.get("role", NULL)) in (b'"user"', b'"assistant"'):
            return _digest(b"", message, members).hex()
    return None


def _digest(before: bytes, message: msgspec.Raw, members: dict[str, msgspec.Raw] | None) -> bytes:
    """Return the digest of a message after others; ``members`` are its own, or None if it is not an object."""
    digest = blake2b(before, digest_size=16)
    for part in _parts(message, members):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(_sample(part))
    return digest.digest()


def _parts(message: msgspec.Raw, members: dict[str, msgspec.Raw] | None) -> Iterator[bytes | memoryview]:
    if members is None:
        yield memoryview(message)
        return
    yield memoryview(members.get("role", NULL))
    content = members.get("content", NULL)
    is_text = is_string(content)
    if is_text:
        yield memoryview(content)
    for block in () if is_text else raw_items(content):
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
