"""Requests of the Messages API, read without decoding the whole conversation.

``msgspec.Raw`` keeps each message, tool and system block as a slice of the body, to be decoded one at a time when it
is shown.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from candela_tui.protocol.raw_json import (
    NULL,
    decode_json,
    raw_items,
    raw_members,
    text_prefix,
    without_lone_surrogates,
)


class MessagesRequest(msgspec.Struct, frozen=True):
    """The top level of a Messages request; long values, and those with several forms, stay raw JSON."""

    model: str | None = None
    stream: bool = False
    speed: str | None = None
    service_tier: str | None = None
    inference_geo: str | None = None
    max_tokens: int | None = None
    user: str | None = None
    """Only in chat completions: the counterpart of ``metadata.user_id`` in the Messages API."""
    metadata: msgspec.Raw = NULL
    system: msgspec.Raw = NULL
    messages: list[msgspec.Raw] = []
    tools: list[msgspec.Raw] = []
    output_config: msgspec.Raw = NULL
    thinking: msgspec.Raw = NULL
    safeguards: msgspec.Raw = NULL

    def system_blocks(self) -> list[Any]:
        """Decode the system prompt as blocks; a plain string becomes one text block."""
        value = decode_json(self.system)
        if isinstance(value, str):
            return [{"type": "text", "text": value}]
        return value if isinstance(value, list) else []


MOST_TEXT_BYTES = 64 * 1024
"""How much of one text is decoded to search it."""
_LONGEST_ID = 200

_DECODER = msgspec.json.Decoder(MessagesRequest)


def decode_request(body: bytes) -> MessagesRequest | None:
    """Read the body of a Messages or count_tokens request, or return None if it is not a JSON object.

    A field of an unexpected type counts as missing and does not affect the others.
    """
    try:
        return _DECODER.decode(body)
    except msgspec.ValidationError:
        members = raw_members(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        repaired = without_lone_surrogates(body)
        return decode_request(repaired) if repaired is not None else None
    return _lenient(members) if members is not None else None


def _lenient(members: dict[str, msgspec.Raw]) -> MessagesRequest:
    def word(name: str) -> str | None:
        value = decode_json(members.get(name, NULL))
        return value if isinstance(value, str) else None

    most = decode_json(members.get("max_tokens", NULL))
    return MessagesRequest(
        model=word("model"),
        stream=decode_json(members.get("stream", NULL)) is True,
        speed=word("speed"),
        service_tier=word("service_tier"),
        inference_geo=word("inference_geo"),
        max_tokens=most if type(most) is int else None,
        user=word("user"),
        metadata=members.get("metadata", NULL),
        system=members.get("system", NULL),
        messages=raw_items(members.get("messages", NULL)),
        tools=raw_items(members.get("tools", NULL)),
        output_config=members.get("output_config", NULL),
        thinking=members.get("thinking", NULL),
        safeguards=members.get("safeguards", NULL),
    )


def session_in_metadata(request: MessagesRequest) -> str | None:
    """Return the session that ``metadata.user_id`` names in either of Claude Code's forms.

    Other clients name a user there, not a session.
    """
    metadata = decode_json(request.metadata)
    user = metadata.get("user_id", request.user) if isinstance(metadata, dict) else request.user
    if not isinstance(user, str) or not user:
        return None
    inner = decode_json(user.encode())
    if isinstance(inner, dict):
        session = inner.get("session_id")
        return session[:_LONGEST_ID] if isinstance(session, str) and session else None
    old_form = re.search(r"_session_([0-9a-f-]{36})$", user)
    return old_form.group(1) if old_form else None


def role_and_content(message: msgspec.Raw) -> tuple[Any, msgspec.Raw]:
    """Return a message's role, and its content undecoded."""
    members = raw_members(message) or {}
    return decode_json(members.get("role", NULL)), members.get("content", NULL)


def raw_texts(content: msgspec.Raw) -> Iterator[msgspec.Raw]:
    """Yield the texts of a content or system prompt (a string, or blocks) as undecoded JSON strings."""
    if is_string(content):
        yield content
        return
    for block in raw_items(content):
        text = (raw_members(block) or {}).get("text", NULL)
        if is_string(text):
            yield text


def texts(content: msgspec.Raw, most_bytes: int = MOST_TEXT_BYTES) -> Iterator[str]:
    """Yield the texts of a content or system prompt, each decoded from at most this many bytes."""
    for raw in raw_texts(content):
        text = text_prefix(raw, most_bytes)
        if text is not None:
            yield text


def is_string(raw: msgspec.Raw) -> bool:
    """Return whether an undecoded value is a string."""
    return bytes(memoryview(raw)[:1]) == b'"'
