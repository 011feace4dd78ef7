"""The first lines of the dashboard: the proxy's address, today's cost, limits, live requests, warnings; a note
below."""

from textual import events

from candela_tui.analysis.labels import limit_window
from candela_tui.analysis.limits import Limits, limits_of
from candela_tui.credentials.state import CredentialState
from candela_tui.providers.identity import route_of
from candela_tui.text.cells import shortened
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.screens.dashboard.header.header_line import HeaderFacts, header_line
from candela_tui.ui.screens.dashboard.sessions.session_rows import total_cost
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.style.budgets import most_urgent
from candela_tui.ui.style.credentials import credential_summary, valid_until
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.one_line import OneLine

_HOURS = 8
_TIMES_INTERVAL_S = 5.0
"""How often the time until a limit's reset is redrawn while nothing else changes."""


class Header(OneLine):
    """The header line, composed again on each change."""

    DEFAULT_CSS = """
    Header {
        dock: top;
        padding: 0 1;
        background: $surface;
    }
    """

    def __init__(self, sources: DataSources) -> None:
        super().__init__()
        self._sources = sources
        self._places: dict[str, range] = {}

    def on_mount(self) -> None:
        """Keep the times current while nothing else changes."""
        self.set_interval(_TIMES_INTERVAL_S, self.update)

    def compose_line(self, width: int) -> Line:
        """Compose as much as fits."""
        sources = self._sources
        loaded, now = sources.loaded, sources.clock.now()
        state = self._credentials
        today = loaded.today()
        facts = HeaderFacts(
            sources.status.address,
            sources.status.route,
            now,
            today=total_cost(today) if today.requests else "$0",
            by_hour=self._cost_by_hour(),
            hit_rate=today.cache_hit_rate,
            limits=self._limits,
            live=len(loaded.live),
            warnings=len(sources.notices),
            answers=sources.feed.trouble is None,
            budget=most_urgent(sources.budgets),
            credentials=state.standing if state is not None else None,
            until=valid_until(state, sources.clock) if state is not None else "",
        )
        drawn = header_line(facts, width)
        self._places = drawn.places
        return drawn.pieces

    @property
    def _limits(self) -> Limits | None:
        limiting = self._sources.loaded.limiting
        return limits_of(limiting) if limiting is not None else None

    @property
    def _credentials(self) -> CredentialState | None:
        """The credentials of the default route."""
        return self._sources.credentials(route_of(self._sources.status.route).provider)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Explain the state of the credentials in the tooltip."""
        state = self._credentials if self._over("credentials", event) else None
        meaning = (
            terminal_safe(f"{credential_summary(state, self._sources.clock)} (press a to sign in)")
            if state is not None
            else None
        )
        if meaning != self.tooltip:
            self.tooltip = meaning

    def _over(self, part: str, event: events.MouseEvent) -> bool:
        return event.x - self.styles.padding.left in self._places.get(part, range(0))

    def _cost_by_hour(self) -> list[float]:
        """Return the cost of each of the last hours in USD."""
        clock = self._sources.clock
        return [float(cost) for cost in self._sources.loaded.ledger.cost_by_hour(clock.now(), _HOURS, clock.local)]

    async def on_click(self, event: events.Click) -> None:
        """Open the list of warnings, the budgets, the sign-in wizard or the limits, from a click on its part."""
        if self._over("warnings", event):
            await self.run_action("screen.notices")
        elif self._over("budget", event):
            await self.run_action("screen.budgets")
        elif self._over("credentials", event):
            await self.run_action("app.sign_in")
        elif self._limits is not None and any(
            self._over(limit_window(window.name, short=True), event) for window in self._limits.windows
        ):
            await self.run_action("screen.limits")


class NoteLine(OneLine):
    """The line below the header: why no new data arrives, else whose traffic this is. Hidden if there is nothing to
    say."""

    def __init__(self, sources: DataSources) -> None:
        super().__init__(id="note")
        self._sources = sources
        self.show()

    def show(self, *, quiet: bool = False) -> None:
        """Show the current note; if ``quiet``, only a problem."""
        feed = self._sources.feed
        said = feed.trouble or self._intercepting() or (not quiet and (feed.note or self._sources.status.note))
        self.display = bool(said)
        self.update()

    def compose_line(self, width: int) -> Line:
        """Compose the problem, else what is intercepted, else the note."""
        feed = self._sources.feed
        if feed.trouble:
            return ((shortened(f"⚠ {feed.trouble}", width), "warn"),)
        if intercepting := self._intercepting():
            return ((shortened(intercepting, width), "warn"),)
        return ((shortened(feed.note or self._sources.status.note or "", width), "dim"),)

    def _intercepting(self) -> str:
        """Return what is intercepted and how many requests are held; "" if nothing is."""
        control, live = self._sources.control, self._sources.loaded.live
        wanted = control.intercepting if control is not None else None
        held = sum(exchange.held for exchange in live)
        if wanted is None:
            return f"{held} held by another dashboard or program" if held else ""
        return f"Intercepting {terminal_safe(wanted)} · {held} held · i shows them"
