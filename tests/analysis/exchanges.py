"""Exchanges as the proxy records them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from candela_tui.exchange import Exchange, Outcome
from candela_tui.pricing import Cost

START = datetime(2026, 11, 20, 9, tzinfo=UTC)


def exchange(number: int, **known: Any) -> Exchange:
    """The exchange that began so many minutes after the start."""
    facts: dict[str, Any] = {
        "id": f"{number:05}",
        "started_at": START + timedelta(minutes=number),
        "method": "POST",
        "path": "/v1/messages?beta=true",
        "route": "anthropic-direct",
        "session_id": "s1",
        "outcome": Outcome.OK,
    }
    return Exchange(**{**facts, **known})


def cost(usd: str, *, at_least: bool = False) -> Cost:
    """A cost that is all output."""
    return Cost(Decimal(0), Decimal(0), Decimal(0), Decimal(usd), Decimal(0), at_least)
