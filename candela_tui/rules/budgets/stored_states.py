"""How budgets stand by what is recorded, without a running candela."""

from candela_tui.config import RulesSettings
from candela_tui.ledger.running import RunningLedger
from candela_tui.pricing import Pricer
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.rules.budgets.overrides import Overrides
from candela_tui.rules.budgets.state import BudgetState
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader
from candela_tui.text.times import Clock


async def stored_states(
    settings: RulesSettings, store: StoreReader, overrides: Overrides, pricer: Pricer
) -> list[BudgetState]:
    """Return the state of every budget for each of its targets. Blocks while the store is read; raises StoreError."""
    ledger = RunningLedger(Clock())
    for _ in ledger.fill(store.totals(ExchangeQuery())):
        pass
    budgets = Budgets(pricer, ledger, overrides)
    budgets.configure(settings)
    await budgets.fill(store)
    return budgets.states()
