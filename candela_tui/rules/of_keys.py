"""What the limits of candela's own keys are as rules: budgets, and tools that are denied."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from candela_tui.claude_code.permissions.patterns import parse_pattern
from candela_tui.config import BudgetRule, RulesSettings, ToolRule
from candela_tui.keys.key import Key
from candela_tui.rules.budgets.of_keys import budgets_of_keys
from candela_tui.rules.budgets.targets import Owner


@dataclass(frozen=True, slots=True)
class RulesOfKeys:
    """The rules that keys bring along."""

    budgets: tuple[BudgetRule, ...] = ()
    tools: tuple[ToolRule, ...] = ()
    aliased: bool = False
    """Whether any key has names of its own for models."""
    owners: tuple[tuple[str, Owner], ...] = ()
    """Whose the keys are, by their names; of several with a name, the one in use, or else the newest."""

    @classmethod
    def of(cls, keys: Iterable[Key]) -> Self:
        """Return the rules of those keys that were not revoked."""
        known = sorted(keys, key=lambda key: (key.revoked_at is None, key.created_at))
        kept = [key for key in known if key.revoked_at is None]
        tools = tuple(rule for key in kept for rule in _tools_of(key))
        return cls(budgets_of_keys(kept), tools, any(key.aliases for key in kept), owners_of(known))

    def added_to(self, settings: RulesSettings) -> RulesSettings:
        """Return the settings with these rules behind those of config.toml."""
        if not (self.budgets or self.tools):
            return settings
        more = {"budgets": (*settings.budgets, *self.budgets), "tools": (*settings.tools, *self.tools)}
        return settings.model_copy(update=more)


def owners_of(keys: Iterable[Key]) -> tuple[tuple[str, Owner], ...]:
    """Return whose keys are, by their names; of several with a name, the last one."""
    found = {key.name: Owner(key.user, key.team) for key in keys if key.user is not None or key.team is not None}
    return tuple(found.items())


def _tools_of(key: Key) -> Iterable[ToolRule]:
    """Yield the rules about what a key denies: the model does not get to know whole tools, and reads why a call of
    another one failed."""
    whole = tuple(each for each in key.deny_tools if parse_pattern(each).is_for_whole_tool)
    calls = tuple(each for each in key.deny_tools if each not in whole)
    for deny, action in ((whole, "strip"), (calls, "answer")):
        if deny:
            yield ToolRule(name=f"key {key.name}", match=f"key={key.name}", deny=deny, action=action)
