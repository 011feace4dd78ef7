"""The state of a budget, as screens, commands and other rules see it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class BudgetStanding(StrEnum):
    """How a budget stands."""

    OK = "ok"
    WARNED = "warned"
    """A part of the limit is reached that the user wants to know of, or all of it where nothing is refused."""
    BLOCKED = "blocked"
    """Requests are refused."""
    OVERRIDDEN = "overridden"
    """The user lets requests pass for a time, whatever they cost."""


@dataclass(frozen=True, slots=True)
class Override:
    """The user lets requests pass a budget for a time."""

    budget: str
    until: datetime
    why: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetState:
    """One budget's window for one target, at one moment. Amounts are those of the requests that ended, unless they are
    named reserved."""

    name: str
    scope: str
    target: str | None
    """The session, project, model and so on that it is for. None for the scope ``all``, and for a budget that nothing
    was counted in yet."""
    window: str
    starts_at: datetime | None
    """None for ``total``."""
    resets_at: datetime | None
    """When the window ends; for a rolling one, when the oldest amount leaves it. None if never."""
    limit_usd: Decimal | None
    limit_tokens: int | None
    spent_usd: Decimal
    spent_tokens: int
    reserved_usd: Decimal
    """What the requests in flight are expected to cost."""
    reserved_tokens: int
    state: BudgetStanding
    on_breach: str
    """``block`` or ``warn``."""
    dry_run: bool
    in_flight: int
    waiting: int
    """Requests that wait for another one to end, because nothing is known of what they may cost."""
    last_hour_usd: Decimal
    """The burn rate: what was spent in the last hour of the window."""
    last_hour_tokens: int
    unpriced_models: tuple[str, ...] = ()
    """Models without a price that were used in the window: their requests count in tokens only."""
    override: Override | None = None
    passed_mark: float = 0.0
    """The highest part of the limit that is spent, of those that the user wants to know of: 1 is all of it, 0 none."""

    @property
    def full(self) -> float:
        """How much of the limit is spent or reserved: 1 is all of it."""
        if self.limit_usd is not None:
            return _share(self.spent_usd + self.reserved_usd, self.limit_usd)
        return _share(Decimal(self.spent_tokens + self.reserved_tokens), Decimal(self.limit_tokens or 0))

    @property
    def rolls(self) -> bool:
        """Whether the window always reaches back from now, and never resets."""
        return self.window.startswith("rolling:")


def _share(amount: Decimal, limit: Decimal) -> float:
    return float(amount / limit) if limit else 1.0
