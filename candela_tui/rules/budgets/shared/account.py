"""What this replica knows of a shared counter."""

from datetime import datetime, timedelta

from candela_tui.rules.budgets.account import NOTHING, Amount, Balance, Limit, Unknown
from candela_tui.rules.budgets.shared.counter import Figures
from candela_tui.rules.budgets.windows import Window

_HOUR = timedelta(hours=1)


class SharedAccount(Balance):
    """The sums of one target, as PostgreSQL last said. Other replicas may have changed them since."""

    def __init__(self, limit: Limit, window: Window) -> None:
        super().__init__(limit)
        self._rolls = window.span is not None
        self._start: datetime | None = None
        self._forget()

    def _forget(self) -> None:
        self._figures = Figures(NOTHING, NOTHING, 0, 0, 0, NOTHING, None, ())
        self._minutes: dict[datetime, Amount] = {}
        self._followed = False

    def show(self, figures: Figures, now: datetime, minutes: dict[datetime, Amount] | None = None) -> None:
        """Take the newest figures. ``minutes`` is what was spent in each minute of the last hour; without it, what was
        spent since the last figures counts as spent now."""
        if minutes is not None:
            self._minutes = minutes
        elif self._followed:
            minute = now.replace(second=0, microsecond=0)
            more = figures.spent.minus(self._figures.spent).at_least(NOTHING)
            self._minutes[minute] = self._minutes.get(minute, NOTHING).plus(more)
        self._followed = True
        self._figures = figures
        self.unpriced = dict.fromkeys(figures.unpriced)

    @property
    def spent(self) -> Amount:
        """What was spent in the window."""
        return self._figures.spent

    @property
    def held(self) -> Amount:
        """What the requests in flight are expected to cost that count in this window."""
        return self._figures.held

    @property
    def in_flight(self) -> int:
        """How many requests are in flight, on all replicas."""
        return self._figures.in_flight

    @property
    def oldest(self) -> datetime | None:
        """When the oldest request began that was spent for."""
        return self._figures.oldest

    @property
    def idle(self) -> bool:
        """Whether nothing is counted, reserved or waiting."""
        nothing = self.spent == self.held == NOTHING
        return nothing and not (self._figures.in_flight or self._figures.oldest or self.waiting)

    def begin_at(self, start: datetime | None) -> None:
        """Begin a new window, of which nothing is known yet. What leaves a rolling one, PostgreSQL says."""
        if not self._rolls and start != self._start:
            self._start = start
            self.refused = None
            self.unpriced = {}
            self._forget()

    def last_hour(self, now: datetime) -> Amount:
        """Return what was spent in the last hour, as far as this replica saw it."""
        for minute in [minute for minute in self._minutes if minute < now - _HOUR]:
            del self._minutes[minute]
        return Amount(
            sum((each.usd for each in self._minutes.values()), NOTHING.usd),
            sum(each.tokens for each in self._minutes.values()),
        )

    def _unknown(self) -> Unknown:
        return Unknown(self._figures.unknown, self._figures.unbounded, self._figures.most)
