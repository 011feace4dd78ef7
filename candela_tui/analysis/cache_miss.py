"""Why a request did not read all of its prompt from the cache, as far as both requests and their usage tell.

The causes have Claude Code's own names where it has one (the status line's ``miss_causes``, 2.1.332). What invalidates
what: https://docs.claude.com/en/docs/build-with-claude/prompt-caching, "What invalidates the cache".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from candela_tui.analysis.cache import cache_life
from candela_tui.analysis.conversation import CONTINUING, same_agent
from candela_tui.analysis.costs import with_cost
from candela_tui.analysis.items import Item
from candela_tui.analysis.prompt_blocks import Prompt, difference_path
from candela_tui.exchange import Exchange
from candela_tui.exchange.cache_diagnosis import CacheState, Cause, Confidence, Diagnosis
from candela_tui.pricing import Pricer
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.raw_json import decode_json
from candela_tui.protocol.usage import Usage

VERSION: Final = 1
"""Raise it with each change of what ``diagnose`` returns, so that stored results are worked out again."""
_ROUNDING = 0.01
"""The share of a prompt by which a full read may fall short: providers count a cached prefix in blocks."""
_LOOKBACK = 20
"""How many blocks before a mark the provider looks for an earlier entry (same source, "How automatic prefix checking
works")."""
_LARGEST_MINIMUM = 4096
"""Tokens. A shorter prompt may be below the minimum of its model: 1,024 to 4,096 (same source, "Cache limitations")."""


_PARAMETERS: Mapping[str, Confidence] = {
    "thinking": "certain",
    "tool_choice": "certain",
    "speed": "certain",
    # Not in the source's table. It is part of what the model is told, as thinking is.
    "output_config": "likely",
    "reasoning_effort": "likely",
}
"""Settings whose change invalidates the messages, and how sure that is."""
_CHANGED = {
    "tools": Cause.TOOLS_CHANGED,
    "system": Cause.SYSTEM_PROMPT_CHANGED,
    "messages": Cause.MESSAGES_REWRITTEN,
}
_EXPIRED = {"5m": Cause.TTL_EXPIRED_5M, "1h": Cause.TTL_EXPIRED_1H}
_REASON = "cache_miss_reason"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with its prompt; None if its body is not kept or can't be read."""

    exchange: Exchange
    prompt: Prompt | None


_WORDS = {
    Cause.FIRST_REQUEST: "the first request of this agent; nothing was in the cache",
    Cause.TOOLS_CHANGED: "a tool changed, so nothing behind it could be read",
    Cause.SYSTEM_PROMPT_CHANGED: "the system prompt changed, so nothing behind the change could be read",
    Cause.MESSAGES_REWRITTEN: "an earlier message changed, so nothing behind it could be read",
    Cause.MODEL_CHANGED: "another model; each has a cache of its own",
    Cause.TTL_EXPIRED_5M: "the cache was not used for more than 5 minutes, and expired",
    Cause.TTL_EXPIRED_1H: "the cache was not used for more than an hour, and expired",
    Cause.PARAMETERS_CHANGED: "a setting changed that the cached prompt depends on",
    Cause.CACHE_MARKS_MOVED: "no cache_control mark is at or behind the end of what was in the cache",
    Cause.BELOW_MINIMUM: "the prompt may be shorter than the model's minimum for the cache",
    Cause.ROUTE_CHANGED: "another provider, region or route; each has a cache of its own",
    Cause.COMPACTED: "the conversation was compacted, and its summary is a new beginning",
    Cause.LOOKBACK_EXCEEDED: "the next mark is more than 20 blocks behind the end of what was in the cache",
    Cause.LIKELY_SERVER_SIDE: "the prompt begins as before and was fresh, so the provider no longer had it",
    Cause.UNKNOWN: "the bodies of the two requests are not both kept, so they can't be compared",
}


def explained(diagnosis: Diagnosis) -> str:
    """Return a diagnosis as a sentence without its end."""
    if diagnosis.state is None:
        return "the answer states no usage"
    if diagnosis.cause is not None:
        return _WORDS[diagnosis.cause]
    if diagnosis.state is CacheState.OFF:
        return "the request has no cache_control marks"
    return "all that was in the cache was read"


def latest_cached(exchanges: Iterable[Exchange], exchange: Exchange) -> Exchange | None:
    """Return the latest request of the same agent that left something in the cache before this one began, or None.

    ``exchanges`` are those of the session, in any order."""
    return max(
        (
            other
            for other in exchanges
            if other.id < exchange.id
            and same_agent(other, exchange)
            and other.kind in CONTINUING
            and _cached_tokens(other)
            # A prompt is in the cache once its answer begins.
            and _used_at(other) <= exchange.started_at
        ),
        key=lambda other: other.id,
        default=None,
    )


def measured_of(usage: Usage | None, answer_facts: Iterable[tuple[str, str]]) -> Diagnosis:
    """Return what an answer states of the cache, without what became of it."""
    reason = dict(answer_facts).get(_REASON)
    if usage is None or usage.prompt_tokens is None:
        return Diagnosis(None, provider_reason=reason)
    return Diagnosis(
        None,
        read_tokens=usage.cache_read_tokens,
        write_5m_tokens=usage.cache_write_5m_tokens,
        write_1h_tokens=usage.cache_write_1h_tokens,
        provider_reason=reason,
    )


def diagnose(now: Asked, before: Asked | None) -> Diagnosis:
    """Return what became of a request's cache. ``before`` is the request whose cache it could read (see
    ``latest_cached``), None if there is none."""
    exchange = now.exchange
    usage = exchange.usage
    measured = measured_of(usage, exchange.answer_facts)
    if usage is None or usage.prompt_tokens is None:
        return measured
    read = usage.cache_read_tokens
    if before is None:
        return _first(measured, now)
    expected = _cached_tokens(before.exchange)
    idle = max(timedelta(0), exchange.started_at - _used_at(before.exchange))
    life = cache_life([before.exchange])
    compared = replace(
        measured,
        previous_id=before.exchange.id,
        idle=idle,
        ttl=life.ttl if life else None,
        expected_read_tokens=expected,
    )
    if (read or 0) >= expected * (1 - _ROUNDING):
        return replace(compared, state=CacheState.HIT, rewritten_tokens=0)
    state = CacheState.PARTIAL if read else CacheState.MISS
    compared = replace(compared, rewritten_tokens=min(usage.cache_write_tokens or 0, expected - (read or 0)))
    if now.prompt is not None and now.prompt.last_mark is None:
        return replace(compared, state=CacheState.OFF, cause=Cause.CACHE_MARKS_MOVED)
    cause, confidence, where = _cause(now, before, idle, compared.ttl)
    return replace(compared, state=state, cause=cause, confidence=confidence, where=where)


def _first(measured: Diagnosis, now: Asked) -> Diagnosis:
    if measured.read_tokens:
        # Another conversation has left the same tools and system prompt there.
        return replace(measured, state=CacheState.HIT)
    if now.prompt is not None and now.prompt.last_mark is None:
        return replace(measured, state=CacheState.OFF)
    written = (measured.write_5m_tokens or 0) + (measured.write_1h_tokens or 0)
    prompt_tokens = now.exchange.usage.prompt_tokens if now.exchange.usage else None
    if now.prompt is not None and not written and (prompt_tokens or 0) < _LARGEST_MINIMUM:
        return replace(measured, state=CacheState.COLD, cause=Cause.BELOW_MINIMUM, confidence="likely")
    return replace(measured, state=CacheState.COLD, cause=Cause.FIRST_REQUEST)


def _cause(now: Asked, before: Asked, idle: timedelta, ttl: str | None) -> tuple[Cause, Confidence, str | None]:
    one, other = before.exchange, now.exchange
    for name, cause in (
        ("route", Cause.ROUTE_CHANGED),
        ("provider", Cause.ROUTE_CHANGED),
        ("region", Cause.ROUTE_CHANGED),
        ("model", Cause.MODEL_CHANGED),
    ):
        if getattr(one, name) != getattr(other, name):
            return cause, "certain", name
    expired = _EXPIRED[ttl] if ttl is not None and idle >= _span(ttl) else None
    if now.prompt is None or before.prompt is None:
        return (expired, "likely", None) if expired else (Cause.UNKNOWN, "unknown", None)
    changed = _content_change(now.prompt, before.prompt, one)
    if changed is not None:
        cause, confidence, where, survives = changed
        # What does not change would have been read if it were still there.
        if expired and survives and not (other.usage and other.usage.cache_read_tokens):
            return expired, "certain", None
        return cause, confidence, where
    if expired:
        return expired, "certain", None
    return _unchanged(now, before)


def _content_change(now: Prompt, before: Prompt, one: Exchange) -> tuple[Cause, Confidence, str, bool] | None:
    """Return what changed before the end of the cached prefix, and whether a mark before that is the same as it was."""
    kept = before.last_mark if before.last_mark is not None else len(before.blocks) - 1
    same = now.common_prefix(before)
    survives = any(block.mark for block in before.blocks[:same])
    part = before.blocks[same].part if same <= kept else "messages"
    if part == "messages":
        for name, confidence in _PARAMETERS.items():
            if now.settings.get(name) != before.settings.get(name):
                return Cause.PARAMETERS_CHANGED, confidence, name, survives
        if now.has_images != before.has_images:
            return Cause.PARAMETERS_CHANGED, "certain", "image", survives
    if same > kept:
        return None
    cause = Cause.COMPACTED if part == "messages" and one.kind is Kind.COMPACTION else _CHANGED[part]
    return cause, "certain", _where(now, before, same), survives


def _where(now: Prompt, before: Prompt, place: int) -> str:
    old = before.blocks[place]
    if place >= len(now.blocks) or now.blocks[place].part != old.part:
        return old.path
    new = now.blocks[place]
    return f"{new.path}{difference_path(decode_json(old.item.raw), decode_json(new.item.raw))}"


def changed_items(now: Prompt, before: Prompt) -> tuple[Item, Item | None] | None:
    """Return the first block that differs: as it was, and as it is (None if there is none in its place). None if the
    old prompt is the beginning of the new one."""
    same = now.common_prefix(before)
    if same >= len(before.blocks):
        return None
    old = before.blocks[same]
    new = now.blocks[same] if same < len(now.blocks) and now.blocks[same].part == old.part else None
    return old.item, new.item if new is not None else None


def _unchanged(now: Asked, before: Asked) -> tuple[Cause, Confidence, str | None]:
    """Return why the same prefix was not found although it was fresh."""
    assert now.prompt is not None
    assert before.prompt is not None
    kept, marks = before.prompt.last_mark, [place for place, block in enumerate(now.prompt.blocks) if block.mark]
    if kept is not None:
        behind = [place for place in marks if place >= kept]
        if not behind:
            return Cause.CACHE_MARKS_MOVED, "certain", now.prompt.blocks[marks[-1]].path
        if behind[0] - kept > _LOOKBACK:
            return Cause.LOOKBACK_EXCEEDED, "certain", now.prompt.blocks[behind[0]].path
    if before.exchange.betas != now.exchange.betas:
        return Cause.PARAMETERS_CHANGED, "likely", "anthropic-beta"
    return Cause.LIKELY_SERVER_SIDE, "likely", None


def _span(ttl: str) -> timedelta:
    return timedelta(hours=1) if ttl == "1h" else timedelta(minutes=5)


def _used_at(exchange: Exchange) -> datetime:
    return exchange.started_at + timedelta(milliseconds=exchange.marks.first_byte or 0)


def _cached_tokens(exchange: Exchange) -> int:
    usage = exchange.usage
    return (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0) if usage is not None else 0


def rewrite_usd(exchange: Exchange, tokens: int, pricer: Pricer) -> Decimal | None:
    """Return what it cost more to write these tokens again than to read them, in USD; None if the cost is not known.

    Both are priced as the exchange was; of the written tokens, those with the shorter lifetime count first.
    """
    usage, basis = exchange.usage, exchange.price_basis
    if usage is None or basis is None:
        return None
    of_5m = min(tokens, usage.cache_write_5m_tokens or 0)
    of_1h = min(tokens - of_5m, usage.cache_write_1h_tokens or 0)
    if_read = replace(
        usage,
        cache_read_tokens=(usage.cache_read_tokens or 0) + of_5m + of_1h,
        cache_write_5m_tokens=(usage.cache_write_5m_tokens or 0) - of_5m,
        cache_write_1h_tokens=usage.cache_write_1h_tokens - of_1h if usage.cache_write_1h_tokens is not None else None,
    )
    paid = with_cost(exchange, basis, pricer).cost
    otherwise = with_cost(replace(exchange, usage=if_read), basis, pricer).cost
    return paid.total - otherwise.total if paid is not None and otherwise is not None else None
