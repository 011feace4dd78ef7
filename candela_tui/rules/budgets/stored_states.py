"""How budgets stand by what is recorded, without a running candela."""

from collections.abc import Iterable

from candela_tui.config import Settings
from candela_tui.ledger.running import RunningLedger
from candela_tui.paths import Paths
from candela_tui.pricing import Pricer
from candela_tui.rules.budgets.opening import open_budgets
from candela_tui.rules.budgets.state import BudgetState
from candela_tui.rules.budgets.targets import Owner
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader
from candela_tui.text.times import Clock


async def stored_states(
    settings: Settings, paths: Paths, store: StoreReader, owners: Iterable[tuple[str, Owner]]
) -> list[BudgetState]:
    """Return the state of every budget for each of its targets. ``owners`` says whose the keys are. Blocks while
    the store is read; raises StoreError and Unreachable."""
    ledger = RunningLedger(Clock())
    budgets = open_budgets(settings, paths, Pricer(settings.pricing), ledger)
    if budgets.shared:
        budgets.configure(settings.rules, owners)
        try:
            await budgets.show_shared()
            return budgets.states()
        finally:
            await budgets.close()
    for _ in ledger.fill(store.totals(ExchangeQuery())):
        pass
    budgets.configure(settings.rules, owners)
    await budgets.fill(store)
    return budgets.states()
