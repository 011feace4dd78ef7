"""Answers of the Messages API as chat completions. Source: https://platform.openai.com/docs/api-reference/chat/object"""

from collections.abc import Mapping
from typing import Any

import msgspec

from candela_tui.protocol.errors import ApiError, Untranslatable, not_a_message
from candela_tui.protocol.raw_json import (
    NULL,
    decode_json,
    is_truncated,
    raw_items,
    raw_members,
    without_lone_surrogates,
)
from candela_tui.protocol.usage import UsageFold

_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


class _Message(msgspec.Struct):
    """A whole answer; its content stays undecoded."""

    id: str
    model: str
    content: msgspec.Raw = NULL
    stop_reason: str | None = None
    stop_details: Any = None
    usage: dict[str, Any] | None = None


_MESSAGE = msgspec.json.Decoder(_Message)


def chat_completion(body: bytes, *, created: int, legacy_functions: bool = False) -> bytes:
    """Translate a whole Messages answer into a chat.completion document. Raises Untranslatable if it can't be read.

    ``created`` is the time in seconds since 1970, which a Messages answer does not have.
    """
    message = _decoded(body) or _decoded(without_lone_surrogates(body) or b"")
    if message is None:
        cut = ApiError("cut", "the answer ended in the middle of its JSON")
        raise Untranslatable(cut if is_truncated(body) else not_a_message(body))
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[dict[str, Any]] = []
    for raw in raw_items(message.content):
        block = raw_members(raw) or {}
        kind = decode_json(block.get("type", NULL))
        if kind == "text":
            texts.append(_text(block, "text"))
        elif kind == "thinking":
            thoughts.append(_text(block, "thinking"))
        elif kind == "tool_use":
            function = {"name": _text(block, "name"), "arguments": bytes(block.get("input", b"{}")).decode()}
            calls.append({"id": _text(block, "id"), "type": "function", "function": function})
    answer: dict[str, Any] = {"role": "assistant", "content": "".join(texts) if texts else None}
    answer["refusal"] = refusal(message.stop_details)
    if any(thoughts):
        answer["reasoning_content"] = "".join(thoughts)
    if calls and legacy_functions:
        answer["function_call"] = calls[0]["function"]
    elif calls:
        answer["tool_calls"] = calls
    finish = finish_reason(message.stop_reason, legacy_functions)
    fold = ChatUsage()
    fold.merge(message.usage)
    return msgspec.json.encode(
        {
            "id": message.id,
            "object": "chat.completion",
            "created": created,
            "model": message.model,
            "choices": [{"index": 0, "message": answer, "logprobs": None, "finish_reason": finish}],
            "usage": fold.document,
        }
    )


def _decoded(body: bytes) -> _Message | None:
    try:
        return _MESSAGE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def finish_reason(stop_reason: str | None, legacy_functions: bool) -> str:
    """Return the finish_reason for a stop reason; an unknown one counts as a natural end."""
    reason = _FINISH.get(stop_reason or "", "stop")
    return "function_call" if legacy_functions and reason == "tool_calls" else reason


def refusal(stop_details: object) -> str | None:
    """Return the model's explanation of a refusal, if there is one."""
    explanation = stop_details.get("explanation") if isinstance(stop_details, Mapping) else None
    return explanation if isinstance(explanation, str) and explanation else None


class ChatUsage:
    """The usage of one answer in OpenAI's form, merged from one or more objects of the Messages API."""

    __slots__ = ("_fold", "_thinking")

    def __init__(self) -> None:
        self._fold = UsageFold()
        self._thinking: int | None = None

    def merge(self, wire: object) -> None:
        """Merge a ``usage`` object; each of its fields replaces the earlier one."""
        self._fold.merge(wire)
        details = wire.get("output_tokens_details") if isinstance(wire, Mapping) else None
        thinking = details.get("thinking_tokens") if isinstance(details, Mapping) else None
        if type(thinking) is int:
            self._thinking = thinking

    @property
    def document(self) -> dict[str, Any] | None:
        """The usage object, in which the prompt includes cached tokens; None if no usage was reported."""
        usage = self._fold.usage
        if usage is None or usage.prompt_tokens is None or usage.output_tokens is None:
            return None
        document: dict[str, Any] = {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.prompt_tokens + usage.output_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens or 0},
        }
        if usage.cache_write_tokens is not None:
            document["prompt_tokens_details"]["cache_write_tokens"] = usage.cache_write_tokens
        if self._thinking is not None:
            document["completion_tokens_details"] = {"reasoning_tokens": self._thinking}
        return document


def _text(block: Mapping[str, msgspec.Raw], name: str) -> str:
    value = decode_json(block.get(name, NULL))
    return value if isinstance(value, str) else ""
