"""The first line: where the proxy is, what today cost, how much of the limits is used, what is live, what is wrong."""

from textual import events

from candela_tui.analysis.limits import limits_of
from candela_tui.credentials.state import CredentialState
from candela_tui.ui.credentials import in_full, provider_of, until
from candela_tui.ui.dashboard.header_line import HeaderFacts, header_line
from candela_tui.ui.dashboard.session_rows import total_cost
from candela_tui.ui.ink import Line
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.plain import plain
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
        state = self._credentials
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
            credentials=state.standing if state is not None else None,
            until=until(state, sources.clock) if state is not None else "",
        )
        drawn = header_line(facts, width)
        self._places = drawn.places
        return drawn.pieces

    @property
    def _credentials(self) -> CredentialState | None:
        """Of the default route."""
        provider = provider_of(self._sources.status.route)
        return self._sources.credentials(provider) if provider is not None else None

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Say why credentials stand as they do."""
        state = self._credentials if self._over("credentials", event) else None
        meaning = plain(f"{in_full(state, self._sources.clock)} (a signs in)") if state is not None else None
        if meaning != self.tooltip:
            self.tooltip = meaning

    def _over(self, part: str, event: events.MouseEvent) -> bool:
        return event.x - self.styles.padding.left in self._places.get(part, range(0))

    def _cost_by_hour(self) -> list[float]:
        """USD of the last hours."""
        local = self._sources.clock.local(self._sources.clock.now())
        assert local.tzinfo is not None
        spending = self._sources.ledger.spending
        return [float(cost) for cost in spending.by_hour(now=local, hours=_HOURS, zone=local.tzinfo)]

    async def on_click(self, event: events.Click) -> None:
        """The warnings lead to the list of them, the credentials to the wizard."""
        if self._over("warnings", event):
            await self.run_action("screen.notices")
        elif self._over("credentials", event):
            await self.run_action("app.sign_in")
