"""Chat completions as content blocks of the Messages API.

Source: https://platform.openai.com/docs/api-reference/chat/object and .../chat-streaming; ``reasoning_content`` is what
``completion.py`` and ``stream.py`` write for thinking.
"""

from collections.abc import Iterator
from typing import Any

from candela_tui.protocol.raw_json import decode_json
from candela_tui.protocol.sse import SSEDecoder


def chat_blocks(body: bytes) -> list[dict[str, Any]]:
    """Return the content of the first choice of an answer, streamed or whole. What is malformed is left out."""
    answer = _Answer()
    for message in _messages(body):
        answer.add(message)
    return answer.blocks()


class _Answer:
    """The parts of an answer as they grow."""

    def __init__(self) -> None:
        self._thinking: list[str] = []
        self._text: list[str] = []
        self._calls: dict[int, dict[str, str]] = {}

    def add(self, message: dict[str, Any]) -> None:
        """Add a whole message, or what a chunk adds to it."""
        for name, parts in (("reasoning_content", self._thinking), ("content", self._text), ("refusal", self._text)):
            if isinstance(message.get(name), str):
                parts.append(message[name])
        calls = message.get("tool_calls")
        calls = list(calls) if isinstance(calls, list) else []
        if isinstance(message.get("function_call"), dict):
            calls.append({"function": message["function_call"]})
        for place, call in enumerate(calls):
            if isinstance(call, dict):
                self._add_call(call, place)

    def _add_call(self, call: dict[str, Any], place: int) -> None:
        number = call.get("index")
        known = self._calls.setdefault(number if type(number) is int else place, {"id": "", "name": "", "input": ""})
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        for name, value in (("id", call.get("id")), ("name", function.get("name"))):
            known[name] = value if isinstance(value, str) and value else known[name]
        arguments = function.get("arguments")
        known["input"] += arguments if isinstance(arguments, str) else ""

    def blocks(self) -> list[dict[str, Any]]:
        """Return the content blocks."""
        thinking, text = "".join(self._thinking), "".join(self._text)
        found: list[dict[str, Any]] = [{"type": "thinking", "thinking": thinking}] if thinking else []
        if text:
            found.append({"type": "text", "text": text})
        for _, call in sorted(self._calls.items()):
            given = decode_json(call["input"].encode("utf-8", "replace"))
            call_input = call["input"] if given is None else given
            found.append({"type": "tool_use", "id": call["id"], "name": call["name"], "input": call_input})
        return found


def _messages(body: bytes) -> Iterator[dict[str, Any]]:
    if body.lstrip()[:1] == b"{":
        yield from _choice(decode_json(body), "message")
        return
    for event in SSEDecoder().feed(body):
        yield from _choice(decode_json(event.data), "delta")


def _choice(document: Any, name: str) -> Iterator[dict[str, Any]]:
    choices = document.get("choices") if isinstance(document, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get(name) if isinstance(first, dict) else None
    if isinstance(message, dict):
        yield message
