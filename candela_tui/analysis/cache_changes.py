"""What changed between two requests that makes what the cache has of the first unreadable for the second."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from candela_tui.analysis.cache_rules import PARAMETERS
from candela_tui.analysis.items import Item, first_text
from candela_tui.analysis.prompt_blocks import PARTS, Part, Prompt, difference_path
from candela_tui.exchange import Exchange
from candela_tui.exchange.cache_diagnosis import Cause, Confidence
from candela_tui.protocol.claude_code.user_text import is_summary
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.raw_json import decode_json

_CHANGED: Final = {
    "tools": Cause.TOOLS_CHANGED,
    "system": Cause.SYSTEM_PROMPT_CHANGED,
    "messages": Cause.MESSAGES_REWRITTEN,
}
_PROJECT = re.compile(r"/projects/([^/]+)/")
_BEGINNING = 200
"""Characters of a text that say what it is."""
_SUMMARY_WITHIN = 8
"""Blocks at the beginning of a conversation in which the summary of an earlier one is looked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with its prompt; None if its body is not kept or can't be read."""

    exchange: Exchange
    prompt: Prompt | None


@dataclass(frozen=True, slots=True)
class Change:
    """The first change that makes what is behind it unreadable."""

    place: int
    """The position of the first block of the earlier prompt that can't be read."""
    cause: Cause
    confidence: Confidence
    where: str


def elsewhere(one: Exchange, other: Exchange) -> tuple[Cause, Confidence, str] | None:
    """Return why two requests do not share a cache at all, with what differs; None if they may share one."""
    for name in ("route", "provider", "region"):
        if getattr(one, name) != getattr(other, name):
            return Cause.ROUTE_CHANGED, "certain", name
    # What was imported does not say where it was sent, nor with whose credentials.
    if one.imported is None and other.imported is None:
        if one.gateway != other.gateway:
            return Cause.ROUTE_CHANGED, "certain", "gateway"
        if one.url and other.url and _place(one) != _place(other):
            return Cause.ROUTE_CHANGED, "certain", "url"
        if one.subscription != other.subscription:
            return Cause.ROUTE_CHANGED, "likely", "authorization"
    if one.model != other.model:
        return Cause.MODEL_CHANGED, "certain", "model"
    if one.model_used and other.model_used and one.model_used != other.model_used:
        return Cause.MODEL_CHANGED, "certain", "model"
    return None


def _place(exchange: Exchange) -> tuple[str, str | None]:
    """Return the host that a request was sent to, and the cloud's project."""
    project = _PROJECT.search(exchange.url)
    return urlsplit(exchange.url).netloc, project[1] if project is not None else None


def first_change(now: Prompt, before: Prompt, one: Exchange) -> Change | None:
    """Return the first thing that changed in the provider's order, of the settings and of the blocks."""
    same = now.common_prefix(before)
    content = None
    if same < len(before.blocks):
        part = _changed_part(now, before, same)
        compacted = part == "messages" and (one.kind is Kind.COMPACTION or _compacted(now) != _compacted(before))
        cause = Cause.COMPACTED if compacted else _CHANGED[part]
        content = Change(same, cause, "certain", _where(now, before, same))
    for parameter in PARAMETERS:
        if now.parameter(parameter.name) == before.parameter(parameter.name):
            continue
        place = before.begin_of(parameter.since)
        first = (
            content is None or place < content.place or (place == content.place and parameter.confidence == "certain")
        )
        if first and place < len(before.blocks):
            return Change(place, Cause.PARAMETERS_CHANGED, parameter.confidence, parameter.name)
    return content


def _compacted(prompt: Prompt) -> bool:
    """Return whether a conversation begins with the summary of an earlier one."""
    begin = prompt.begin_of("messages")
    blocks = prompt.blocks[begin : begin + _SUMMARY_WITHIN]
    return any(is_summary(first_text(block.item, _BEGINNING)) for block in blocks)


def _changed_part(now: Prompt, before: Prompt, place: int) -> Part:
    """Return the part with the first change: the earlier one, where a tool or a block was added or left out at the end
    of a part."""
    new = now.blocks[place : place + 1]
    return min((block.part for block in (*new, before.blocks[place])), key=PARTS.index)


def _where(now: Prompt, before: Prompt, place: int) -> str:
    old, new = before.blocks[place], now.blocks[place] if place < len(now.blocks) else None
    if new is None or new.part != old.part:
        added = new is not None and PARTS.index(new.part) < PARTS.index(old.part)
        return new.path if new is not None and added else old.path
    if new.item.label != old.item.label:
        # Another tool, or another kind of block.
        return new.path
    return f"{new.path}{difference_path(_value(old.item), _value(new.item))}"


def _value(item: Item) -> object:
    """Return a block's value. A text may be a string, which means the same as a block."""
    value = decode_json(item.raw)
    return {"type": "text", "text": value} if isinstance(value, str) else value


def changed_items(now: Prompt, before: Prompt) -> tuple[Item | None, Item | None] | None:
    """Return the first block that differs: as it was, and as it is; None for one that was added or left out. None if
    the old prompt is the beginning of the new one."""
    same = now.common_prefix(before)
    if same >= len(before.blocks):
        return None
    part = _changed_part(now, before, same)
    old, new = ((prompt.blocks[same] if same < len(prompt.blocks) else None) for prompt in (before, now))
    return (
        old.item if old is not None and old.part == part else None,
        new.item if new is not None and new.part == part else None,
    )
