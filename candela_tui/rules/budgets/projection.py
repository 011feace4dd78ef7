"""How a budget's window goes on: its end at the pace so far, and when the limit is reached at the pace of now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from candela_tui.rules.budgets.state import BudgetState

_TOO_SOON = 0.02
"""The part of a window before which its pace says nothing about its end."""
_HOUR = timedelta(hours=1)
_FARTHEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Projection:
    """Amounts are in USD, or in tokens where the limit is."""

    at_end: Decimal | None
    """What is spent at the end of the window, if it goes on as it did on average. None: not known yet, or a window that
    has no end."""
    reached_at: datetime | None
    """When the limit is reached at the pace of the last hour. None: not before the window ends, or never."""


def projection_of(state: BudgetState, now: datetime) -> Projection:
    """Return how a window goes on from now."""
    spent, limit, last_hour = amounts_of(state)
    return Projection(_at_end(state, spent, now), _reached_at(state, spent, limit, last_hour, now))


def amounts_of(state: BudgetState) -> tuple[Decimal, Decimal, Decimal]:
    """Return what is spent, the limit, and what was spent in the last hour, in the limit's unit."""
    if state.limit_usd is not None:
        return state.spent_usd, state.limit_usd, state.last_hour_usd
    return Decimal(state.spent_tokens), Decimal(state.limit_tokens or 0), Decimal(state.last_hour_tokens)


def _at_end(state: BudgetState, spent: Decimal, now: datetime) -> Decimal | None:
    if state.starts_at is None or state.resets_at is None or state.rolls:
        return None
    whole, gone = state.resets_at - state.starts_at, now - state.starts_at
    if not timedelta(0) < gone <= whole or gone / whole < _TOO_SOON:
        return None
    return spent * Decimal(whole / gone)


def _reached_at(
    state: BudgetState, spent: Decimal, limit: Decimal, last_hour: Decimal, now: datetime
) -> datetime | None:
    if last_hour <= 0 or spent >= limit:
        return None
    hours = float((limit - spent) / last_hour)
    if hours > _FARTHEST / _HOUR:
        return None
    reached = now + hours * _HOUR
    # What is spent leaves a rolling window again, so that beyond its first hours nothing is known.
    ends = state.resets_at
    return reached if ends is None or state.rolls or reached < ends else None
