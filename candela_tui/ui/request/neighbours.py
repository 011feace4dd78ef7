"""From one request to others: in the list that it was opened from, else in its session."""

from collections.abc import Callable
from typing import Protocol

from candela_tui.analysis.retries import calls
from candela_tui.exchange import Exchange
from candela_tui.ui.ledger import BACKGROUND, Ledger

Wanted = Callable[[Exchange], bool]


class Listed(Protocol):
    """The list that a request was opened from."""

    def neighbour_of(self, exchange_id: str, step: int, wanted: Wanted | None = None) -> str | None:
        """Move to the request so many places below (or above) one, or so many further on to one that is wanted; return
        its id, None: there is none."""

    def place_of(self, exchange_id: str) -> tuple[int, int] | None:
        """Which row a request has, from 1, and how many there are; None: it is not in the list."""

    def toggle_mark(self, exchange_id: str) -> bool | None:
        """Mark a request, or take its mark away; return whether it is marked now, None: it is not in the list."""


def neighbour_of(exchange: Exchange, step: int, wanted: Wanted | None, listed: Listed, ledger: Ledger) -> str | None:
    """The id of the request so many calls later (or earlier), or so many further on to one that is wanted; None: there
    is none. The list goes there, too, unless it shows other requests by now."""
    if listed.place_of(exchange.id) is not None:
        return listed.neighbour_of(exchange.id, step, wanted)
    shown = [
        other
        for other in ledger.requests(exchange.session_id)
        if other.kind not in BACKGROUND or other.id == exchange.id
    ]
    folded = calls(shown)
    here = next((place for place, call in enumerate(folded) if any(one.id == exchange.id for one in call.tries)), None)
    if here is None:
        return None
    beyond = range(here + step, len(folded) if step > 0 else -1, step)
    lasts = (folded[place].last for place in beyond)
    return next((last.id for last in lasts if wanted is None or wanted(last)), None)
