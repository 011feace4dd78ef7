"""What one target of a budget spent in its window, and what its requests in flight are expected to cost."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum, auto
from functools import reduce
from typing import NamedTuple

from candela_tui.rules.budgets.windows import Window


class Amount(NamedTuple):
    """Money and tokens."""

    usd: Decimal
    tokens: int

    def plus(self, other: "Amount") -> "Amount":
        """Return the sum."""
        return Amount(self.usd + other.usd, self.tokens + other.tokens)

    def minus(self, other: "Amount") -> "Amount":
        """Return the difference."""
        return Amount(self.usd - other.usd, self.tokens - other.tokens)

    def at_least(self, other: "Amount") -> "Amount":
        """Return the larger one of each."""
        return Amount(max(self.usd, other.usd), max(self.tokens, other.tokens))


NOTHING = Amount(Decimal(0), 0)


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit: exactly one of the two is set."""

    usd: Decimal | None
    tokens: int | None
    value: Decimal = field(init=False)
    """The limit itself."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", self.usd if self.usd is not None else Decimal(self.tokens or 0))

    def of(self, amount: Amount) -> Decimal:
        """Return the part of an amount that is limited."""
        return amount.usd if self.usd is not None else Decimal(amount.tokens)


class Room(Enum):
    """Whether a request fits."""

    FITS = auto()
    FULL = auto()
    """It would exceed the limit."""
    WAIT = auto()
    """It may exceed the limit, together with requests in flight of which nothing is known."""


class Unknown(NamedTuple):
    """The requests in flight of which nothing is known."""

    requests: int
    unbounded: int
    """How many of them may cost any amount."""
    most: Amount
    """What the others of them may cost at most, together."""


_NONE_UNKNOWN = Unknown(0, 0, NOTHING)


class Balance(ABC):
    """What one target spent in its window and what is reserved for it, and what follows from that. All moments are
    aware."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self.waiting = 0
        self.refused: Amount | None = None
        """What the latest refused request was expected to cost."""
        self.unpriced: dict[str, None] = {}
        """Models without a price."""

    @property
    @abstractmethod
    def spent(self) -> Amount:
        """What was spent in the window."""

    @property
    @abstractmethod
    def held(self) -> Amount:
        """What the requests in flight are expected to cost that count in this window."""

    @property
    @abstractmethod
    def in_flight(self) -> int:
        """How many requests are in flight."""

    @property
    @abstractmethod
    def oldest(self) -> datetime | None:
        """When the oldest request began that was spent for, or a moment before it."""

    @property
    @abstractmethod
    def idle(self) -> bool:
        """Whether nothing is counted, reserved or waiting."""

    @abstractmethod
    def begin_at(self, start: datetime | None) -> None:
        """Drop what was spent before the window, which never moves back."""

    @abstractmethod
    def last_hour(self, now: datetime) -> Amount:
        """Return what was spent in the last hour, as far as it is in the window."""

    @abstractmethod
    def _unknown(self) -> Unknown:
        """Return the requests in flight of which nothing is known."""

    def room(self, expected: Amount | None, most: Amount | None) -> Room:
        """Return whether a request fits beside what was spent and reserved.

        ``expected`` is what it is expected to cost. None: not known; then it passes if no other one is in flight of
        which nothing is known, or if even the most that it and the others may cost fits. What others may cost counts
        for every request; nothing for one that may cost any amount, which is the only one of its kind.

        ``shared/statements.py`` says the same in SQL, line by line.
        """
        limited, limit = self._limit.of, self._limit.value
        taken = limited(self.spent) + limited(self.held)
        others = self._unknown()
        if expected is None:
            if taken >= limit:
                return Room.FULL
            if others.requests == 0:
                return Room.FITS
            if most is None or others.unbounded > 0:
                return Room.WAIT
            needs = limited(most)
        else:
            needs = limited(expected)
            if taken + needs > limit:
                return Room.FULL
            if others.requests == 0:
                return Room.FITS
        return Room.FITS if taken + limited(others.most) + needs <= limit else Room.WAIT

    @property
    def is_blocked(self) -> bool:
        """Whether the limit is reached, or so near that the latest refused request would still not fit."""
        taken = self._limit.of(self.spent.plus(self.held))
        if taken >= self._limit.value:
            return True
        return self.refused is not None and taken + self._limit.of(self.refused) > self._limit.value

    def share(self) -> float:
        """Return how much of the limit is spent: 1 is all of it."""
        return self._share(self.spent)

    def share_with_reserved(self) -> float:
        """Return how much of the limit is spent or reserved: 1 is all of it."""
        return self._share(self.spent.plus(self.held))

    def _share(self, amount: Amount) -> float:
        return float(self._limit.of(amount) / self._limit.value) if self._limit.value else 1.0


@dataclass(slots=True)
class Reservation:
    """What a request in flight is expected to cost."""

    at: datetime
    amount: Amount
    """At first nothing, if nothing is known of what it may cost."""
    most: Amount | None
    """What it may cost at most. None: not known."""
    counts: bool
    """Whether it began in the window."""


class Account(Balance):
    """The sums of one target, counted in this process."""

    def __init__(self, limit: Limit, window: Window) -> None:
        super().__init__(limit)
        self._step_s = window.step_s
        self._steps: dict[int, Amount] = {}
        self._spent = NOTHING
        self._held = NOTHING
        self._start: datetime | None = None
        """The beginning of the window, as it was last given."""
        self._first_at: datetime | None = None
        """When the first step begins that counts: earlier ones were dropped. None: all count."""
        self._next_at: datetime | None = None
        """When the step after it begins."""
        self.reserved: dict[str, Reservation] = {}
        """By the ids of the requests."""
        self._of_unknown: dict[str, Reservation] = {}
        """Those of requests of which nothing is known."""

    def _step(self, at: datetime) -> int:
        return int(at.timestamp() // self._step_s)

    def _counts(self, at: datetime) -> bool:
        """Return whether a moment is in the window."""
        return self._first_at is None or at >= self._first_at

    def begin_at(self, start: datetime | None) -> None:
        """Drop what was spent before the window. The window of an account never moves back."""
        if start is None or start is self._start:
            return
        self._start = start
        if self._next_at is not None and start < self._next_at:
            return
        first = self._step(start)
        self._first_at = datetime.fromtimestamp(first * self._step_s, UTC)
        self._next_at = self._first_at + timedelta(seconds=self._step_s)
        for reservation in self.reserved.values():
            if reservation.counts and not self._counts(reservation.at):
                reservation.counts = False
                self._held = self._held.minus(reservation.amount)
        gone = [step for step in self._steps if step < first]
        for step in gone:
            self._spent = self._spent.minus(self._steps.pop(step))
        if not self._steps:
            self.refused = None
            self.unpriced.clear()

    def add(self, at: datetime, amount: Amount) -> None:
        """Count what a request cost that began at a moment."""
        if self._counts(at):
            step = self._step(at)
            self._steps[step] = self._steps.get(step, NOTHING).plus(amount)
            self._spent = self._spent.plus(amount)

    @property
    def spent(self) -> Amount:
        """What was spent in the window."""
        return self._spent

    def spent_since(self, moment: datetime) -> Amount:
        """Return what was spent in the window from the step of a moment on."""
        first, amount = self._step(moment), NOTHING
        for step, each in self._steps.items():
            if step >= first:
                amount = amount.plus(each)
        return amount

    @property
    def oldest(self) -> datetime | None:
        """When the oldest step begins in which something was spent."""
        return datetime.fromtimestamp(min(self._steps) * self._step_s, UTC) if self._steps else None

    @property
    def held(self) -> Amount:
        """What the requests in flight are expected to cost that count in this window."""
        return self._held

    @property
    def in_flight(self) -> int:
        """How many requests are in flight."""
        return len(self.reserved)

    @property
    def idle(self) -> bool:
        """Whether nothing is counted, reserved or waiting."""
        return not (self._steps or self.reserved or self.waiting)

    def _unknown(self) -> Unknown:
        if not self._of_unknown:
            return _NONE_UNKNOWN
        found = [each.most for each in self._of_unknown.values() if each.counts]
        bounded = [most for most in found if most is not None]
        return Unknown(len(found), len(found) - len(bounded), reduce(Amount.plus, bounded, NOTHING))

    def reserve(self, request_id: str, at: datetime, expected: Amount | None, most: Amount | None) -> None:
        """Reserve what a request is expected to cost."""
        if request_id in self.reserved:
            self.give_back(request_id)
        counts = self._counts(at)
        made = self.reserved[request_id] = Reservation(at, expected or NOTHING, most, counts)
        if expected is None:
            self._of_unknown[request_id] = made
        if counts:
            self._held = self._held.plus(made.amount)

    def grow(self, request_id: str, so_far: Amount) -> None:
        """Reserve at least what a request already cost."""
        found = self.reserved.get(request_id)
        if found is None:
            return
        more = found.amount.at_least(so_far)
        if found.counts:
            self._held = self._held.plus(more.minus(found.amount))
        found.amount = more

    def give_back(self, request_id: str) -> None:
        """Reserve nothing for a request any more."""
        found = self.reserved.pop(request_id, None)
        self._of_unknown.pop(request_id, None)
        if found is not None and found.counts:
            self._held = self._held.minus(found.amount)

    def last_hour(self, now: datetime) -> Amount:
        """Return what was spent in the last hour, as far as it is in the window."""
        return self.spent_since(now - timedelta(hours=1))
