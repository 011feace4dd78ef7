"""What budgets know of a request that is to be sent."""

from collections.abc import Collection
from dataclasses import dataclass

from candela_tui.exchange import Exchange
from candela_tui.rules.budgets.account import Amount
from candela_tui.rules.budgets.targets import Place


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that is to be sent."""

    exchange: Exchange
    """What the request says, with the id of its exchange."""
    place: Place
    """Where its session works, as far as is known."""
    matching: Collection[str]
    """The names of the budgets whose filters it matches."""
    most: Amount | None
    """What it may cost at most. None: not known."""
