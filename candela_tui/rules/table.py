"""The list of all rules, outermost first."""

from collections.abc import Callable

from candela_tui.config import RulesSettings
from candela_tui.ledger.running import Spending
from candela_tui.providers.upstream import Upstream
from candela_tui.rules import cache
from candela_tui.rules.budgets import rule as budget_rules
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.rules.models import rule as models
from candela_tui.rules.rule import MakeRule, RuledUpstream
from candela_tui.rules.tools import rule as tools
from candela_tui.store.reader import StoreReader

RULES: tuple[MakeRule, ...] = (models.rule, budget_rules.rule, tools.rule, cache.rule)


def with_rules(
    upstream: Upstream,
    settings: RulesSettings,
    notify: Callable[[str], None],
    spending: Spending,
    budgets: Budgets,
    store: StoreReader | None = None,
) -> Upstream:
    """Return the upstream behind each rule that is on, or the upstream itself if none is.

    ``store`` is what is recorded; None: nothing is."""
    for make in reversed(RULES):
        rule = make(settings, spending, budgets, store)
        if rule is not None:
            upstream = RuledUpstream(rule, upstream, notify)
    return upstream
