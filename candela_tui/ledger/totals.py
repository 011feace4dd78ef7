"""Sums over exchanges: requests, tokens and money."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from decimal import Decimal

from candela_tui.exchange import Exchange
from candela_tui.protocol.kind import SIDE_KINDS


@dataclass(slots=True)
class Totals:
    """Sums over exchanges. The cost omits requests without a price; ``unpriced`` counts those, and ``unread`` those
    whose responses could not be read in full. The tokens are the providers' top-level counts."""

    requests: int = 0
    live: int = 0
    errors: int = 0
    free: int = 0
    """Exchanges of a kind that costs nothing, such as token counts."""
    counted: int = 0
    """Exchanges whose response stated its usage. If there are none, the tokens are not 0 but unknown."""
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    input_usd: Decimal = Decimal(0)
    cache_read_usd: Decimal = Decimal(0)
    cache_write_usd: Decimal = Decimal(0)
    output_usd: Decimal = Decimal(0)
    web_searches_usd: Decimal = Decimal(0)
    priced: int = 0
    unpriced: int = 0
    lower_bounds: int = 0
    """Exchanges whose cost is a lower bound."""
    unread: int = 0
    imported: int = 0
    """Exchanges that did not cross candela's proxy."""
    side_requests: int = 0
    """Requests that the client makes outside the conversation."""
    side_cost_usd: Decimal = Decimal(0)
    """The part of the cost that is for those requests."""
    saved_usd: Decimal = Decimal(0)
    """USD saved by the prompt cache, over the priced exchanges."""
    counted_otherwise: int = 0
    """Exchanges for which the client calculates another cost than the provider bills."""
    client_difference: Decimal = Decimal(0)
    """USD that the client calculates for those exchanges beyond their cost; negative if it calculates less."""

    def add(self, exchange: Exchange) -> None:
        """Add one exchange to the sums."""
        self._count(exchange, 1)

    def remove(self, exchange: Exchange) -> None:
        """Subtract an exchange that was added."""
        self._count(exchange, -1)

    def _count(self, exchange: Exchange, times: int) -> None:
        cost, usage = exchange.cost, exchange.usage
        usd = cost.total if cost is not None else Decimal(0)
        self.requests += times
        self.free += times * exchange.free
        if exchange.live:
            self.live += times
        elif exchange.failed:
            self.errors += times
        if exchange.kind in SIDE_KINDS:
            self.side_requests += times
            self.side_cost_usd += times * usd
        if usage is not None:
            self.counted += times
            self.input_tokens += times * (usage.input_tokens or 0)
            self.cache_read_tokens += times * (usage.cache_read_tokens or 0)
            self.cache_write_5m_tokens += times * (usage.cache_write_5m_tokens or 0)
            self.cache_write_1h_tokens += times * (usage.cache_write_1h_tokens or 0)
            self.output_tokens += times * (usage.output_tokens or 0)
        if cost is not None:
            self.priced += times
            self.input_usd += times * cost.input
            self.cache_read_usd += times * cost.cache_read
            self.cache_write_usd += times * cost.cache_write
            self.output_usd += times * cost.output
            self.web_searches_usd += times * cost.web_searches
            self.saved_usd += times * (exchange.saved or Decimal(0))
            self.lower_bounds += times * cost.at_least
        elif exchange.unpriced_model is not None:
            self.unpriced += times
        if exchange.client_cost is not None:
            self.counted_otherwise += times
            self.client_difference += times * (exchange.client_cost - usd)
        if exchange.unread is not None:
            self.unread += times
        if exchange.imported is not None:
            self.imported += times

    def include(self, other: "Totals") -> None:
        """Add the sums over other exchanges."""
        for name in _SUMS:
            if amount := getattr(other, name):
                setattr(self, name, getattr(self, name) + amount)

    def exclude(self, other: "Totals") -> None:
        """Subtract the sums over other exchanges."""
        for name in _SUMS:
            setattr(self, name, getattr(self, name) - getattr(other, name))

    def copy(self) -> "Totals":
        """Return a copy that does not change with this object."""
        return replace(self)

    def known(self, tokens: int) -> int | None:
        """Return a sum of tokens, or None if no response stated its usage and not all requests are free."""
        return tokens if self.counted or self.all_free else None

    @property
    def all_free(self) -> bool:
        """Whether there are requests, and all of them cost nothing."""
        return 0 < self.requests == self.free

    @property
    def at_least(self) -> bool:
        """Whether an exchange has only a lower bound as its cost, has no price, or was not read in full."""
        return bool(self.lower_bounds or self.unpriced or self.unread)

    @property
    def prompt_tokens(self) -> int:
        """Tokens of input, cache reads and cache writes."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def cache_write_tokens(self) -> int:
        """Tokens written to the cache, whatever their lifetime."""
        return self.cache_write_5m_tokens + self.cache_write_1h_tokens

    def parts(self) -> list[tuple[str, int | None, Decimal]]:
        """Return the name, tokens and USD of each part of the cost. Web searches have no tokens."""
        return [
            ("input", self.input_tokens, self.input_usd),
            ("cache_read", self.cache_read_tokens, self.cache_read_usd),
            ("cache_write", self.cache_write_tokens, self.cache_write_usd),
            ("output", self.output_tokens, self.output_usd),
            ("web_searches", None, self.web_searches_usd),
        ]

    @property
    def cache_hit_rate(self) -> float | None:
        """The share of the prompt tokens read from the cache, 0 to 1; None before any prompt."""
        return self.cache_read_tokens / self.prompt_tokens if self.prompt_tokens else None

    @property
    def cost_usd(self) -> Decimal:
        """The sum of the parts of the cost, in USD."""
        return self.input_usd + self.cache_read_usd + self.cache_write_usd + self.output_usd + self.web_searches_usd

    @property
    def cost(self) -> Decimal | None:
        """The cost in USD; None if no exchange has a price, unless all of them are free."""
        return self.cost_usd if self.priced or self.all_free else None


_SUMS = tuple(each.name for each in fields(Totals))


def sum_of(sums: Iterable[Totals]) -> Totals:
    """Return the sum of several sums."""
    every = Totals()
    for totals in sums:
        every.include(totals)
    return every
