"""What was spent when."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

from candela_tui.exchange import Exchange

_HOUR = timedelta(hours=1)


def cost_by_hour(exchanges: Iterable[Exchange], *, now: datetime, hours: int, zone: tzinfo) -> list[Decimal]:
    """USD in each of the last so many hours of the clock in that zone, the earliest first, the current one last.

    A cost counts in the hour in which its request began. What is later than now, or has no price, does not count.
    """
    this_hour = now.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    begin = this_hour - (hours - 1) * _HOUR
    spent = [Decimal(0)] * hours
    for exchange in exchanges:
        if exchange.cost is not None and begin <= exchange.started_at <= now:
            spent[(exchange.started_at - begin) // _HOUR] += exchange.cost.total
    return spent
