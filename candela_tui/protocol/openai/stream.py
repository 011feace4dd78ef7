"""A Messages stream as chat.completion.chunk events, each as soon as its content has arrived.

Source: https://platform.openai.com/docs/api-reference/chat/streaming. ``reasoning_content`` is what the field's clients
read thinking from; OpenAI itself has no name for it.
"""

from typing import Any

import msgspec

from candela_tui.protocol.errors import ApiError, Untranslatable, error_from_wire
from candela_tui.protocol.headers import HeaderList
from candela_tui.protocol.openai.completion import ChatUsage, chat_completion, finish_reason, refusal
from candela_tui.protocol.openai.errors import error_object
from candela_tui.protocol.raw_json import decode_json, without_lone_surrogates
from candela_tui.protocol.sse import SSEDecoder

_DONE = b"data: [DONE]\n\n"


class ChatStream:
    """Translates one stream. An ``error`` event ends it; a stream that breaks off has no ``[DONE]``."""

    def __init__(
        self, headers: HeaderList, *, created: int, include_usage: bool = False, legacy_functions: bool = False
    ) -> None:
        self.headers = headers
        self.ping = b": ping\n\n"
        self.over = False
        self.metrics: tuple[tuple[str, str], ...] = ()
        self._created = created
        self._include_usage = include_usage
        self._legacy = legacy_functions
        self._sse = SSEDecoder()
        self._usage = ChatUsage()
        self._id = ""
        self._model = ""
        self._calls: dict[int, int] = {}
        """The number of a tool call by the index of its content block."""
        self._silent: dict[int, bytes] = {}
        """Calls without arguments so far, with the input of their first event."""

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes, and return the chunks for the events that they complete."""
        return b"".join(self._event(event.data) for event in self._sse.feed(chunk) if not self.over)

    def finish(self) -> bytes:
        """Return nothing: every chunk is out. Raises Untranslatable if the stream broke off.

        Many clients take a stream without ``[DONE]`` for a whole one.
        """
        if not self.over:
            raise Untranslatable(ApiError("cut", "the stream ended before message_stop"))
        return b""

    def _event(self, data: bytes) -> bytes:
        document = decode_json(data)
        if document is None and (repaired := without_lone_surrogates(data)) is not None:
            document = decode_json(repaired)
        if not isinstance(document, dict):
            return b""
        kind = document.get("type")
        if kind == "content_block_delta":
            return self._delta(document.get("index"), document.get("delta"))
        if kind == "content_block_start":
            return self._block(document.get("index"), document.get("content_block"))
        if kind == "content_block_stop":
            return self._block_end(document.get("index"))
        if kind == "message_start":
            return self._start(document.get("message"))
        if kind == "message_delta":
            return self._end(document)
        if kind == "message_stop":
            self.over = True
            return self._last_usage() + _DONE
        if kind == "ping":
            return self.ping
        if kind == "error":
            self.over = True
            error = error_from_wire(document) or ApiError("api_error", "the provider sent an error without a message")
            return _data(error_object(error))
        return b""

    def _start(self, message: object) -> bytes:
        if not isinstance(message, dict):
            return b""
        self._id, self._model = _word(message.get("id")), _word(message.get("model"))
        self._usage.merge(message.get("usage"))
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def _block(self, index: object, block: object) -> bytes:
        if type(index) is not int or not isinstance(block, dict):
            return b""
        kind = block.get("type")
        if kind == "text" and _word(block.get("text")):
            return self._chunk({"content": block["text"]})
        if kind == "thinking" and _word(block.get("thinking")):
            return self._chunk({"reasoning_content": block["thinking"]})
        if kind != "tool_use":
            return b""
        number = self._calls[index] = len(self._calls)
        function = {"name": _word(block.get("name")), "arguments": ""}
        given = block.get("input")
        self._silent[index] = msgspec.json.encode(given if isinstance(given, dict) else {})
        if self._legacy:
            return self._chunk({"function_call": function})
        call = {"index": number, "id": _word(block.get("id")), "type": "function", "function": function}
        return self._chunk({"tool_calls": [call]})

    def _delta(self, index: object, delta: object) -> bytes:
        if not isinstance(delta, dict):
            return b""
        kind = delta.get("type")
        if kind == "text_delta":
            text = _word(delta.get("text"))
            return self._chunk({"content": text}) if text else b""
        if kind == "thinking_delta":
            thinking = _word(delta.get("thinking"))
            return self._chunk({"reasoning_content": thinking}) if thinking else b""
        if kind == "input_json_delta" and type(index) is int and index in self._calls:
            return self._arguments(index, _word(delta.get("partial_json")))
        return b""

    def _arguments(self, index: int, piece: str) -> bytes:
        if not piece:
            return b""
        self._silent.pop(index, None)
        if self._legacy:
            return self._chunk({"function_call": {"arguments": piece}})
        return self._chunk({"tool_calls": [{"index": self._calls[index], "function": {"arguments": piece}}]})

    def _block_end(self, index: object) -> bytes:
        """Return the arguments of a call without deltas: no client can read "" as JSON."""
        began = self._silent.get(index) if type(index) is int else None
        return self._arguments(index, began.decode()) if began is not None and type(index) is int else b""

    def _end(self, document: dict[str, Any]) -> bytes:
        self._usage.merge(document.get("usage"))
        delta = document.get("delta")
        if not isinstance(delta, dict) or not isinstance(delta.get("stop_reason"), str):
            return b""
        said = refusal(delta.get("stop_details"))
        return self._chunk({"refusal": said} if said else {}, finish_reason(delta["stop_reason"], self._legacy))

    def _last_usage(self) -> bytes:
        return _data({**self._head(), "choices": [], "usage": self._usage.document}) if self._include_usage else b""

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        chunk = {**self._head(), "choices": [choice]}
        if self._include_usage:
            chunk["usage"] = None
        return _data(chunk)

    def _head(self) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._model,
        }


class ChatDocument:
    """Translates a whole Messages answer, once all of it has arrived."""

    def __init__(self, headers: HeaderList, *, created: int, legacy_functions: bool = False) -> None:
        self.headers = headers
        self.ping = b""
        self.over = False
        self.metrics: tuple[tuple[str, str], ...] = ()
        self._created = created
        self._legacy = legacy_functions
        self._parts: list[bytes] = []

    def feed(self, chunk: bytes) -> bytes:
        """Keep the bytes: a document is translated as a whole."""
        self._parts.append(chunk)
        return b""

    def finish(self) -> bytes:
        """Return the document in OpenAI's form. Raises Untranslatable if it is not a message, or cut."""
        return chat_completion(b"".join(self._parts), created=self._created, legacy_functions=self._legacy)


def _data(document: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(document) + b"\n\n"


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""
