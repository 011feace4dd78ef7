"""The remaining life of a session's prompt cache.

Source: https://docs.claude.com/en/docs/build-with-claude/prompt-caching: an entry lives for five minutes or an hour,
and each use restarts its time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from candela_tui.exchange import Exchange
from candela_tui.protocol.cache_control import LIFETIMES
from candela_tui.protocol.usage import Usage

_SPANS = {"5m": timedelta(minutes=5), "1h": timedelta(hours=1)}


@dataclass(frozen=True, slots=True)
class CacheLife:
    """How long a session's prompt cache lives if it is not used again."""

    ttl: str
    """The lifetime: ``5m`` or ``1h``."""
    expires_at: datetime


def cache_life(conversation: Sequence[Exchange]) -> CacheLife | None:
    """Return the life of the cache that the last of these requests (in order) read or wrote, or None if none did.

    It counts from the first byte of the response: the prompt has been processed by then, while the response may go on
    for minutes. If several lifetimes are in use the shortest counts, because what expires first has to be written
    again.
    """
    for number in range(len(conversation) - 1, -1, -1):
        exchange = conversation[number]
        usage = exchange.usage
        if usage is not None and (usage.cache_read_tokens or usage.cache_write_tokens):
            ttl = _lifetime(conversation[: number + 1])
            used_at = exchange.started_at + timedelta(milliseconds=exchange.marks.first_byte or 0)
            return CacheLife(ttl, used_at + _SPANS[ttl])
    return None


def _lifetime(conversation: Sequence[Exchange]) -> str:
    """Return the shortest lifetime in use by the last request: as written, as requested, or as used before."""
    for exchange in reversed(conversation):
        in_use = _told(exchange.usage)
        if not in_use or len(exchange.cache_ttls) > 1:
            in_use |= {ttl for ttl in exchange.cache_ttls if ttl in _SPANS}
        if in_use:
            return min(in_use, key=LIFETIMES.index)
    return LIFETIMES[0]


def _told(usage: Usage | None) -> set[str]:
    # Without a count for an hour the lifetimes are unknown, and the count for five minutes may be of either.
    if usage is None or usage.cache_write_1h_tokens is None:
        return set()
    written = {"5m": usage.cache_write_5m_tokens, "1h": usage.cache_write_1h_tokens}
    return {ttl for ttl, tokens in written.items() if tokens}
