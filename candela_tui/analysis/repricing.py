"""Calculate the cost of recorded exchanges again, with the prices of now, and sum up what that changes."""

from dataclasses import dataclass, field
from decimal import Decimal

from candela_tui.analysis.cache_miss import with_rewrite_cost
from candela_tui.analysis.costs import repricing_basis, with_client_cost, with_cost
from candela_tui.exchange import Exchange
from candela_tui.pricing import Pricer


@dataclass(slots=True)
class CostChange:
    """The changed costs of one model, in USD, without those that have no price."""

    requests: int = 0
    before_usd: Decimal = Decimal(0)
    after_usd: Decimal = Decimal(0)
    priced_now: int = 0
    """Requests that had no price before."""
    unpriced_now: int = 0
    """Requests that have no price any more."""

    @property
    def difference_usd(self) -> Decimal:
        """What the requests cost more; negative if less."""
        return self.after_usd - self.before_usd

    def add(self, before: Exchange, after: Exchange) -> None:
        """Count one request whose cost changes."""
        self.requests += 1
        self.before_usd += before.cost.total if before.cost is not None else 0
        self.after_usd += after.cost.total if after.cost is not None else 0
        self.priced_now += before.cost is None and after.cost is not None
        self.unpriced_now += before.cost is not None and after.cost is None


@dataclass(slots=True)
class Repricing:
    """What pricing again changes."""

    checked: int = 0
    """Requests with a usage."""
    kept: int = 0
    """Requests that keep their cost because what it was calculated from is not recorded."""
    models: dict[str, CostChange] = field(default_factory=dict)
    """By the model that answered; "" where none is known."""
    total: CostChange = field(default_factory=CostChange)

    def check(self, before: Exchange, pricer: Pricer) -> Exchange | None:
        """Return an exchange with its new cost, or None if its cost stays as it is."""
        if before.usage is None or before.live:
            return None
        self.checked += 1
        basis = repricing_basis(before)
        if basis is None:
            self.kept += 1
            return None
        after = with_client_cost(with_cost(before, basis, pricer))
        if _costs(after) == _costs(before):
            # The cost still names the data that it was calculated with.
            return None
        return with_rewrite_cost(after, pricer)

    def add(self, before: Exchange, after: Exchange) -> None:
        """Add a change to the sums."""
        self.models.setdefault(before.model_used or before.model or "", CostChange()).add(before, after)
        self.total.add(before, after)

    def by_difference(self) -> list[tuple[str, CostChange]]:
        """Return the changes by model, the largest difference first."""
        return sorted(self.models.items(), key=lambda each: (-abs(each[1].difference_usd), each[0]))


def _costs(exchange: Exchange) -> tuple[object, ...]:
    return exchange.cost, exchange.saved, exchange.unpriced_model, exchange.cost_notes, exchange.client_cost
