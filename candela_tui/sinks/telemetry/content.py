"""What was said, in the form of OpenTelemetry's conventions for generative AI: messages of parts.

Source: https://github.com/open-telemetry/semantic-conventions-genai (gen-ai-input-messages.json, -output-messages.json)
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from candela_tui.analysis.answer import read_answer
from candela_tui.exchange import Exchange
from candela_tui.protocol.answer_decoder import TOOL_CALLS
from candela_tui.protocol.raw_json import NULL, decode_json, raw_items, raw_members
from candela_tui.redaction import redact_text
from candela_tui.sinks.telemetry.attributes import Attributes
from candela_tui.sinks.telemetry.session_spans import ToolCall

_MOST: Final = 256 * 1024
"""Characters of one attribute. Collectors take 4 MB a message, and services less."""
_encoder: Final = msgspec.json.Encoder(enc_hook=str)


@dataclass(frozen=True, slots=True)
class Content:
    """What an exchange says, as far as it is needed."""

    attributes: Attributes = field(default_factory=dict)
    calls: tuple[ToolCall, ...] = ()
    results: Mapping[str, str] = field(default_factory=dict)
    """The results of tool calls that the request has, by the id of the call."""


def calls_of(exchange: Exchange, chunks: Sequence[bytes] | None, *, full: bool) -> tuple[ToolCall, ...]:
    """Return the tool calls in an answer, with their arguments if ``full``. Without its bytes, the tools alone."""
    if not exchange.tools_called:
        return ()
    if chunks is not None:
        blocks = read_answer(exchange.status, exchange.response_headers or (), chunks).blocks
        found = tuple(_calls(blocks, full=full))
        if found:
            return found
    return tuple(ToolCall(str(number), tool) for number, tool in enumerate(exchange.tools_called))


def content_of(exchange: Exchange, request: bytes, chunks: Sequence[bytes] | None) -> Content:
    """Return everything that was said. The request is read in slices, and of a long one only the newest messages."""
    attributes: Attributes = {}
    body = raw_members(request) or {}
    messages = raw_items(body.get("messages", NULL))
    system = list(_parts(decode_json(body.get("system", NULL))))
    cut = False
    for name, parts in (
        ("gen_ai.system_instructions", reversed(system)),
        ("gen_ai.input.messages", (_message(decode_json(each)) for each in reversed(messages))),
        ("gen_ai.tool.definitions", (decode_json(each) for each in reversed(raw_items(body.get("tools", NULL))))),
    ):
        cut |= _add(attributes, name, parts)
    calls: tuple[ToolCall, ...] = ()
    if chunks is not None:
        blocks = read_answer(exchange.status, exchange.response_headers or (), chunks).blocks
        calls = tuple(_calls(blocks, full=True))
        if blocks:
            said = {"role": "assistant", "parts": list(_parts(blocks)), "finish_reason": exchange.stop_reason or ""}
            cut |= _add(attributes, "gen_ai.output.messages", (said,))
    if cut:
        attributes["candela.content.truncated"] = True
    return Content(attributes, calls, dict(_results(decode_json(each) for each in messages[-1:])))


def _message(message: Any) -> dict[str, Any]:
    if not isinstance(message, Mapping):
        return {"role": "", "parts": []}
    return {"role": message.get("role", ""), "parts": list(_parts(message.get("content")))}


def _parts(content: Any) -> Iterator[dict[str, Any]]:
    if isinstance(content, str):
        yield {"type": "text", "content": content}
        return
    for block in content if isinstance(content, list | tuple) else ():
        if not isinstance(block, Mapping):
            continue
        match block.get("type"):
            case "text":
                yield {"type": "text", "content": block.get("text", "")}
            case "thinking":
                yield {"type": "reasoning", "content": block.get("thinking", "")}
            case "tool_result":
                yield {
                    "type": "tool_call_response",
                    "id": block.get("tool_use_id"),
                    "response": _text(block.get("content")),
                }
            case kind if kind in TOOL_CALLS:
                yield {
                    "type": "tool_call",
                    "id": block.get("id"),
                    "name": block.get("name", ""),
                    "arguments": block.get("input"),
                }
            case kind:
                # An image, a document: what it is, without its bytes.
                yield {"type": kind if isinstance(kind, str) else "unknown"}


def _calls(blocks: Iterable[Any], *, full: bool) -> Iterator[ToolCall]:
    for number, block in enumerate(blocks):
        # Tools of the provider run within its answer.
        if isinstance(block, Mapping) and block.get("type") == "tool_use":
            given = block.get("id")
            arguments = _shortened(redact_text(_json(block.get("input")))) if full else None
            yield ToolCall(given if isinstance(given, str) else str(number), str(block.get("name", "")), arguments)


def _results(messages: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for message in messages:
        for block in _list(message.get("content")) if isinstance(message, Mapping) else ():
            if isinstance(block, Mapping) and block.get("type") == "tool_result":
                yield str(block.get("tool_use_id", "")), _shortened(redact_text(_text(block.get("content"))))


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("content", "")) for part in _parts(content) if part["type"] == "text")


def _add(attributes: Attributes, name: str, newest_first: Iterable[Any]) -> bool:
    """Add parts as JSON without credentials, and return whether the oldest of them had to be left out."""
    pieces: list[str] = []
    room = _MOST
    whole = True
    for part in newest_first:
        piece = redact_text(_json(part))
        room -= len(piece) + 1
        if room < 0:
            whole = False
            break
        pieces.append(piece)
    if pieces:
        attributes[name] = f"[{','.join(reversed(pieces))}]"
    return not whole


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"


def _json(value: Any) -> str:
    return _encoder.encode(value).decode()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
