"""What is wrong with the rules of config.toml beyond the form of each value: filters that can't be parsed, names that
nothing has."""

from collections.abc import Iterator

from candela_tui.analysis.filter import parse_for_arrivals
from candela_tui.analysis.filter_fields import FilterError
from candela_tui.config import RulesSettings


def rule_mistakes(settings: RulesSettings) -> list[str]:
    """Return what is wrong, one line for each mistake, with the key."""
    return [*_wrong_filters(settings), *_unknown_budgets(settings)]


def _wrong_filters(settings: RulesSettings) -> Iterator[str]:
    filters = {f"rules.tools.{number}.match": rule.match for number, rule in enumerate(settings.tools)}
    filters |= {f"rules.budgets.{number}.match": rule.match for number, rule in enumerate(settings.budgets)}
    filters["rules.cache.match"] = settings.cache.match
    for key, text in filters.items():
        try:
            parse_for_arrivals(text)
        except FilterError as error:
            yield f"{key}: the filter has a mistake at character {error.position + 1}: {error.message}"


def _unknown_budgets(settings: RulesSettings) -> Iterator[str]:
    names = [budget.name for budget in settings.budgets]
    for number, mark in enumerate(settings.models.below_budget):
        if mark.budget not in ("", *names):
            there = f"there is {', '.join(names)}" if names else "[[rules.budgets]] has none"
            yield f"rules.models.below_budget.{number}.budget: there is no budget {mark.budget}; {there}"
