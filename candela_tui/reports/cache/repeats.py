"""Requests that `[rules.cache]` answered from the store."""

from dataclasses import dataclass
from decimal import Decimal

from candela_tui.exchange import Exchange


@dataclass(slots=True)
class Repeats:
    """How many requests were answered from the store, and what that saved."""

    requests: int = 0
    saved_usd: Decimal = Decimal(0)
    """What the answers cost the first time, as far as that is known."""
    unpriced: int = 0
    """The answers to messages of which it is not known."""
    tried: int = 0
    """Requests that would have been answered from the store, where the rule is only tried."""

    def add(self, exchange: Exchange) -> None:
        """Count an exchange, if the rule did something about it."""
        action = next((each for each in exchange.rules if each.action == "cache"), None)
        if action is None:
            return
        if action.dry_run:
            self.tried += 1
            return
        self.requests += 1
        self.saved_usd += exchange.saved or Decimal(0)
        self.unpriced += exchange.saved is None and exchange.asks_message
