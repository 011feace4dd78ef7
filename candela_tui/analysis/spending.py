"""What was spent when."""

from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

from candela_tui.exchange import Exchange

_HOUR = timedelta(hours=1)
_NOTHING = Decimal(0)


class Spending:
    """USD by the minute in which a request began, kept up to date as exchanges change."""

    def __init__(self) -> None:
        self._minutes: dict[int, Decimal] = {}

    def change(self, before: Exchange | None, after: Exchange) -> None:
        """Count an exchange, in the place of what was known of it before. What has no price does not count."""
        for exchange, sign in ((before, -1), (after, 1)):
            if exchange is not None and exchange.cost is not None:
                minute = _minute(exchange.started_at)
                self._minutes[minute] = self._minutes.get(minute, _NOTHING) + sign * exchange.cost.total

    def by_hour(self, *, now: datetime, hours: int, zone: tzinfo) -> list[Decimal]:
        """USD in each of the last so many hours of the clock in that zone, the earliest first, the current one last.

        What began in a later minute than now does not count.
        """
        this_hour = now.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
        begin = _minute(this_hour - (hours - 1) * _HOUR)
        spent = [_NOTHING] * hours
        for minute in range(begin, _minute(now) + 1):
            cost = self._minutes.get(minute)
            if cost:
                spent[(minute - begin) // 60] += cost
        return spent


def _minute(moment: datetime) -> int:
    return int(moment.timestamp() // 60)
