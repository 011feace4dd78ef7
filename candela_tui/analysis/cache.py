"""How long what is in the prompt cache lives, and the remaining life of a session's.

Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching (November 2026): an entry lives for five
minutes or an hour. Its time runs from the start of the request that wrote or read it last, so the time that the answer
takes counts.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    # Not at run time: the status line has no time for these imports.
    from candela_tui.exchange import Exchange

SPANS: Final = {"5m": timedelta(minutes=5), "1h": timedelta(hours=1)}
"""How long an entry of each lifetime lives without being used."""
_USUAL = "5m"


@dataclass(frozen=True, slots=True)
class CacheLife:
    """How long a session's prompt cache lives if it is not used again."""

    ttl: str
    """The lifetime: ``5m`` or ``1h``."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CacheUse:
    """What one request says about the cache. Counts are None if the answer does not state them."""

    at: datetime
    """When the request began."""
    read_tokens: int | None
    write_5m_tokens: int | None
    write_1h_tokens: int | None
    asked_ttls: Collection[str] = ()

    @property
    def lifetimes(self) -> set[str]:
        """The lifetimes in use: as written, or as requested."""
        in_use: set[str] = set()
        # Without a count for an hour the lifetimes are unknown, and the count for five minutes may be of either.
        if self.write_1h_tokens is not None:
            written = {"5m": self.write_5m_tokens, "1h": self.write_1h_tokens}
            in_use = {ttl for ttl, tokens in written.items() if tokens}
        if not in_use or len(self.asked_ttls) > 1:
            in_use |= {ttl for ttl in self.asked_ttls if ttl in SPANS}
        return in_use


def cache_life(conversation: Sequence["Exchange"]) -> CacheLife | None:
    """Return the life of the cache that the last of these requests (in order) read or wrote, or None if none did."""
    return life_after(map(cache_use, reversed(conversation)))


def life_after(uses: Iterable[CacheUse]) -> CacheLife | None:
    """Return the life of the cache after these requests, the newest first, or None if none of them used it.

    It counts from the beginning of the request. If several lifetimes are in use the shortest counts, because what
    expires first has to be written again.
    """
    used_at = None
    for use in uses:
        if used_at is None:
            if not (use.read_tokens or use.write_5m_tokens or use.write_1h_tokens):
                continue
            used_at = use.at
        if in_use := use.lifetimes:
            ttl = min(in_use, key=SPANS.__getitem__)
            return CacheLife(ttl, used_at + SPANS[ttl])
    return CacheLife(_USUAL, used_at + SPANS[_USUAL]) if used_at is not None else None


def cache_use(exchange: "Exchange") -> CacheUse:
    """Return what a request says about the cache."""
    usage = exchange.usage
    if usage is None:
        return CacheUse(exchange.started_at, None, None, None, exchange.cache_ttls)
    written = usage.cache_write_5m_tokens, usage.cache_write_1h_tokens
    return CacheUse(exchange.started_at, usage.cache_read_tokens, *written, exchange.cache_ttls)
