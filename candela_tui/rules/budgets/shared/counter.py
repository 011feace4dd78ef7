"""What replicas know of a counter: its name, its figures, and what a request claims of it."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from candela_tui.config import BudgetRule
from candela_tui.rules.budgets.account import NOTHING, Amount, Limit
from candela_tui.rules.budgets.windows import Bounds
from candela_tui.store.indexed_text import indexed_text
from candela_tui.store.units import read_time, stored_time


@dataclass(frozen=True, slots=True, order=True)
class CounterKey:
    """Names a counter: one window of one target of a budget."""

    budget: str
    definition: str
    """What the budget counts, so that another budget of this name begins with counters of its own."""
    target: str
    starts_at_us: int
    """When the window begins; 0 for one without a beginning, and for a rolling one."""
    ends_at_us: int | None = field(compare=False)

    @property
    def ends_at(self) -> datetime | None:
        """When the window ends. None: never."""
        return read_time(self.ends_at_us) if self.ends_at_us is not None else None


class Figures(NamedTuple):
    """The figures of a counter at one moment."""

    spent: Amount
    held: Amount
    in_flight: int
    unknown: int
    """How many of these requests nothing is known of, so that ``held`` has at first nothing for them."""
    unbounded: int
    """How many of these may cost any amount."""
    most: Amount
    """What the others of these may cost at most, together."""
    oldest: datetime | None
    """When the oldest request began that was spent for."""
    unpriced: tuple[str, ...]

    def with_claim(self, claim: "Claim") -> "Figures":
        """Return the figures once the claim is reserved."""
        unknown = claim.expected is None
        return self._replace(
            held=self.held.plus(claim.expected or NOTHING),
            in_flight=self.in_flight + 1,
            unknown=self.unknown + unknown,
            unbounded=self.unbounded + (unknown and claim.most is None),
            most=self.most.plus(claim.most or NOTHING) if unknown else self.most,
        )


class Claim(NamedTuple):
    """What a request reserves in a counter."""

    key: CounterKey
    limit: Limit
    binding: bool
    """Whether the request is not sent unless it fits."""
    expected: Amount | None
    most: Amount | None

    def without_limit(self) -> "Claim":
        """Return the claim of a request that is sent whether it fits or not."""
        return self._replace(binding=False)


class Charge(NamedTuple):
    """What a request cost, in a counter."""

    key: CounterKey
    at: datetime
    amount: Amount
    unpriced: str | None
    """The model, if it has no price."""


def definition_of(budget: BudgetRule, timezone: str | None) -> str:
    """Return what a budget counts as a short text, which is the same in every replica. The limit is left out."""
    counted = json.dumps([budget.scope, budget.match, budget.team, budget.window, timezone])
    return hashlib.sha256(counted.encode()).hexdigest()[:16]


def counter_key(budget: str, definition: str, target: str, bounds: Bounds, *, rolls: bool) -> CounterKey:
    """Return the name of a counter. ``rolls``: its window always reaches back from now."""
    start = 0 if rolls or bounds.start is None else stored_time(bounds.start)
    end = stored_time(bounds.end) if bounds.end is not None else None
    return CounterKey(indexed_text(budget), definition, indexed_text(target), start, end)
