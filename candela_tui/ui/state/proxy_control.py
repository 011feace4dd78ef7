"""What the dashboard can do to the candela that it shows."""

from pathlib import Path
from typing import Protocol

from candela_tui.providers.identity import RouteName
from candela_tui.rules.budgets.state import BudgetState, Override
from candela_tui.wire import ReplayOffer, RulesState


class ProxyControl(Protocol):
    """Acts on a running candela. Its methods block, are called in helper threads, and raise StoreError."""

    @property
    def intercepting(self) -> str | None:
        """The filter whose requests are held for this dashboard, or None. It never blocks."""

    def intercept(self, wanted: str) -> None:
        """Hold what a filter matches, in place of what an earlier filter matches."""

    def stop_intercepting(self) -> None:
        """Hold nothing any more. What is held goes on unchanged."""

    def release(self, exchange_id: str, body: bytes | None = None) -> bool:
        """Let a held request go, with another body if one is given. Return whether that changed it."""

    def replay_cost(self, exchange_id: str, model: str | None, route: RouteName | None) -> ReplayOffer:
        """Return what sending a recorded request again is expected to cost; None for the same model or route."""

    def replay(self, exchange_id: str, model: str | None, route: RouteName | None) -> str:
        """Send a recorded request again, and return the id of the new request."""

    def rules(self) -> RulesState | None:
        """Return where the rules in force come from; None if that is a file of another machine."""

    def why_not_followed(self, config: Path) -> str:
        """Make it read its rules again, and return why those in ``config`` are not in force; "" if they are."""

    def budgets(self) -> list[BudgetState]:
        """Return how every budget stands, for each of its targets."""

    def override_budget(self, name: str, *, for_s: float, why: str) -> Override:
        """Let requests pass a budget for so many seconds, and return what holds then."""

    def end_override(self, name: str) -> None:
        """End the override of a budget, if there is one."""
