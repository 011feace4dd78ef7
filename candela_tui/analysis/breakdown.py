"""Requests summed up by day, by model and by session."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from candela_tui.analysis.sessions import Totals
from candela_tui.exchange import Exchange


@dataclass(slots=True)
class Breakdown:
    """The sums over exchanges, and over those of each day, model and session."""

    local: Callable[[datetime], datetime]
    """Return a moment in the time zone whose days count."""
    totals: Totals = field(default_factory=Totals)
    by_day: dict[date, Totals] = field(default_factory=dict)
    by_model: dict[str | None, Totals] = field(default_factory=dict)
    """None: requests that name no model, such as probes."""
    by_session: dict[str | None, Totals] = field(default_factory=dict)

    def adding(self, exchanges: Iterable[Exchange]) -> Iterator[None]:
        """Add exchanges, one a step."""
        for exchange in exchanges:
            model = exchange.model_used or exchange.model
            day = self.local(exchange.started_at).date()
            self.totals.add(exchange)
            self.by_day.setdefault(day, Totals()).add(exchange)
            self.by_model.setdefault(model, Totals()).add(exchange)
            self.by_session.setdefault(exchange.session_id, Totals()).add(exchange)
            yield

    def add(self, exchanges: Iterable[Exchange]) -> None:
        """Add exchanges at once."""
        for _ in self.adding(exchanges):
            pass


def dearest(sums: dict[str | None, Totals]) -> list[tuple[str | None, Totals]]:
    """Return sums, the most expensive first; those without a price come last."""
    return sorted(sums.items(), key=lambda each: (-each[1].cost_usd, -each[1].requests))
