"""How the state of a budget looks."""

from collections.abc import Iterable

from candela_tui.rules.budgets.state import BudgetStanding, BudgetState

_STYLES = {
    BudgetStanding.OK: "good",
    BudgetStanding.WARNED: "warn",
    BudgetStanding.BLOCKED: "bad",
    BudgetStanding.OVERRIDDEN: "warn",
}
_URGENCY = (BudgetStanding.BLOCKED, BudgetStanding.OVERRIDDEN, BudgetStanding.WARNED)


def standing_style(state: BudgetState) -> str:
    """Return the style for a budget."""
    return _STYLES[state.state]


def most_urgent(states: Iterable[BudgetState]) -> BudgetState | None:
    """Return the state that the user has to know of first, or None if all is well."""
    urgent = [state for state in states if state.state is not BudgetStanding.OK]
    return min(urgent, key=lambda state: (_URGENCY.index(state.state), -state.full), default=None)
