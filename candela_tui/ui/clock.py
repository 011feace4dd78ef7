"""What time it is, and where."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from candela_tui.exchange import utc_now


@dataclass(frozen=True, slots=True)
class Clock:
    """The wall clock of the dashboard. ``zone`` None is the system's own time zone."""

    now: Callable[[], datetime] = utc_now
    zone: tzinfo | None = None

    def local(self, moment: datetime) -> datetime:
        """The same moment in the user's time zone."""
        return moment.astimezone(self.zone)

    def today(self, moment: datetime) -> bool:
        """Whether a moment is of the current local day."""
        return self.local(moment).date() == self.local(self.now()).date()
