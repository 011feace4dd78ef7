"""The rows of budgets and rules, and what is said about the one with the cursor."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from candela_tui.config import WrittenRule, toml_value
from candela_tui.rules.budgets import figures
from candela_tui.rules.budgets.state import BudgetState
from candela_tui.text.cells import fitted
from candela_tui.text.times import Clock
from candela_tui.text.wrap import wrapped
from candela_tui.ui.style.budgets import standing_style
from candela_tui.ui.style.gauges import gauge
from candela_tui.ui.style.styled_text import Line, Piece

_KIND, _NAME = 9, 24
_BAR, _WIDE_BAR = 12, 30
_ROOMY = 100
"""Cells of a row from which there is room for a long bar."""


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """A budget, for one of its targets."""

    state: BudgetState
    place: int
    """The budget's place in config.toml."""
    clock: Clock
    height: int = 2
    moving: bool = False

    @property
    def key(self) -> Hashable:
        """The budget and its target."""
        return "budgets", self.place, self.state.target

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Draw the name, a bar, the amounts and how it stands; below, how the window goes on."""
        state, style = self.state, standing_style(self.state)
        if line:
            when = f", resets in {figures.resets(state, self.clock.now())}" if state.resets_at is not None else ""
            flying = [f"{state.in_flight} in flight"] if state.in_flight else []
            said = [f"{state.window}{when}", *flying, *figures.short_pace(state, self.clock)]
            return ((fitted(f"   {' · '.join(said)}", width), "dim"),)
        bar = gauge(min(state.full, 1.0), _WIDE_BAR if width >= _ROOMY else _BAR)
        amounts = f"{figures.spent(state)} of {figures.limit(state)}"
        stands = f"{state.state}{' (dry run)' if state.dry_run else ''}"
        right: tuple[Piece, ...] = (
            (f"{bar} ", style if style != "good" else "accent"),
            (f"{figures.used(state):>4} ", style),
            (f"{amounts:>20}  ", "text"),
            (fitted(stands, 10), style),
        )
        room = width - 1 - sum(len(text) for text, _ in right)
        return ((" ", "text"), (fitted(figures.title(state), max(8, room)), "bright"), *right)

    def about(self, width: int) -> Iterator[Line]:
        """Yield what is known of it."""
        state = self.state
        yield from _said(" · ".join(figures.pace(state, self.clock)), width)
        if flying := " · ".join(figures.in_flight(state)):
            yield from _said(flying, width)
        if state.override is not None:
            yield from _said(figures.overridden(state.override, self.clock).capitalize(), width, "warn")
        elif state.state == "blocked":
            yield from _said("Requests are refused. o lets them pass for a time.", width, "bad")
        if state.on_breach == "warn":
            yield from _said("It warns and refuses nothing.", width, "dim")
        if state.unpriced_models:
            yield from _said(
                f"Counted in tokens only, without a price: {', '.join(state.unpriced_models)}", width, "warn"
            )


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as it is written in config.toml."""

    rule: WrittenRule
    height: int = 1
    moving: bool = False

    @property
    def key(self) -> Hashable:
        """The rule's kind and place."""
        return self.rule.kind.name, self.rule.place, None

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Draw the kind, the name and the keys."""
        rule = self.rule
        room = max(8, width - _KIND - _NAME - 3)
        return (
            (f" {fitted(rule.kind.name, _KIND)} ", "accent"),
            (fitted(rule.name if rule.kind.many else "", _NAME), "bright"),
            (fitted(f" {', '.join(_keys(rule))}", room), "dim"),
        )

    def about(self, width: int) -> Iterator[Line]:
        """Yield what it is for, and its keys."""
        yield from _said(self.rule.kind.meaning, width, "dim")
        for key in _keys(self.rule):
            yield from _said(key, width)


def _keys(rule: WrittenRule) -> Iterator[str]:
    return (f"{key} = {toml_value(value)}" for key, value in rule.values.items() if key != "name")


def _said(text: str, width: int, style: str = "text") -> Iterator[Line]:
    for part in wrapped(text, width):
        yield ((part, style),)
