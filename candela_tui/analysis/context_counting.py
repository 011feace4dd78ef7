"""What to count to know the tokens of each part of a prompt, rather than to estimate them.

A provider counts whole requests. So each part in turn is taken out of the request, and has the tokens by which the
count falls. A part that can't be counted so, because a request without it is not valid, keeps its estimate.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from candela_tui.analysis.context_items import SUMMARY, Kind, Source
from candela_tui.analysis.context_parts import Context, ContextPart, CountedItem, shared_out
from candela_tui.protocol.claude_code.prompt_sections import (
    Section,
    SectionKind,
    reminder_sections,
    system_sections,
)
from candela_tui.protocol.claude_code.reminders import split_reminders
from candela_tui.protocol.claude_code.user_text import is_summary

_COUNTED_FIELDS = ("model", "messages", "system", "tools", "tool_choice", "thinking")
"""What has tokens. Source: https://docs.claude.com/en/api/messages-count-tokens."""
_LEAST = 20
"""Estimated tokens below which a part is not worth a request."""
_NOT_TAKEN_OUT = (Kind.OTHER, Kind.PROVIDER)
"""Kinds of parts that no request can be without."""
_STUB = "."
"""Stands for a text that was taken out: there must be one."""

_Document = dict[str, Any]
_Leaves = Callable[[Section], bool]
"""Whether a section is part of what is taken out."""


def to_count(context: Context) -> list[ContextPart]:
    """Return the parts that are worth counting."""
    return [part for part in context.parts if part.tokens >= _LEAST and part.kind not in _NOT_TAKEN_OUT]


def requests_to_count(document: Mapping[str, Any], parts: Sequence[ContextPart]) -> Iterator[_Document]:
    """Yield the request as it was, then without each of the parts."""
    whole = {name: document[name] for name in _COUNTED_FIELDS if name in document}
    yield whole
    for part in parts:
        without = copy.deepcopy(whole)
        _take_out(without, part)
        yield without


def with_counts(context: Context, parts: Sequence[ContextPart], counts: Sequence[int | None]) -> Context:
    """Return a context whose parts have their counts. ``counts`` are those of ``requests_to_count``; None where the
    provider refused to count.

    What is around the parts, such as the roles of messages, and parts that were not counted have the rest. A count may
    differ a little from the prompt that was measured, so all of it is scaled to that.
    """
    whole = counts[0]
    assert whole is not None
    tokens = {
        _key(part): max(0, whole - count) for part, count in zip(parts, counts[1:], strict=True) if count is not None
    }
    others = [part for part in context.parts if part.tokens and _key(part) not in tokens]
    rest = max(0, whole - sum(tokens.values()))
    if others:
        tokens |= zip(map(_key, others), shared_out(rest, [float(part.tokens) for part in others]), strict=True)
    if not any(tokens.values()):
        return context
    total = whole if context.prompt_tokens is None else context.prompt_tokens
    scaled = shared_out(total, [float(tokens.get(_key(part), 0)) for part in context.parts])
    counted = [_counted(part, number) for part, number in zip(context.parts, scaled, strict=True)]
    order = list(Source)
    return replace(
        context,
        parts=tuple(sorted(counted, key=lambda part: (order.index(part.source), -part.tokens))),
        prompt_tokens=total,
    )


def estimate_error(estimated: Context, counted: Context) -> float:
    """Return the share of the prompt that the estimate gave to wrong parts, 0 to 1."""
    known = {_key(part): part.tokens for part in estimated.parts}
    wrong = sum(abs(part.tokens - known.get(_key(part), 0)) for part in counted.parts)
    return wrong / 2 / counted.tokens if counted.tokens else 0.0


def _key(part: ContextPart) -> tuple[Source, str, str]:
    return part.source, part.kind, part.name


def _counted(part: ContextPart, tokens: int) -> ContextPart:
    """Return a part with its count, which its pieces share."""
    weights = [float(each.tokens) for each in part.items]
    shares = shared_out(tokens, weights if any(weights) else [1.0] * len(weights))
    items = tuple(CountedItem(each.item, share) for each, share in zip(part.items, shares, strict=True))
    return replace(part, tokens=tokens, items=items)


def _take_out(document: _Document, part: ContextPart) -> None:
    if part.source is Source.TOOLS and part.kind != Kind.DEFERRED:
        _take_tool(document, part.name)
        return
    sections = _SECTIONS.get(part.kind)
    if sections is not None:
        _take_texts(document, lambda section: section.kind in sections and section.name == part.name)
    elif part.kind in _SECTION_KINDS:
        kind = SectionKind.DEFERRED_TOOLS if part.kind == Kind.DEFERRED else part.kind
        _take_texts(document, lambda section: section.kind == kind and section.name == part.name)
    else:
        _take_blocks(document, part)


_SECTIONS: Mapping[str, tuple[SectionKind, ...]] = {
    Kind.USER: (SectionKind.USER,),
    Kind.SUMMARY: (SectionKind.USER,),
    Kind.REMINDER: (SectionKind.REMINDER, SectionKind.ATTACHED_FILE),
}
_SECTION_KINDS = frozenset({kind.value for kind in SectionKind} | {Kind.DEFERRED.value})


def _take_tool(document: _Document, name: str) -> None:
    tools = document.get("tools", [])
    others = [tool for tool in tools if tool.get("name") != name]
    # Calls of tools are only valid beside a tool.
    loaded = [tool for tool in others if not tool.get("defer_loading")]
    document["tools"] = others if loaded else [*others, {"name": name, "input_schema": {"type": "object"}}]


def _take_texts(document: _Document, leaves: _Leaves) -> None:
    system = document.get("system")
    if isinstance(system, str):
        document["system"] = _kept(system_sections(system), leaves)
    elif isinstance(system, list):
        for block in system:
            block["text"] = _kept(system_sections(block.get("text", "")), leaves)
    for message in document.get("messages", []):
        if message.get("role") == "assistant":
            continue
        of_system = message.get("role") == "system"
        if isinstance(message.get("content"), str):
            message["content"] = _text_without(message["content"], of_system, leaves)
        for block in _blocks(message):
            if isinstance(block.get("text"), str):
                block["text"] = _text_without(block["text"], of_system, leaves)
            elif block.get("type") == "tool_result":
                _take_from_result(block, leaves)


def _take_from_result(block: _Document, leaves: _Leaves) -> None:
    """Take sections out of the reminders in a tool's result. The rest of its text is not the user's."""

    def reminders(section: Section) -> bool:
        return section.kind is not SectionKind.USER and leaves(section)

    if isinstance(block.get("content"), str):
        block["content"] = _text_without(block["content"], False, reminders)
    for inner in _blocks(block):
        if isinstance(inner.get("text"), str):
            inner["text"] = _text_without(inner["text"], False, reminders)


def _text_without(text: str, of_system: bool, leaves: _Leaves) -> str:
    if of_system:
        return _kept(reminder_sections(text), leaves)
    kept = []
    for is_reminder, part in split_reminders(text):
        if not is_reminder:
            name = SUMMARY if is_summary(part) else "user"
            kept.append("" if part.strip() and leaves(Section(SectionKind.USER, name, part)) else part)
            continue
        inner = part.replace("<system-reminder>", "").replace("</system-reminder>", "").lstrip("\n")
        rest = "".join(section.text for section in reminder_sections(inner) if not leaves(section))
        kept.append(f"<system-reminder>\n{rest}</system-reminder>\n" if rest.strip() else "")
    whole = "".join(kept)
    return whole if whole.strip() else _STUB


def _kept(sections: Iterator[Section], leaves: _Leaves) -> str:
    whole = "".join(section.text for section in sections if not leaves(section))
    return whole if whole.strip() else _STUB


def _take_blocks(document: _Document, part: ContextPart) -> None:
    names: dict[str, str] = {}
    for message in document.get("messages", []):
        if part.kind == Kind.ASSISTANT and message.get("role") == "assistant" and isinstance(message["content"], str):
            message["content"] = _STUB
        kept = []
        for block in _blocks(message):
            kind = str(block.get("type"))
            if kind.endswith("tool_use"):
                names[str(block.get("id"))] = str(block.get("name"))
                if part.kind == Kind.TOOL_CALL and block.get("name") == part.name:
                    block["input"] = {}
            elif kind.endswith("tool_result"):
                _take_from_content(block, part, names.get(str(block.get("tool_use_id"))))
            elif _is_of(kind, message.get("role"), part):
                if kind == "text":
                    block["text"] = _STUB
                else:
                    continue
            kept.append(block)
        if isinstance(message.get("content"), list):
            message["content"] = kept or [{"type": "text", "text": _STUB}]


def _is_of(kind: str, role: object, part: ContextPart) -> bool:
    if part.kind == Kind.ASSISTANT:
        return kind == "text" and role == "assistant"
    if part.kind == Kind.THINKING:
        return kind in ("thinking", "redacted_thinking")
    return kind == part.kind


def _take_from_content(result: _Document, part: ContextPart, tool: str | None) -> None:
    content = result.get("content")
    if part.kind in (Kind.IMAGE, Kind.DOCUMENT) and isinstance(content, list):
        result["content"] = [block for block in content if block.get("type") != part.kind] or _STUB
    elif part.kind == Kind.TOOL_RESULT and tool == part.name:
        if isinstance(content, list):
            others = [block for block in content if block.get("type") not in ("text", "search_result")]
            result["content"] = others or _STUB
        else:
            result["content"] = _STUB


def _blocks(holder: _Document) -> list[_Document]:
    content = holder.get("content")
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
