"""Why a request did not read all of its prompt from the cache, as far as both requests and their usage tell.

A request is compared with the latest earlier one of its agent that left something in the cache. An agent's first
request, or one beside its conversation, is compared with what other agents and sessions left there.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import takewhile
from typing import Final

from candela_tui.analysis.cache import SPANS
from candela_tui.analysis.cache_baselines import cached_tokens, continues, lifetimes, shared_prefixes
from candela_tui.analysis.cache_changes import Asked, elsewhere, first_change
from candela_tui.analysis.cache_rules import (
    BETAS_WITHOUT_PROMPT,
    LARGEST_MINIMUM,
    LOOKBACK,
    PROVIDER_REASONS,
    drops_thinking,
    minimum_tokens,
)
from candela_tui.analysis.costs import with_cost
from candela_tui.analysis.prompt_blocks import Prompt
from candela_tui.exchange import Exchange
from candela_tui.exchange.cache_diagnosis import CacheState, Cause, Confidence, Diagnosis
from candela_tui.pricing import Pricer
from candela_tui.protocol.usage import Usage

VERSION: Final = 5
"""Raise it with each change of what ``diagnose`` returns, so that stored results are worked out again."""
_ROUNDING = 0.01
"""The share of a prompt by which a full read may fall short: providers count a cached prefix in blocks."""
_ESTIMATE = 0.2
"""The share by which the tokens up to an earlier mark may be estimated too high from their bytes."""
_EXPIRED = {"5m": Cause.TTL_EXPIRED_5M, "1h": Cause.TTL_EXPIRED_1H}
_REASON = "cache_miss_reason"
_THINKING = ("thinking", "redacted_thinking")
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
    Cause.BELOW_MINIMUM: "the prompt is shorter than the model's minimum for the cache",
    Cause.ROUTE_CHANGED: "another provider, region or account; each has a cache of its own",
    Cause.COMPACTED: "the conversation was compacted, and its summary is a new beginning",
    Cause.LOOKBACK_EXCEEDED: "the next mark is more than 20 blocks behind the end of what was in the cache",
    Cause.LIKELY_SERVER_SIDE: "the prompt begins as before and was fresh, so the provider no longer had it",
    Cause.UNKNOWN: "the bodies of the two requests are not both kept, so they can't be compared",
}


def explained(diagnosis: Diagnosis) -> str:
    """Return a diagnosis as a sentence without its end."""
    if diagnosis.state is None:
        return "the answer states no usage"
    if diagnosis.cause is Cause.UNKNOWN and diagnosis.state is CacheState.COLD:
        return "the provider kept nothing, although the prompt has marks and is long enough"
    if diagnosis.cause is not None:
        return _WORDS[diagnosis.cause]
    if diagnosis.state is CacheState.OFF:
        return "the request has no cache_control marks"
    return "all that was in the cache was read"


def disagreement(diagnosis: Diagnosis) -> bool:
    """Return whether the provider gives another reason for a miss."""
    causes = PROVIDER_REASONS.get(diagnosis.provider_reason or "")
    return causes is not None and diagnosis.cause is not None and diagnosis.cause not in causes


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
    """Return what became of a request's cache. ``before`` is the request whose cache it could read: the ``closest``,
    None if there is none."""
    exchange = now.exchange
    usage = exchange.usage
    measured = measured_of(usage, exchange.answer_facts)
    if usage is None or usage.prompt_tokens is None:
        return measured
    if before is None:
        return _first(measured, now)
    if not continues(exchange, before.exchange):
        return _beside(measured, now, before)
    read, expected = usage.cache_read_tokens or 0, cached_tokens(before.exchange)
    idle = _idle(now, before)
    compared = _compared(measured, now, before, expected)
    if read >= expected * (1 - _ROUNDING):
        return replace(compared, state=CacheState.HIT, rewritten_tokens=0)
    if now.prompt is not None and now.prompt.last_mark is None:
        return replace(compared, state=CacheState.OFF, cause=Cause.CACHE_MARKS_MOVED)
    state = CacheState.PARTIAL if read else CacheState.MISS
    cause, confidence, where = _cause(now, before, idle)
    return replace(compared, state=state, cause=cause, confidence=confidence, where=where)


def _compared(measured: Diagnosis, now: Asked, before: Asked, expected: int) -> Diagnosis:
    usage = now.exchange.usage
    written = usage.cache_write_tokens if usage is not None else None
    return replace(
        measured,
        previous_id=before.exchange.id,
        idle=_idle(now, before),
        ttl=lifetimes(before.exchange)[0],
        expected_read_tokens=expected,
        rewritten_tokens=max(0, min(written or 0, expected - (measured.read_tokens or 0))),
    )


def _first(measured: Diagnosis, now: Asked) -> Diagnosis:
    """Return what became of a request that could read nothing that candela knows of."""
    if measured.read_tokens:
        # Something that did not cross candela has left it there.
        return replace(measured, state=CacheState.HIT)
    if now.prompt is not None and now.prompt.last_mark is None:
        return replace(measured, state=CacheState.OFF)
    cold = replace(measured, state=CacheState.COLD, cause=Cause.FIRST_REQUEST)
    if (measured.write_5m_tokens or 0) + (measured.write_1h_tokens or 0) or now.prompt is None:
        return cold
    usage = now.exchange.usage
    kept = now.prompt.size_of((now.prompt.last_mark or 0) + 1)
    tokens = (usage.prompt_tokens or 0) if usage is not None else 0
    marked = tokens * kept // (now.prompt.size_of(len(now.prompt.blocks)) or 1)
    minimum = minimum_tokens(now.exchange.model_used or now.exchange.model)
    if tokens < (minimum or 0):
        return replace(cold, cause=Cause.BELOW_MINIMUM)
    if marked < (minimum or LARGEST_MINIMUM):
        return replace(cold, cause=Cause.BELOW_MINIMUM, confidence="likely")
    return replace(cold, cause=Cause.UNKNOWN, confidence="unknown")


def _beside(measured: Diagnosis, now: Asked, before: Asked) -> Diagnosis:
    """Return what became of a request that could read what another agent or session left: the beginning that both
    have."""
    shared = shared_prefixes(now, before)
    if not shared or now.prompt is None:
        return _first(measured, now)
    expected, read = shared[-1].tokens, measured.read_tokens or 0
    compared = _compared(measured, now, before, expected)
    if read >= expected * (1 - _ESTIMATE):
        # A mark may reach further than those of the request that is compared.
        return replace(compared, state=CacheState.HIT, expected_read_tokens=max(read, expected), rewritten_tokens=0)
    if now.prompt.last_mark is None:
        return replace(compared, state=CacheState.OFF)
    state = CacheState.PARTIAL if read else CacheState.MISS
    expired = _expired(_idle(now, before), before.exchange, read)
    if expired is not None:
        return replace(compared, state=state, cause=expired, confidence="likely")
    cause, confidence, where = _unchanged(now, before, shared[-1].place)
    return replace(compared, state=state, cause=cause, confidence=confidence, where=where)


def _cause(now: Asked, before: Asked, idle: timedelta) -> tuple[Cause, Confidence, str | None]:
    apart = elsewhere(before.exchange, now.exchange)
    if apart is not None:
        return apart
    usage = now.exchange.usage
    read = (usage.cache_read_tokens or 0) if usage is not None else 0
    expired = _expired(idle, before.exchange, read)
    if now.prompt is None or before.prompt is None:
        return (expired, "likely", None) if expired else (Cause.UNKNOWN, "unknown", None)
    one, other = before.prompt.account, now.prompt.account
    if one and other and one != other:
        return Cause.ROUTE_CHANGED, "certain", "metadata.user_id"
    kept = before.prompt.last_mark if before.prompt.last_mark is not None else len(before.prompt.blocks) - 1
    change = first_change(now.prompt, before.prompt, before.exchange)
    if change is not None and change.place <= kept:
        # What does not change would have been read if it were still there.
        survives = any(mark < change.place for mark in before.prompt.marks)
        if expired and survives and not read:
            return expired, "certain", None
        return change.cause, change.confidence, change.where
    if expired:
        return expired, "certain", None
    return _unchanged(now, before, kept)


def _unchanged(now: Asked, before: Asked, kept: int) -> tuple[Cause, Confidence, str | None]:
    """Return why the same prefix, which ends at the block ``kept``, was not found although it was fresh."""
    assert now.prompt is not None
    assert before.prompt is not None
    marks = now.prompt.marks
    if before.prompt.marks:
        behind = [place for place in marks if place >= kept]
        if not behind:
            return Cause.CACHE_MARKS_MOVED, "certain", now.prompt.blocks[marks[-1]].path
        if behind[0] - kept > LOOKBACK:
            return Cause.LOOKBACK_EXCEEDED, "certain", now.prompt.blocks[behind[0]].path
    dropped = _dropped_thinking(now.prompt, before.prompt, kept) if drops_thinking(now.exchange.model) else None
    if dropped is not None:
        return Cause.MESSAGES_REWRITTEN, "likely", dropped
    changed = set(before.exchange.betas or ()) ^ set(now.exchange.betas or ())
    if changed - BETAS_WITHOUT_PROMPT and None not in (before.exchange.betas, now.exchange.betas):
        return Cause.PARAMETERS_CHANGED, "likely", "anthropic-beta"
    return Cause.LIKELY_SERVER_SIDE, "likely", None


def _dropped_thinking(now: Prompt, before: Prompt, kept: int) -> str | None:
    """Return the first thinking of an earlier turn, if the user writes again after it. The results of tools leave it in
    its place."""
    last = f"{now.blocks[-1].path.partition('.')[0]}."
    of_last = takewhile(lambda block: block.path.startswith(last), reversed(now.blocks))
    if any(block.item.label == "tool_result" for block in of_last):
        return None
    thinking = (block.path for block in before.blocks[: kept + 1] if block.item.label in _THINKING)
    return next(thinking, None)


def _expired(idle: timedelta, before: Exchange, read: int) -> Cause | None:
    """Return which lifetime ended. With marks for both, what was to live an hour may be left when the rest is gone."""
    gone = [ttl for ttl in lifetimes(before) if idle >= SPANS[ttl]]
    return _EXPIRED[gone[0] if read else gone[-1]] if gone else None


def _idle(now: Asked, before: Asked) -> timedelta:
    return max(timedelta(0), now.exchange.started_at - before.exchange.started_at)


def with_rewrite_cost(exchange: Exchange, pricer: Pricer) -> Exchange:
    """Return an exchange that has a result with what writing again cost by now."""
    result = exchange.cache
    if result is None or result.diagnosis.rewritten_tokens is None:
        return exchange
    usd = rewrite_usd(exchange, result.diagnosis.rewritten_tokens, pricer)
    return replace(exchange, cache=replace(result, rewritten_usd=usd))


def rewrite_usd(exchange: Exchange, tokens: int, pricer: Pricer) -> Decimal | None:
    """Return what it cost more to write these tokens again than to read them, in USD; None if the cost is not known.

    Both are priced as the exchange was; of the written tokens, those with the shorter lifetime count first.
    """
    usage, basis = exchange.usage, exchange.price_basis
    if usage is None or basis is None:
        return None
    if not tokens:
        return Decimal(0)
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
