"""One budget with what is known of each of its targets."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from candela_tui.analysis.filter import Filter, parse_for_arrivals
from candela_tui.config import BudgetRule
from candela_tui.rules.budgets.account import Balance, Limit
from candela_tui.rules.budgets.windows import Bounds, Window

_MOST_ACCOUNTS = 10_000

MakeBalance = Callable[[Limit, Window], Balance]


@dataclass(slots=True)
class Budget:
    """A budget of the settings, and the accounts of its targets."""

    settings: BudgetRule
    name: str
    scope: str
    team: str | None
    """The team whose requests it is for; None: those of everybody."""
    dry_run: bool
    window: Window
    limit: Limit
    wanted: Filter
    zone: tzinfo | None
    """Whose days and months the window follows; None for the machine's own."""
    make_balance: MakeBalance
    accounts: OrderedDict[str, Balance] = field(default_factory=OrderedDict)
    told: dict[str, tuple[datetime | None, float]] = field(default_factory=dict)
    """The highest part of the limit that the user was told of, by target, with the beginning of the window that it was
    in. Of a rolling window, with the moment at which the user was told."""
    _latest: Bounds | None = None
    """The window that was asked for last."""

    @classmethod
    def of(cls, settings: BudgetRule, zone: tzinfo | None, make_balance: MakeBalance, *, dry_run: bool) -> "Budget":
        """Return a budget of which nothing is known yet. Raises FilterError."""
        limit = Limit(settings.limit_usd, settings.limit_tokens)
        wanted = parse_for_arrivals(settings.match)
        window = Window(settings.window)
        return cls(
            settings,
            settings.name,
            settings.scope,
            settings.team,
            dry_run or settings.dry_run,
            window,
            limit,
            wanted,
            zone,
            make_balance,
        )

    @property
    def refuses(self) -> bool:
        """Whether requests that exceed the limit are refused."""
        return self.settings.on_breach == "block" and not self.dry_run

    def bounds(self, moment: datetime) -> Bounds:
        """Return the window that a moment is in."""
        if self._latest is None or not self._latest.hold_at(moment):
            self._latest = self.window.bounds(moment, self.zone)
        return self._latest

    def account(self, target: str, bounds: Bounds) -> Balance:
        """Return the account of a target in a window."""
        found = self.accounts.get(target)
        if found is None:
            found = self.accounts[target] = self.make_balance(self.limit, self.window)
            if len(self.accounts) > _MOST_ACCOUNTS:
                self._forget_idle(bounds, target)
        found.begin_at(bounds.start)
        return found

    def _forget_idle(self, bounds: Bounds, kept: str) -> None:
        for account in self.accounts.values():
            account.begin_at(bounds.start)
        for target in [target for target, account in self.accounts.items() if account.idle and target != kept]:
            del self.accounts[target]

    @property
    def marks(self) -> list[float]:
        """The parts of the limit that the user wants to know of, the smallest first. All of it is the last."""
        return [*sorted(self.settings.warn_at), 1.0]


Concerned = tuple[Budget, str, Balance]
"""A budget that a request falls under, and the target that it counts for."""
