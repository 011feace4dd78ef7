"""Reads from a history how the windows of a subscription filled."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from candela_tui.analysis.limit_history import WindowPeriod, window_periods
from candela_tui.ledger.ledger import Dimension
from candela_tui.ledger.names import session_title
from candela_tui.ledger.usage_report import MAIN_AGENT
from candela_tui.store.history import ExchangeQuery, History
from candela_tui.text.times import Clock

DEFAULT_SPAN: Final = timedelta(days=1)
_LONGEST_WINDOW: Final = timedelta(days=7)
_BEFORE: Final = timedelta(hours=5)
"""How much earlier requests are read, to know whether the beginning of a window was recorded."""


@dataclass(frozen=True, slots=True)
class LimitsReport:
    """The windows that ended in a time span, and those that have not ended."""

    clock: Clock
    now: datetime
    periods: list[WindowPeriod]
    """Those of one window together, the earliest first."""
    titles: Mapping[str | None, str]
    """The titles of the sessions."""
    agents: Mapping[tuple[str | None, str], str | None]
    """The types of the sub-agents."""

    def current(self) -> list[WindowPeriod]:
        """Return the windows that have not ended."""
        return [period for period in self.periods if not period.over(self.now)]

    def ended(self) -> list[WindowPeriod]:
        """Return the windows that have ended, the latest first."""
        found = [period for period in self.periods if period.over(self.now)]
        return sorted(found, key=lambda period: period.ends_at, reverse=True)

    def time(self, moment: datetime) -> str:
        """Return a time of day, with the date where it is not today: ``14:00``, ``Nov 20 14:00``."""
        local = self.clock.local(moment)
        today = local.date() == self.clock.local(self.now).date()
        return f"{local:%H:%M}" if today else f"{local:%b} {local.day} {local:%H:%M}"

    def title(self, session_id: str | None) -> str:
        """Return the title of a session."""
        return self.titles.get(session_id) or (session_id or "requests without a session")

    def agent(self, session_id: str | None, agent_id: str | None) -> str:
        """Return the name of an agent: the main agent's, or its type, or its id."""
        if agent_id is None:
            return MAIN_AGENT
        return self.agents.get((session_id, agent_id)) or agent_id


def read_limits(history: History, clock: Clock, since: datetime | None = None) -> LimitsReport:
    """Read the windows that end after ``since``; None: a day ago. Blocks. Raises StoreError."""
    now = clock.now()
    since = since or now - DEFAULT_SPAN
    query = ExchangeQuery(since=since - _LONGEST_WINDOW - _BEFORE)
    periods = [period for period in window_periods(history.limited_requests(query)) if period.ends_at > since]
    if not periods:
        return LimitsReport(clock, now, [], {}, {})
    listed = history.totals(query, by=(Dimension.SESSION,)).sessions()
    titles = {session.session_id: session_title(session) for session in listed}
    return LimitsReport(clock, now, periods, titles, history.agent_types(query).by_agent())
