"""What is wrong with the rules of config.toml beyond the form of each value: filters that can't be parsed."""

from collections.abc import Iterator

from candela_tui.analysis.filter import parse_for_arrivals
from candela_tui.analysis.filter_fields import FilterError
from candela_tui.config import RulesSettings


def rule_mistakes(settings: RulesSettings) -> list[str]:
    """Return what is wrong, one line for each mistake, with the key."""
    return list(_wrong_filters(settings))


def _wrong_filters(settings: RulesSettings) -> Iterator[str]:
    filters = {f"rules.tools.{number}.match": rule.match for number, rule in enumerate(settings.tools)}
    filters |= {f"rules.budgets.{number}.match": rule.match for number, rule in enumerate(settings.budgets)}
    for key, text in filters.items():
        try:
            parse_for_arrivals(text)
        except FilterError as error:
            yield f"{key}: the filter has a mistake at character {error.position + 1}: {error.message}"
