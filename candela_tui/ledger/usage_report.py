"""The sums of a usage report: a row for each day, session, model and so on, and within it for each model."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from candela_tui.exchange import Exchange
from candela_tui.ledger.blocks import Block
from candela_tui.ledger.totals import Totals, sum_of


class UsageBy(StrEnum):
    """What a row of a usage report sums up."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    SESSION = "session"
    BLOCKS = "blocks"
    """Windows of five hours, as subscriptions count them."""
    PROJECT = "project"
    """The directory in which a session works."""
    MODEL = "model"
    AGENT = "agent"
    """The main agents, and each type of sub-agents."""
    BRANCH = "branch"
    """The git branch on which a session began."""
    KEY = "key"
    """The key of candela's own with which requests were sent."""
    USER = "user"
    """The user of that key."""
    TEAM = "team"
    """The team of that key."""


IN_TIME = frozenset({UsageBy.DAILY, UsageBy.WEEKLY, UsageBy.MONTHLY, UsageBy.BLOCKS})
"""Reports whose rows follow each other in time."""

OF_KEYS = frozenset({UsageBy.KEY, UsageBy.USER, UsageBy.TEAM})
"""Reports whose rows are about keys, and those who have them."""

Key = str | date | Block | None
"""What a row is about: text, the first day of a period, or a block. None: not known."""

MAIN_AGENT = "main"


class Interval(StrEnum):
    """The time within which the exchanges of a group began."""

    QUARTER = "quarter"
    """A quarter of an hour."""
    SECOND = "second"


@dataclass(frozen=True, slots=True)
class UsageGroup:
    """Sums over some exchanges that have the session, the agent and the model in common."""

    session_id: str | None
    agent_id: str | None
    model: str | None
    """The model that answered, or was asked; None if neither is stated."""
    first_at: datetime
    last_at: datetime
    totals: Totals
    key: str | None = None
    """The name of the key of candela's own, where the report asks for it."""

    @classmethod
    def of(cls, exchange: Exchange) -> "UsageGroup":
        """Return the group of one exchange."""
        totals = Totals()
        totals.add(exchange)
        model = exchange.model_used or exchange.model
        at = exchange.started_at
        return cls(exchange.session_id, exchange.agent_id, model, at, at, totals, exchange.key)


@dataclass(slots=True)
class UsageSums:
    """The sums of one row, or of all rows."""

    by_model: dict[str | None, Totals] = field(default_factory=dict)
    agents: set[tuple[str | None, str]] = field(default_factory=set)
    """The sub-agents, by their sessions' ids and their own."""
    first_at: datetime | None = None
    last_at: datetime | None = None

    def span(self) -> tuple[datetime, datetime]:
        """Return when the first and the last exchange began. Call it only for a row, which has exchanges."""
        assert self.first_at is not None
        assert self.last_at is not None
        return self.first_at, self.last_at

    def include(self, group: UsageGroup) -> None:
        """Add the sums of a group."""
        totals = self.by_model.get(group.model)
        if totals is None:
            totals = self.by_model[group.model] = Totals()
        totals.include(group.totals)
        if group.agent_id is not None:
            self.agents.add((group.session_id, group.agent_id))
        self.first_at = min(self.first_at or group.first_at, group.first_at)
        self.last_at = max(self.last_at or group.last_at, group.last_at)

    def merge(self, other: "UsageSums") -> None:
        """Add the sums of another row."""
        for model, totals in other.by_model.items():
            self.by_model.setdefault(model, Totals()).include(totals)
        self.agents |= other.agents
        if other.first_at is not None and other.last_at is not None:
            self.first_at = min(self.first_at or other.first_at, other.first_at)
            self.last_at = max(self.last_at or other.last_at, other.last_at)

    def totals(self) -> Totals:
        """Return the sums over all models."""
        return sum_of(self.by_model.values())

    def models(self) -> list[tuple[str | None, Totals]]:
        """Return the sums of each model, the most expensive first."""
        return sorted(self.by_model.items(), key=lambda each: (-each[1].cost_usd, -each[1].requests, each[0] or ""))


class UsageReport:
    """The rows of a report by their keys, as far as groups were added."""

    def __init__(self, by: UsageBy, key_of: Callable[[UsageGroup], Key]) -> None:
        self.by = by
        self._key_of = key_of
        self._rows: dict[Key, UsageSums] = {}

    @property
    def within(self) -> Interval | None:
        """The time within which the exchanges of a group must have begun; None: at any times."""
        if self.by is UsageBy.BLOCKS:
            return Interval.SECOND
        return Interval.QUARTER if self.by in IN_TIME else None

    @property
    def keyed(self) -> bool:
        """Whether the exchanges of a group must have the key in common."""
        return self.by in OF_KEYS

    def include(self, group: UsageGroup) -> None:
        """Add a group to its row."""
        key = self._key_of(group)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = UsageSums()
        row.include(group)

    def total(self) -> UsageSums:
        """Return the sums over all rows."""
        total = UsageSums()
        for row in self._rows.values():
            total.merge(row)
        return total

    def rows(self) -> list[tuple[Key, UsageSums]]:
        """Return the rows: in the order of time; sessions the most recently active first; others the most expensive
        first."""
        rows = list(self._rows.items())
        if self.by in IN_TIME:
            rows.sort(key=lambda row: _moment(row[0]))
        elif self.by is UsageBy.SESSION:
            rows.sort(key=lambda row: (row[1].span()[1], row[0] or ""), reverse=True)
        else:
            sums = {key: row.totals() for key, row in rows}
            rows.sort(key=lambda row: (-sums[row[0]].cost_usd, -sums[row[0]].requests, str(row[0] or "")))
        return rows


def _moment(key: Key) -> tuple[str, str]:
    return (key.starts_at.isoformat(), key.ends_at.isoformat()) if isinstance(key, Block) else (str(key), "")


def period_of(day: date, by: UsageBy) -> date:
    """Return the first day of the day, the week (from Monday) or the month that a day is in."""
    if by is UsageBy.WEEKLY:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if by is UsageBy.MONTHLY else day
