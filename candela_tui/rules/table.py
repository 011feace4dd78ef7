"""The list of all rules, outermost first."""

from candela_tui.config import RulesSettings
from candela_tui.providers.upstream import Upstream
from candela_tui.rules import cache
from candela_tui.rules.budgets import rule as budget_rules
from candela_tui.rules.models import rule as models
from candela_tui.rules.rule import MakeRule, RuleContext, RuledUpstream
from candela_tui.rules.tools import rule as tools

RULES: tuple[MakeRule, ...] = (models.rule, budget_rules.rule, tools.rule, cache.rule)


def with_rules(upstream: Upstream, settings: RulesSettings, context: RuleContext) -> Upstream:
    """Return the upstream behind each rule that is on, or the upstream itself if none is."""
    for make in reversed(RULES):
        rule = make(settings, context)
        if rule is not None:
            upstream = RuledUpstream(rule, upstream, context.notify)
    return upstream
