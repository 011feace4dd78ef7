"""The Turn tab: what the agents did because of the same prompt of the user, and what the turn waited for."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from candela_tui.analysis.user_turns import TurnSplitter, turn_with
from candela_tui.exchange import Exchange
from candela_tui.ledger.agent_tree import agent_nodes, timed_turn
from candela_tui.ui.screens.request.pages.page import ShownRequest
from candela_tui.ui.screens.request.turn.agents import agent_lines
from candela_tui.ui.screens.request.turn.facts import turn_lines
from candela_tui.ui.screens.request.turn.waterfall import span_lines
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

_EVERY = timedelta(seconds=1)
"""How often a live turn is written again while none of its requests changes."""
_WATCHED = 200
"""How many of the session's latest requests are looked at for changes; earlier ones have ended."""


class TurnPage:
    """The Turn tab. Written again when a request of the session changes, and each second while the turn is live."""

    title: ClassVar[str] = "Turn"
    key: ClassVar[str] = "t"
    follows = False

    def __init__(self, request: ShownRequest, width: int) -> None:
        self.lines = WrittenLines()
        self._request = request
        self._width = width
        self._watched: Sequence[Exchange] = ()
        self._live = False
        self._written_at: datetime | None = None

    async def open(self) -> Iterator[None]:
        """Write the turn."""
        return self._write()

    async def more(self) -> Iterator[None] | None:
        """Write the turn again if it changed, or if it is live and a second has passed."""
        watched = self._request.session.requests()[-_WATCHED:]
        changed = len(watched) != len(self._watched) or any(map(_differ, watched, self._watched))
        return self._write() if changed or (self._live and self._old()) else None

    def _old(self) -> bool:
        return self._written_at is None or self._request.clock.now() - self._written_at >= _EVERY

    def _write(self) -> Iterator[None]:
        request, session, now = self._request, self._request.session, self._request.clock.now()
        exchanges = session.requests()
        self._watched, self._written_at = exchanges[-_WATCHED:], now
        splitter = TurnSplitter()
        for exchange in exchanges:
            splitter.add(exchange)
            yield
        turn = turn_with(splitter.turns, request.exchange.id)
        yield
        if turn is None:
            self.lines.cut(0)
            self.lines.extend([(), ((" The requests of this session are not loaded.", "dim"),)])
            return
        summary = session.summary()
        timed = timed_turn(turn, summary, now)
        yield
        nodes = agent_nodes(summary, turn.exchanges, [timed.timing], now)
        self._live = any(exchange.live for exchange in turn.exchanges)
        yield
        lines = [*turn_lines(timed, request.clock, self._width), *agent_lines(nodes, timed.timing, self._width)]
        self.lines.cut(0)
        self.lines.extend(lines)
        if timed.timing is not None:
            names = {node.agent_id: node.name for node in nodes}
            for line in span_lines(timed.timing, names, request.exchange.id, self._width):
                self.lines.add(*line)
                yield


def _differ(one: Exchange, other: Exchange) -> bool:
    return one is not other
