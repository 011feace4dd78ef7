"""The first line: where the proxy is, what today cost, how much of the limits is used, what is live, what is wrong."""

from textual import events

from candela_tui.analysis.limits import limits_of
from candela_tui.ui.dashboard.header_line import HeaderFacts, header_line
from candela_tui.ui.dashboard.session_rows import total_cost
from candela_tui.ui.ink import Line
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.sources import Sources

_HOURS = 8
_TIMES_INTERVAL_S = 5.0
"""How often the time until a limit's reset is drawn anew while nothing else changes."""


class Header(OneLine):
    """Composed anew on each change."""

    DEFAULT_CSS = """
    Header {
        dock: top;
        padding: 0 1;
        background: $surface;
    }
    """

    def __init__(self, sources: Sources) -> None:
        super().__init__()
        self._sources = sources
        self._places: dict[str, range] = {}

    def on_mount(self) -> None:
        """Times pass also while nothing else changes."""
        self.set_interval(_TIMES_INTERVAL_S, self.update)

    def compose_line(self, width: int) -> Line:
        """As much as fits."""
        sources = self._sources
        ledger, now = sources.ledger, sources.clock.now()
        today, limiting = ledger.today(), ledger.limiting
        facts = HeaderFacts(
            sources.status.address,
            sources.status.route,
            now,
            today=total_cost(today) if today.requests else "$0",
            by_hour=self._cost_by_hour(),
            hit_rate=today.cache_hit_rate,
            limits=limits_of(limiting) if limiting is not None else None,
            live=len(ledger.live),
            warnings=len(sources.notices),
            answers=sources.feed.trouble is None,
        )
        drawn = header_line(facts, width)
        self._places = drawn.places
        return drawn.pieces

    def _cost_by_hour(self) -> list[float]:
        """USD of the last hours."""
        local = self._sources.clock.local(self._sources.clock.now())
        assert local.tzinfo is not None
        spending = self._sources.ledger.spending
        return [float(cost) for cost in spending.by_hour(now=local, hours=_HOURS, zone=local.tzinfo)]

    async def on_click(self, event: events.Click) -> None:
        """The warnings lead to the list of them."""
        if event.x - self.styles.padding.left in self._places.get("warnings", range(0)):
            await self.run_action("screen.notices")
