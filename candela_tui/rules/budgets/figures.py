"""The figures of a budget as text and as a record."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from candela_tui.exchange.facts import iso_time
from candela_tui.rules.budgets.projection import projection_of
from candela_tui.rules.budgets.state import BudgetState, Override
from candela_tui.text.amounts import UNKNOWN, count, money, percent, requests
from candela_tui.text.times import Clock, duration, to_the_minute

FIELDS = (
    "name",
    "scope",
    "target",
    "window",
    "starts_at",
    "resets_at",
    "limit_usd",
    "spent_usd",
    "reserved_usd",
    "state",
)
"""The fields of ``candela budgets --json``."""


def budget_record(state: BudgetState) -> dict[str, Any]:
    """Return the record of a budget. Times are in RFC 3339."""
    return {name: _plain(getattr(state, name)) for name in FIELDS}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso_time(value)
    return str(value) if isinstance(value, str) else value


def amount(state: BudgetState, value: Decimal | int) -> str:
    """Return an amount in the unit of the budget's limit: ``$4.82``, ``96k tok``."""
    return money(Decimal(value)) if state.limit_usd is not None else f"{count(round(value))} tok"


def spent(state: BudgetState) -> str:
    """Return what is spent."""
    return amount(state, state.spent_usd if state.limit_usd is not None else state.spent_tokens)


def limit(state: BudgetState) -> str:
    """Return the limit."""
    return amount(state, state.limit_usd if state.limit_usd is not None else state.limit_tokens or 0)


def reserved(state: BudgetState) -> str:
    """Return what the requests in flight are expected to cost; ``–`` if none is."""
    held = state.reserved_usd if state.limit_usd is not None else state.reserved_tokens
    return amount(state, held) if held else UNKNOWN


def used(state: BudgetState) -> str:
    """Return how much of the limit is spent or reserved: ``60%``, ``120%``."""
    return percent(state.full) if state.full <= 1 else f"{state.full:.0%}"


def title(state: BudgetState) -> str:
    """Return the budget's name, and what it is for."""
    return f"{state.name} · {state.scope} {state.target}" if state.target is not None else state.name


def resets(state: BudgetState, now: datetime) -> str:
    """Return the time until the window ends: ``1h58``; ``–`` for a window that does not."""
    if state.resets_at is None:
        return UNKNOWN
    return duration(max(0.0, (state.resets_at - now).total_seconds()) * 1000)


def overridden(override: Override, clock: Clock) -> str:
    """Return until when and why a budget is overridden."""
    return f"overridden until {to_the_minute(override.until, clock)}: {override.why}"


def pace(state: BudgetState, clock: Clock) -> Iterator[str]:
    """Yield how the window goes on: the burn rate, its end at the pace so far, and when the limit is reached."""
    last_hour = state.last_hour_usd if state.limit_usd is not None else state.last_hour_tokens
    yield f"{amount(state, last_hour)} in the last hour"
    projection = projection_of(state, clock.now())
    if projection.at_end is not None:
        yield f"{amount(state, projection.at_end)} by the end at the pace so far"
    if projection.reached_at is not None:
        when = to_the_minute(projection.reached_at, clock)
        yield f"limit reached at {when} at the last hour's pace"


def short_pace(state: BudgetState, clock: Clock) -> Iterator[str]:
    """Yield the same in few words, the most important first."""
    projection = projection_of(state, clock.now())
    if projection.reached_at is not None:
        yield f"limit at {to_the_minute(projection.reached_at, clock)}"
    if projection.at_end is not None:
        yield f"{amount(state, projection.at_end)} by the end"
    last_hour = state.last_hour_usd if state.limit_usd is not None else state.last_hour_tokens
    yield f"{amount(state, last_hour)}/h now"


def in_flight(state: BudgetState) -> Iterator[str]:
    """Yield what is in flight, and what waits."""
    if state.in_flight:
        yield f"{requests(state.in_flight)} in flight, {reserved(state)} reserved"
    if state.waiting:
        yield f"{requests(state.waiting)} waiting for another one to end"
