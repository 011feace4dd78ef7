"""What would have kept requests from missing the cache, and what that would have saved."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from candela_tui.analysis.cache import SPANS
from candela_tui.analysis.costs import with_cost
from candela_tui.exchange import Exchange
from candela_tui.exchange.cache_diagnosis import Cause
from candela_tui.ledger.cache_misses import CacheMisses, MissSums
from candela_tui.pricing import Pricer

EXTEND_TTL: Final = "extend the TTL"
_CHANGES: Final = {
    Cause.TOOLS_CHANGED: "keep the tools as they are",
    Cause.SYSTEM_PROMPT_CHANGED: "keep the system prompt as it is",
    Cause.MESSAGES_REWRITTEN: "keep earlier messages as they are",
    Cause.MODEL_CHANGED: "stay with one model",
    Cause.PARAMETERS_CHANGED: "keep the settings as they are",
    Cause.CACHE_MARKS_MOVED: "keep the cache_control marks",
    Cause.ROUTE_CHANGED: "stay with one route",
    Cause.COMPACTED: "compact less often",
    Cause.LOOKBACK_EXCEEDED: "mark every 20 blocks at least",
    Cause.TTL_EXPIRED_1H: "go on within an hour",
}
"""What avoids a miss. Nothing that a user could change avoids the other causes."""


@dataclass(frozen=True, slots=True)
class Saving:
    """What would have kept some requests from a miss."""

    change: str
    cause: Cause
    missed: MissSums
    added_usd: Decimal = Decimal(0)
    """What the change itself would have cost: writing for an hour is dearer than for five minutes."""

    @property
    def usd(self) -> Decimal:
        """What it would have saved in all."""
        return self.missed.usd - self.added_usd


class LongerLife:
    """What five-minute caches that live an hour would have saved: the expiries within the hour, and what writing for an
    hour costs more."""

    def __init__(self, pricer: Pricer) -> None:
        self._pricer = pricer
        self.missed = MissSums()
        self.added_usd = Decimal(0)

    def add_session(self, exchanges: Sequence[Exchange]) -> None:
        """Add the requests of one session, of which those of agents count whose cache expired."""
        expired = [each for each in exchanges if _expired_within_the_hour(each)]
        for each in expired:
            self.missed.add(each)
        agents = {each.agent_id for each in expired}
        for each in exchanges:
            if each.agent_id in agents:
                self.added_usd += self._added(each)

    def _added(self, exchange: Exchange) -> Decimal:
        """Return what a request would have cost more if all that it wrote, without what it would have read, were
        written for an hour."""
        usage, basis = exchange.usage, exchange.price_basis
        if usage is None or basis is None or not usage.cache_write_5m_tokens:
            return Decimal(0)
        read = 0
        if exchange.cache is not None and _expired_within_the_hour(exchange):
            read = min(exchange.cache.diagnosis.rewritten_tokens or 0, usage.cache_write_5m_tokens)
        written = usage.cache_write_5m_tokens - read
        short = replace(usage, cache_write_5m_tokens=written)
        for_an_hour = replace(
            usage, cache_write_5m_tokens=0, cache_write_1h_tokens=(usage.cache_write_1h_tokens or 0) + written
        )
        costs = [with_cost(replace(exchange, usage=each), basis, self._pricer).cost for each in (for_an_hour, short)]
        dearer, cheaper = costs
        return dearer.total - cheaper.total if dearer is not None and cheaper is not None else Decimal(0)


def _expired_within_the_hour(exchange: Exchange) -> bool:
    diagnosis = exchange.cache.diagnosis if exchange.cache is not None else None
    return (
        diagnosis is not None
        and diagnosis.cause is Cause.TTL_EXPIRED_5M
        and (diagnosis.idle or timedelta(0)) < SPANS["1h"]
    )


def savings(misses: CacheMisses, longer_life: LongerLife) -> list[Saving]:
    """Return what would have saved something, the most first."""
    found = [Saving(_CHANGES[cause], cause, missed) for cause, missed in misses.by_cause().items() if cause in _CHANGES]
    found.append(Saving(EXTEND_TTL, Cause.TTL_EXPIRED_5M, longer_life.missed, longer_life.added_usd))
    return sorted((each for each in found if each.usd > 0), key=lambda each: (-each.usd, each.cause))
