"""The rows of the keys, and what is said about the one with the cursor."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from candela_tui.keys.key import Key, KeyState
from candela_tui.rules.budgets import figures
from candela_tui.rules.budgets.state import BudgetState
from candela_tui.text.cells import fitted
from candela_tui.text.times import Clock, local_time
from candela_tui.text.wrap import wrapped
from candela_tui.ui.style.budgets import standing_style
from candela_tui.ui.style.gauges import gauge
from candela_tui.ui.style.styled_text import Line, Piece

_PREFIX = 17
_ROOMY = 100
"""Cells of a row from which there is room for long names and bars."""
_NAME, _BAR, _AMOUNTS = (14, 20), (8, 16), (18, 22)
"""Cells without and with that room."""
_STYLES = {
    KeyState.ACTIVE: "good",
    KeyState.DISABLED: "warn",
    KeyState.EXPIRED: "warn",
    KeyState.REVOKED: "dim",
}


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key, with how its budget stands."""

    found: Key
    budget: BudgetState | None
    """None: it has none, or how it stands is not known."""
    clock: Clock
    height: int = 2
    moving: bool = False

    @property
    def key(self) -> Hashable:
        """The key's id."""
        return self.found.id

    @property
    def state(self) -> KeyState:
        """Whether it is accepted."""
        return self.found.state(self.clock.now())

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Draw the name, the first characters, the budget and the state; below, whose it is and what it may use."""
        key = self.found
        if line:
            said = [each for each in (key.user, key.team, key.project) if each is not None]
            said.append(f"models {', '.join(key.models)}" if key.models else "all models")
            if key.expires_at is not None:
                ends = "expired" if self.state is KeyState.EXPIRED else "until"
                said.append(f"{ends} {local_time(key.expires_at, self.clock)}")
            return ((fitted(f"   {' · '.join(said)}", width), "dim"),)
        roomy = width >= _ROOMY
        right: tuple[Piece, ...] = (*self._spent(roomy=roomy), (fitted(self.state.value, 9), _STYLES[self.state]))
        room = width - _NAME[roomy] - 3 - sum(len(text) for text, _ in right)
        return (
            (f" {fitted(key.name, _NAME[roomy])} ", "bright"),
            (fitted(f"{key.prefix}…", max(_PREFIX, room)), "dim"),
            (" ", "text"),
            *right,
        )

    def _spent(self, *, roomy: bool) -> tuple[Piece, ...]:
        bar, amount = _BAR[roomy], _AMOUNTS[roomy]
        state = self.budget
        if state is None:
            text = f"{self.found.budget}" if self.found.budget is not None else "no budget"
            return ((fitted(text, bar + 6 + amount, right=True), "dim"), ("  ", "text"))
        style = standing_style(state)
        amounts = f"{figures.spent(state)} of {figures.limit(state)}"
        return (
            (f"{gauge(min(state.full, 1.0), bar)} ", style if style != "good" else "accent"),
            (f"{figures.used(state):>4} ", style),
            (fitted(amounts, amount, right=True), "text"),
            ("  ", "text"),
        )

    def about(self, width: int) -> Iterator[Line]:
        """Yield what is known of it."""
        key = self.found
        providers = f"providers {', '.join(key.providers)}" if key.providers else "all providers"
        models = f"models {', '.join(key.models)}" if key.models else "all models"
        limits = [models, providers]
        if key.parallel is not None:
            limits.append(f"{key.parallel} requests at once")
        yield from _said(" · ".join(limits), width)
        if key.aliases:
            yield from _said(f"names {', '.join(f'{name} = {model}' for name, model in key.aliases)}", width)
        if key.deny_tools:
            yield from _said(f"denied tools {', '.join(key.deny_tools)}", width)
        if self.budget is not None:
            when = figures.resets(self.budget, self.clock.now())
            yield from _said(f"budget {key.budget}, resets in {when}", width, "dim")
        made = f"made {local_time(key.created_at, self.clock)} · {key.id}"
        yield from _said(made, width, "dim")
        if key.old_until is not None and key.old_until > self.clock.now():
            yield from _said(
                f"Rotated: the old text is accepted until {local_time(key.old_until, self.clock)}.", width, "warn"
            )


def _said(text: str, width: int, style: str = "text") -> Iterator[Line]:
    for part in wrapped(text, width):
        yield ((part, style),)
