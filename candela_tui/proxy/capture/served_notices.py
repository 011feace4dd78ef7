"""Tells the user when what is served changes, or is not what was requested: once for each change."""

from collections import OrderedDict

from candela_tui.analysis.labels import model
from candela_tui.analysis.served_changes import ServedChange, ServedWatch, change_words
from candela_tui.exchange import Exchange
from candela_tui.text.times import Clock

_MOST_SESSIONS = 200
"""Sessions that are followed; the one that was quiet for the longest is dropped first."""


class ServedNotices:
    """Follows the exchanges of all sessions."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._watches: OrderedDict[str, ServedWatch] = OrderedDict()

    def of(self, exchange: Exchange) -> list[str]:
        """Return the notices on an exchange that has ended."""
        if exchange.session_id is None:
            return []
        watch = self._watches.setdefault(exchange.session_id, ServedWatch())
        self._watches.move_to_end(exchange.session_id)
        if len(self._watches) > _MOST_SESSIONS:
            self._watches.popitem(last=False)
        return [self._words(change, exchange) for change in watch.add(exchange)]

    def _words(self, change: ServedChange, exchange: Exchange) -> str:
        of = f"{model(exchange.model)}, session {(exchange.session_id or '')[:8]}"
        words = change_words(change, self._clock)
        return f"{words[0].upper()}{words[1:]} ({of})"
