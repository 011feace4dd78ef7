"""The sentences about a budget, for the user."""

import shlex
from datetime import datetime, tzinfo
from decimal import Decimal

from candela_tui.rules.budgets.account import Amount
from candela_tui.rules.budgets.state import BudgetState
from candela_tui.text.amounts import money
from candela_tui.text.times import Clock, time_of_day


def breach_facts(state: BudgetState, expected: Amount | None) -> str:
    """Return why a request does not fit: ``$2.00 of $2.50 spent, about $1.00 for this request``."""
    facts = [_spent(state)]
    if state.reserved_usd or state.reserved_tokens:
        facts.append(f"{_amount(state, state.reserved_usd, state.reserved_tokens)} reserved for others")
    if expected is not None:
        facts.append(f"about {_amount(state, expected.usd, expected.tokens)} for this request")
    return ", ".join(facts)


def refusal_words(state: BudgetState, expected: Amount | None, zone: tzinfo | None, now: datetime) -> str:
    """Return why a request is refused, when that ends, and what to do."""
    return (
        f'candela: the budget "{state.name}"{_of_target(state)} is reached ({breach_facts(state, expected)}).'
        f"{_reset(state, zone, now)} To go on now: candela rules override {shlex.quote(state.name)} --for 1h --why …"
    )


def reached_words(state: BudgetState, mark: float, zone: tzinfo | None, now: datetime) -> str:
    """Return that a part of the limit is reached."""
    what = "is reached" if mark >= 1 else f"is at {mark:.0%}"
    return f'The budget "{state.name}"{_of_target(state)} {what}: {_spent(state)}.{_reset(state, zone, now)}'


def _of_target(state: BudgetState) -> str:
    return f" for {state.scope} {state.target}" if state.target is not None else ""


def _spent(state: BudgetState) -> str:
    if state.limit_usd is not None:
        return f"{money(state.spent_usd)} of {money(state.limit_usd)} spent"
    return f"{state.spent_tokens:,} of {state.limit_tokens or 0:,} tokens spent"


def _amount(state: BudgetState, usd: Decimal, tokens: int) -> str:
    return money(usd) if state.limit_usd is not None else f"{tokens:,} tokens"


def _reset(state: BudgetState, zone: tzinfo | None, now: datetime) -> str:
    if state.resets_at is None:
        return ""
    when = time_of_day(state.resets_at, Clock(lambda: now, zone), seconds=False)
    if state.starts_at is not None and state.window.startswith("rolling:"):
        return f" The oldest part of it no longer counts from {when} on."
    return f" It resets at {when}."
