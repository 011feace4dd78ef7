"""The budgets of candela's own keys, as rules."""

from collections.abc import Iterable

from candela_tui.config import BudgetRule
from candela_tui.keys.key import Key


def budgets_of_keys(keys: Iterable[Key]) -> tuple[BudgetRule, ...]:
    """Return a budget for each key that has one and was not revoked, which counts what is asked with that key alone."""
    return tuple(
        BudgetRule(
            name=budget_name(key),
            scope="key",
            match=f"key={key.name}",
            window=key.budget.window,
            limit_usd=key.budget.limit_usd,
        )
        for key in keys
        if key.budget is not None and key.revoked_at is None
    )


def budget_name(key: Key) -> str:
    """Return the name of a key's budget."""
    return f"key {key.name}"
