"""What became of a request's cache, and why, as ``analysis.cache_miss`` works it out.

The causes have Claude Code's own names where it has one (the status line's ``miss_causes``, 2.1.332).
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal


class CacheState(StrEnum):
    """How much of what could be read from the cache was read."""

    HIT = "hit"
    PARTIAL = "partial"
    MISS = "miss"
    COLD = "cold"
    """Nothing was in the cache yet."""
    OFF = "off"
    """The request has no ``cache_control`` marks."""


class Cause(StrEnum):
    """Why less was read from the cache than could be."""

    FIRST_REQUEST = "first_request"
    TOOLS_CHANGED = "tools_changed"
    SYSTEM_PROMPT_CHANGED = "system_prompt_changed"
    MESSAGES_REWRITTEN = "messages_rewritten"
    MODEL_CHANGED = "model_changed"
    TTL_EXPIRED_5M = "ttl_expired_5m"
    TTL_EXPIRED_1H = "ttl_expired_1h"
    PARAMETERS_CHANGED = "parameters_changed"
    CACHE_MARKS_MOVED = "cache_marks_moved"
    BELOW_MINIMUM = "below_minimum"
    ROUTE_CHANGED = "route_changed"
    COMPACTED = "compacted"
    LOOKBACK_EXCEEDED = "lookback_exceeded"
    LIKELY_SERVER_SIDE = "likely_server_side"
    UNKNOWN = "unknown"


Confidence = Literal["certain", "likely", "unknown"]

_OF_BLOCKS: Final = frozenset(
    {Cause.TOOLS_CHANGED, Cause.SYSTEM_PROMPT_CHANGED, Cause.MESSAGES_REWRITTEN, Cause.COMPACTED}
)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What became of a request's cache, and why. Counts are None where the answer does not state them."""

    state: CacheState | None
    """None if the answer states no usage."""
    cause: Cause | None = None
    """None for a hit."""
    confidence: Confidence = "certain"
    where: str | None = None
    """The first thing that differs: ``model``, ``thinking``, ``tools[3].description``, ``messages[4].content[0]``."""
    previous_id: str | None = None
    """The request whose cache could be read: of the same conversation, or with the same beginning."""
    idle: timedelta | None = None
    """From the beginning of that request to that of this one: the cache lives so long from its last use."""
    ttl: str | None = None
    """The lifetime of that cache: ``5m`` or ``1h``."""
    expected_read_tokens: int | None = None
    """What that request had read and written, so what could be read."""
    read_tokens: int | None = None
    write_5m_tokens: int | None = None
    write_1h_tokens: int | None = None
    rewritten_tokens: int | None = None
    """Tokens that were in the cache and were written again."""
    provider_reason: str | None = None
    """The provider's own reason, where the client asked for it."""

    @property
    def where_is_block(self) -> bool:
        """Whether ``where`` names a block of the prompt that changed."""
        return self.cause in _OF_BLOCKS


@dataclass(frozen=True, slots=True)
class CacheResult:
    """A diagnosis, and what the miss cost: worked out once, after the exchange ended."""

    diagnosis: Diagnosis
    rewritten_usd: Decimal | None = None
    """What it cost more to write the rewritten tokens again than to read them; None if that is not known."""
