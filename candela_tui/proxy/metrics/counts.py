"""What is counted of each request that ended, by labels of which there are only so many."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from candela_tui.exchange import Exchange, Outcome, Recording
from candela_tui.protocol.errors import ERROR_TYPES
from candela_tui.sinks.sink import Growth

MOST_MODELS: Final = 50
"""Clients name models as they like, so the names beyond this many are counted together."""
OTHER: Final = "other"
_LONGEST_NAME = 100
_ERRORS = frozenset(ERROR_TYPES.values())
FIRST_TOKEN_S: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
DURATION_S: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 600.0)

Labels = tuple[str, ...]


class Spread:
    """How many values are up to each bound, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """Those between the bound before and this one; the last: beyond all bounds."""
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def copy(self) -> "Spread":
        """Return one with the same counts."""
        copied = Spread(self.bounds)
        copied.counts, copied.total = self.counts.copy(), self.total
        return copied


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts at one moment. Most have the labels provider and model, and one more."""

    requests: Counter[Labels] = field(default_factory=Counter)
    """With the kind of request and the outcome."""
    errors: Counter[Labels] = field(default_factory=Counter)
    """With the type of error."""
    tokens: Counter[Labels] = field(default_factory=Counter)
    """With the kind of token."""
    cost: dict[Labels, Decimal] = field(default_factory=dict)
    """In USD, with how it is billed."""
    cost_unknown: Counter[Labels] = field(default_factory=Counter)
    saved: dict[Labels, Decimal] = field(default_factory=dict)
    """In USD."""
    first_token: dict[Labels, Spread] = field(default_factory=dict)
    """In seconds."""
    duration: dict[Labels, Spread] = field(default_factory=dict)
    """In seconds."""
    cache: Counter[Labels] = field(default_factory=Counter)
    """By what became of the prompt cache and the cause, without provider and model."""


class Counts:
    """Counts exchanges as they end: some microseconds on the proxy's loop."""

    def __init__(self) -> None:
        self._counted = Counted()
        self._models: set[str] = set()

    def began(self, exchange: Exchange, recording: Recording) -> None:
        """Do nothing: it is counted at the end."""

    def grew(self, exchange: Exchange, growth: Growth | None) -> None:
        """Do nothing: it is counted at the end."""

    def ended(self, exchange: Exchange, growth: Growth) -> None:
        """Count the exchange."""
        counted = self._counted
        of = exchange.provider.value, self._model(exchange)
        counted.requests[*of, exchange.kind.value, exchange.outcome.value] += 1
        if exchange.outcome not in (Outcome.OK, Outcome.CANCELLED):
            kind = exchange.error.type if exchange.error is not None else exchange.outcome.value
            known = kind in _ERRORS or exchange.error is None
            counted.errors[*of, kind if known else OTHER] += 1
        self._count_usage(exchange, of)
        if exchange.asks_message and not exchange.free:
            _add(counted.first_token, of, exchange.ttft_ms, FIRST_TOKEN_S)
            _add(counted.duration, of, exchange.duration_ms, DURATION_S)

    def _count_usage(self, exchange: Exchange, of: Labels) -> None:
        counted, usage = self._counted, exchange.usage
        if usage is not None:
            for kind, tokens in (
                ("input", usage.input_tokens),
                ("cache_read", usage.cache_read_tokens),
                ("cache_write_5m", usage.cache_write_5m_tokens),
                ("cache_write_1h", usage.cache_write_1h_tokens),
                ("output", usage.output_tokens),
            ):
                if tokens:
                    counted.tokens[*of, kind] += tokens
        if exchange.cost is not None:
            by = (*of, "subscription" if exchange.subscription else "api")
            counted.cost[by] = counted.cost.get(by, Decimal(0)) + exchange.cost.total
        if exchange.unread is not None or exchange.unpriced_model is not None:
            counted.cost_unknown[of] += 1
        if exchange.saved is not None:
            counted.saved[of] = counted.saved.get(of, Decimal(0)) + exchange.saved

    def completed(self, exchanges: Sequence[Exchange]) -> None:
        """Count what became of the cache of exchanges that ended before. Called from one other thread."""
        for exchange in exchanges:
            diagnosis = exchange.cache.diagnosis if exchange.cache is not None else None
            if diagnosis is not None and diagnosis.state is not None:
                cause = diagnosis.cause.value if diagnosis.cause is not None else ""
                self._counted.cache[diagnosis.state.value, cause] += 1

    def _model(self, exchange: Exchange) -> str:
        name = (exchange.model_used or exchange.model or "")[:_LONGEST_NAME]
        if name not in self._models:
            if len(self._models) >= MOST_MODELS:
                return OTHER
            self._models.add(name)
        return name

    def now(self) -> Counted:
        """Return a copy for another thread."""
        counted = self._counted
        return Counted(
            requests=counted.requests.copy(),
            errors=counted.errors.copy(),
            tokens=counted.tokens.copy(),
            cost=counted.cost.copy(),
            cost_unknown=counted.cost_unknown.copy(),
            saved=counted.saved.copy(),
            first_token=_copies(counted.first_token),
            duration=_copies(counted.duration),
            cache=counted.cache.copy(),
        )


def _add(spreads: dict[Labels, Spread], of: Labels, milliseconds: float | None, bounds: tuple[float, ...]) -> None:
    if milliseconds is not None:
        if of not in spreads:
            spreads[of] = Spread(bounds)
        spreads[of].add(milliseconds / 1000)


def _copies(spreads: Mapping[Labels, Spread]) -> dict[Labels, Spread]:
    return {of: spread.copy() for of, spread in spreads.items()}
