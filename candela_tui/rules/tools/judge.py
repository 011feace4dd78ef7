"""What the rules about tools say of one call, or of a tool that a request declares."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from candela_tui.claude_code.permissions.paths import Place
from candela_tui.claude_code.permissions.patterns import JudgedCall, ToolCall, ToolPattern, denying, parse_pattern
from candela_tui.config import ToolRule
from candela_tui.protocol.held_call import held_words
from candela_tui.protocol.rule_action import RuleAction


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one rule does."""

    rule: ToolRule
    name: str
    """The rule's name, for words to the user and the model."""
    pattern: str
    """The pattern that matched, as it is written."""
    tool: str

    @property
    def action(self) -> RuleAction:
        """What is recorded of it. The call's arguments are not repeated: they may be what is not to be spread."""
        words = f"{self.tool} is denied by {self.pattern}"
        return RuleAction(self.name, self.rule.action, self.rule.dry_run, words)

    @property
    def words(self) -> str:
        """What stands in place of the call."""
        return held_words(self.tool, self.name, self.pattern)


@dataclass(frozen=True, slots=True)
class _Rule:
    number: int
    settings: ToolRule
    name: str
    deny: tuple[ToolPattern, ...]
    allow: tuple[ToolPattern, ...]

    def judgement(self, pattern: str, tool: str) -> Judgement:
        return Judgement(self.settings, self.name, pattern, tool)


class Judge:
    """Applies the rules in their order: the first that denies something decides."""

    def __init__(self, rules: Sequence[ToolRule]) -> None:
        self._use(
            [
                _Rule(
                    number,
                    rule,
                    rule.name or f"rules.tools {number + 1}",
                    tuple(map(parse_pattern, rule.deny)),
                    tuple(map(parse_pattern, rule.allow)),
                )
                for number, rule in enumerate(rules)
            ]
        )

    def _use(self, rules: list[_Rule]) -> None:
        self._rules = rules
        self._of_calls = [rule for rule in rules if rule.settings.action in ("mark", "end", "answer")]
        self._of_declared = [rule for rule in rules if rule.settings.action in ("strip", "refuse")]
        self.needs_directory = any(
            pattern.is_relative for rule in self._of_calls for pattern in (*rule.deny, *rule.allow)
        )
        """Whether a pattern means something else in another directory."""

    def without(self, numbers: AbstractSet[int]) -> "Judge":
        """Return a judge that applies all but these rules."""
        if not numbers:
            return self
        other = Judge(())
        other._use([rule for rule in self._rules if rule.number not in numbers])
        return other

    @property
    def judges_calls(self) -> bool:
        """Whether any rule is about calls in answers."""
        return bool(self._of_calls)

    @property
    def judges_declared(self) -> bool:
        """Whether any rule is about the tools that a request declares."""
        return bool(self._of_declared)

    def concerns(self, tool: str) -> bool:
        """Return whether a call of a tool has to be looked at."""
        return any(pattern.may_deny(tool) for rule in self._of_calls for pattern in rule.deny)

    def of_call(self, call: ToolCall, place: Place) -> Judgement | None:
        """Return what is done about a call, or None if it passes."""
        judged = JudgedCall(call, place)
        for rule in self._of_calls:
            pattern = denying(rule.deny, rule.allow, judged)
            if pattern is not None:
                return rule.judgement(pattern, call.name)
        return None

    def of_declared(self, tool: str) -> Judgement | None:
        """Return what is done about a request that declares a tool, or None if nothing is."""
        for rule in self._of_declared:
            denied = next((each for each in rule.deny if each.names(tool)), None)
            if denied is not None and not any(each.names(tool) for each in rule.allow):
                return rule.judgement(denied.text, tool)
        return None
