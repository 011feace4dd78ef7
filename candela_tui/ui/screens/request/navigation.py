"""Find the next or previous request: in the list it was opened from, else in its session."""

from collections.abc import Callable
from typing import Protocol

from candela_tui.analysis.retries import calls
from candela_tui.exchange import Exchange
from candela_tui.ui.state.loaded_exchanges import BACKGROUND, LoadedExchanges

Wanted = Callable[[Exchange], bool]


class SourceList(Protocol):
    """The list that a request was opened from."""

    def neighbour_of(self, exchange_id: str, step: int, wanted: Wanted | None = None) -> str | None:
        """Move to the request ``step`` places below (or above) another, or on to the next that is wanted. Return its
        id, or None if there is none."""

    def place_of(self, exchange_id: str) -> tuple[int, int] | None:
        """Return a request's row, from 1, and the number of rows; None if it is not in the list."""

    def toggle_mark(self, exchange_id: str) -> bool | None:
        """Mark or unmark a request. Return whether it is marked now, or None if it is not in the list."""


def neighbour_of(
    exchange: Exchange, step: int, wanted: Wanted | None, listed: SourceList, loaded: LoadedExchanges
) -> str | None:
    """Return the id of the request ``step`` calls later (or earlier), or of the next that is wanted; None if there is
    none. The list's cursor follows, unless the list shows other requests by now."""
    if listed.place_of(exchange.id) is not None:
        return listed.neighbour_of(exchange.id, step, wanted)
    shown = [
        other
        for other in loaded.requests(exchange.session_id)
        if other.kind not in BACKGROUND or other.id == exchange.id
    ]
    folded = calls(shown)
    here = next((place for place, call in enumerate(folded) if any(one.id == exchange.id for one in call.tries)), None)
    if here is None:
        return None
    beyond = range(here + step, len(folded) if step > 0 else -1, step)
    lasts = (folded[place].last for place in beyond)
    return next((last.id for last in lasts if wanted is None or wanted(last)), None)
