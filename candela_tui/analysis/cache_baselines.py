"""Which earlier requests one is compared with: those whose cache it could read."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from candela_tui.analysis.cache import SPANS, cache_use
from candela_tui.analysis.cache_changes import Asked, elsewhere, first_change
from candela_tui.analysis.cache_rules import minimum_tokens
from candela_tui.analysis.cached_prefixes import CachedPrefix, cached_prefixes
from candela_tui.analysis.conversation import CONTINUING, same_agent
from candela_tui.exchange import Exchange
from candela_tui.protocol.cache_control import LIFETIMES

LONGEST: Final = max(SPANS.values())
"""How far back ``readable_requests`` looks for requests of other sessions."""
MOST_OTHERS: Final = 4
"""How many requests of other agents and sessions a first request is compared with: each costs reading a body."""


def latest_cached(exchanges: Iterable[Exchange], exchange: Exchange) -> Exchange | None:
    """Return the latest request of the same agent that left something in the cache before this one began, or None.

    ``exchanges`` are those of the session, in any order."""
    return max(
        (other for other in exchanges if continues(exchange, other) and _left_before(other, exchange)),
        key=lambda other: other.id,
        default=None,
    )


def readable_requests(exchanges: Iterable[Exchange], exchange: Exchange) -> list[Exchange]:
    """Return the requests to compare one with, of which ``closest`` chooses.

    That is the latest of its conversation; for its first request, the latest of each other agent and session whose
    cache was alive, up to four, those of the session first. ``exchanges`` are those of the session and those of the
    last hour, in any order.
    """
    known = list(exchanges)
    latest = latest_cached(known, exchange)
    if latest is not None:
        return [latest]
    newest: dict[tuple[str | None, str | None], Exchange] = {}
    for other in sorted(known, key=lambda each: each.id):
        alive = exchange.started_at < other.started_at + SPANS[lifetimes(other)[-1]]
        if alive and _left_before(other, exchange) and elsewhere(other, exchange) is None:
            newest[other.session_id, other.agent_id] = other
    found = sorted(newest.values(), key=lambda other: (other.session_id == exchange.session_id, other.id))
    return found[: -MOST_OTHERS - 1 : -1]


def closest(now: Asked, others: Iterable[Asked]) -> Asked | None:
    """Return the request that left the most that this one could read, of the ``readable_requests``; None if none left
    anything."""
    found = list(others)
    for other in found:
        if continues(now.exchange, other.exchange):
            return other
    return max(
        (other for other in found if shared_tokens(now, other)),
        key=lambda other: shared_tokens(now, other),
        default=None,
    )


def continues(exchange: Exchange, other: Exchange) -> bool:
    """Return whether a request continues the conversation that another one is part of."""
    return same_agent(other, exchange) and exchange.kind in CONTINUING


def _left_before(other: Exchange, exchange: Exchange) -> bool:
    """Return whether a request left something in the cache before another began."""
    return (
        other.id < exchange.id
        and leaves_cache(other)
        # A prompt is in the cache once its answer begins.
        and other.started_at + timedelta(milliseconds=other.marks.first_byte or 0) <= exchange.started_at
    )


def leaves_cache(exchange: Exchange) -> bool:
    """Return whether other requests are compared with one: it is part of a conversation, and left something in the
    cache."""
    return exchange.replayed is None and exchange.kind in CONTINUING and bool(cached_tokens(exchange))


def shared_prefixes(now: Asked, before: Asked) -> list[CachedPrefix]:
    """Return the entries of one request that another, which is not of its conversation, could read."""
    if now.prompt is None or before.prompt is None:
        return []
    change = first_change(now.prompt, before.prompt, before.exchange)
    end = change.place if change is not None else len(before.prompt.blocks)
    prefixes = cached_prefixes(now.prompt, before.prompt, cached_tokens(before.exchange))
    least = minimum_tokens(before.exchange.model_used or before.exchange.model) or 0
    return [prefix for prefix in prefixes if prefix.place < end and prefix.tokens >= least]


def shared_tokens(now: Asked, before: Asked) -> int:
    """Return how many tokens that one request left another, which is not of its conversation, could read."""
    return max((prefix.tokens for prefix in shared_prefixes(now, before)), default=0)


def cached_tokens(exchange: Exchange) -> int:
    """Return the tokens that a request left in the cache: what it read and wrote."""
    usage = exchange.usage
    return (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0) if usage is not None else 0


def lifetimes(exchange: Exchange) -> list[str]:
    """Return the lifetimes of what a request left in the cache, the shortest first."""
    return sorted(cache_use(exchange).lifetimes or LIFETIMES[:1], key=SPANS.__getitem__)
