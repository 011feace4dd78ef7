"""The sums of cache misses: by cause, and within a session, a day or an agent."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from candela_tui.exchange import Exchange
from candela_tui.exchange.cache_diagnosis import CacheState, Cause

_MISSES: Final = frozenset({CacheState.PARTIAL, CacheState.MISS, CacheState.OFF})


class MissesBy(StrEnum):
    """What the causes are summed up within."""

    DAY = "day"
    SESSION = "session"
    AGENT = "agent"


Key = str | date | None


@dataclass(slots=True)
class MissSums:
    """What was written again although it was in the cache."""

    requests: int = 0
    tokens: int = 0
    usd: Decimal = Decimal(0)
    """What that cost more than reading, as far as it is known."""
    unpriced: int = 0
    """Requests of which that is not known."""
    shortest_idle: timedelta | None = None
    longest_idle: timedelta | None = None

    @property
    def known_usd(self) -> Decimal | None:
        """The cost; None if it is known of no request."""
        return self.usd if self.requests > self.unpriced else None

    def add(self, exchange: Exchange) -> None:
        """Add a request that has a result."""
        result = exchange.cache
        assert result is not None
        self.requests += 1
        self.tokens += result.diagnosis.rewritten_tokens or 0
        self.usd += result.rewritten_usd or 0
        self.unpriced += result.rewritten_usd is None
        idle = result.diagnosis.idle
        if idle is not None:
            self.shortest_idle = min(self.shortest_idle or idle, idle)
            self.longest_idle = max(self.longest_idle or idle, idle)

    def include(self, other: "MissSums") -> None:
        """Add other sums."""
        self.requests += other.requests
        self.tokens += other.tokens
        self.usd += other.usd
        self.unpriced += other.unpriced
        for idle in (other.shortest_idle, other.longest_idle):
            if idle is not None:
                self.shortest_idle = min(self.shortest_idle or idle, idle)
                self.longest_idle = max(self.longest_idle or idle, idle)


@dataclass(slots=True)
class CacheMisses:
    """The misses among some requests."""

    states: Counter[CacheState | None] = field(default_factory=Counter)
    """How many requests of those that asked for a message have which state; None: none was worked out."""
    rows: dict[tuple[Key, Cause], MissSums] = field(default_factory=dict)

    def add(self, exchange: Exchange, key: Key) -> None:
        """Count a request."""
        if not exchange.asks_message or exchange.live:
            return
        diagnosis = exchange.cache.diagnosis if exchange.cache is not None else None
        self.states[diagnosis.state if diagnosis is not None else None] += 1
        if diagnosis is not None and diagnosis.cause is not None and diagnosis.state in _MISSES:
            self.rows.setdefault((key, diagnosis.cause), MissSums()).add(exchange)

    def listed(self) -> list[tuple[Key, Cause, MissSums]]:
        """Return the rows: days in their order, otherwise what cost most first, and in each the dearest cause first."""
        sums: dict[Key, MissSums] = {}
        for (key, _), row in self.rows.items():
            sums.setdefault(key, MissSums()).include(row)

        def place(row: tuple[Key, Cause, MissSums]) -> tuple[object, ...]:
            key, cause, missed = row
            of_key = (key.isoformat(),) if isinstance(key, date) else (-sums[key].usd, -sums[key].tokens, key or "")
            return (*of_key, -missed.usd, -missed.tokens, cause)

        return sorted(((key, cause, missed) for (key, cause), missed in self.rows.items()), key=place)

    def by_cause(self) -> dict[Cause, MissSums]:
        """Return the sums of each cause, the dearest first."""
        causes: dict[Cause, MissSums] = {}
        for _, cause, missed in self.listed():
            causes.setdefault(cause, MissSums()).include(missed)
        return dict(sorted(causes.items(), key=lambda each: (-each[1].usd, -each[1].tokens, each[0])))

    def total(self) -> MissSums:
        """Return the sums over all rows."""
        return total_of(self.rows.values())


def total_of(rows: Iterable[MissSums]) -> MissSums:
    """Return the sums over some rows."""
    total = MissSums()
    for row in rows:
        total.include(row)
    return total
