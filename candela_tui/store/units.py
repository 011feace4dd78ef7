"""Times and money as the store keeps them: integers, microseconds since 1970 UTC and picodollars."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PICODOLLARS = 12
"""Decimal places of a dollar that are stored."""


def stored_time(moment: datetime) -> int:
    """Return a time as microseconds since 1970 UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def read_time(microseconds: int) -> datetime:
    """Convert stored microseconds back to a time in UTC."""
    return _EPOCH + microseconds * _MICROSECOND


def stored_money(amount: Decimal) -> int:
    """Return an amount in picodollars."""
    return int(amount.scaleb(_PICODOLLARS).to_integral_value())


def read_money(picodollars: int) -> Decimal:
    """Convert stored picodollars back to an amount in USD."""
    return Decimal(picodollars).scaleb(-_PICODOLLARS)
