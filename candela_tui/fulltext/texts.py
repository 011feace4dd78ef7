"""The texts of a request and its answer that can be searched.

A text is a content block as the Messages API has it: a prompt, an answer, thinking, a tool call's arguments, or the
result of a tool.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from candela_tui.analysis.answer import Answer
from candela_tui.protocol.answer_decoder import TOOL_CALLS
from candela_tui.protocol.raw_json import NULL, decode_json, raw_items, raw_members
from candela_tui.protocol.request import is_string, role_and_content

_WITHOUT_TEXT = frozenset({b'"image"', b'"redacted_thinking"'})


class Part(StrEnum):
    """What a text is. The values are those of ``candela search --in``."""

    PROMPT = "prompt"
    ANSWER = "answer"
    THINKING = "thinking"
    TOOL = "tool"
    """The arguments of a tool call."""
    RESULT = "result"
    """The result of a tool call."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text is."""

    message: int | None
    """The number of the message in the request, from 1; None: it is in the answer."""
    block: int
    """The number of the content block in the message or answer, from 0."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text."""

    part: Part
    tool: str | None
    """The tool that is called, or whose result it is."""
    place: Place
    text: str


def message_texts(number: int, message: msgspec.Raw, tools: dict[str, str]) -> Iterator[Text]:
    """Yield the texts of a request's message. ``tools`` has the tool of each call by its id, and gets those of this
    message."""
    role, content = role_and_content(message)
    plain = Part.ANSWER if role == "assistant" else Part.PROMPT
    if is_string(content):
        yield from _of_block({"type": "text", "text": decode_json(content)}, plain, Place(number, 0), tools)
        return
    for place, raw in enumerate(raw_items(content)):
        if _may_have_text(raw):
            yield from _of_block(decode_json(raw), plain, Place(number, place), tools)


def _may_have_text(block: msgspec.Raw) -> bool:
    """Return whether a block is worth decoding. Images and documents may have many megabytes of base64."""
    members = raw_members(block) or {}
    kind = bytes(members.get("type", NULL))
    if kind == b'"document"':
        source = raw_members(members.get("source", NULL)) or {}
        return bytes(source.get("type", NULL)) == b'"text"'
    return kind not in _WITHOUT_TEXT


def answer_texts(answer: Answer) -> Iterator[Text]:
    """Yield the texts of an answer."""
    tools: dict[str, str] = {}
    for place, block in enumerate(answer.blocks):
        yield from _of_block(block, Part.ANSWER, Place(None, place), tools)


def text_at(place: Place, messages: Sequence[msgspec.Raw], answer: Answer | None) -> str:
    """Return the text at a place of a request or its answer; empty if there is none."""
    found: Iterator[Text] = iter(())
    if place.message is None:
        if answer is not None:
            found = answer_texts(answer)
    elif place.message <= len(messages):
        found = message_texts(place.message, messages[place.message - 1], {})
    return next((each.text for each in found if each.place == place), "")


def _of_block(block: Any, plain: Part, place: Place, tools: dict[str, str]) -> Iterator[Text]:
    if not isinstance(block, dict):
        return
    kind = block.get("type")
    part, tool, text = plain, None, ""
    if not isinstance(kind, str):
        return
    if kind in TOOL_CALLS:
        part, tool = Part.TOOL, _word(block, "name")
        if tool and (call_id := _word(block, "id")):
            tools[call_id] = tool
        text = "\n".join(_strings(block.get("input")))
    elif kind == "thinking":
        part, text = Part.THINKING, _word(block, "thinking") or ""
    elif kind.endswith("tool_result"):
        part, tool = Part.RESULT, tools.get(_word(block, "tool_use_id") or "")
        text = "\n".join(_result_texts(block.get("content")))
    elif kind == "text":
        text = _word(block, "text") or ""
    elif kind == "document":
        source = block.get("source")
        text = "\n".join(filter(None, (_word(block, "title"), _document_text(source))))
    if text.strip():
        yield Text(part, tool, place, text)


def _word(block: Mapping[str, Any], name: str) -> str | None:
    value = block.get(name)
    return value if isinstance(value, str) else None


def _strings(value: Any) -> Iterator[str]:
    """Yield what a tool's arguments say, without their names."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


_OF_RESULT = ("title", "url", "text", "stdout", "stderr", "content")
"""The members of a result, and of the blocks in it, that have text. Others are encrypted, encoded or identifiers."""


def _result_texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for each in content:
            yield from _result_texts(each)
    elif isinstance(content, dict):
        for name in _OF_RESULT:
            yield from _result_texts(content.get(name))


def _document_text(source: Any) -> str | None:
    if not isinstance(source, dict) or source.get("type") != "text":
        return None
    return _word(source, "data")
