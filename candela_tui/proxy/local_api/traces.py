"""``/_local/api/traces``: the latest requests in the form of the original candela, for what was made for that one.

Source: github.com/candelahq/candela, ``traces_handler.go``. What is not known is null here, and 0 there.
"""

import contextlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from candela_tui.exchange import Exchange, Outcome
from candela_tui.proxy.local_api.listing import newest_first
from candela_tui.proxy.local_api.visible import ShownFeed, ShownStore
from candela_tui.store.history import ExchangeQuery

DEFAULT_LIMIT: Final = 500
_MOST: Final = 2000
DEFAULT_RANGE: Final = timedelta(days=7)
RANGES: Final = {"24h": timedelta(hours=24), "7d": DEFAULT_RANGE, "30d": timedelta(days=30)}
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_STATUS = {Outcome.OK: "ok", Outcome.LIVE: "unset", Outcome.CANCELLED: "unset"}
"""All other outcomes are errors."""


class Span(msgspec.Struct, frozen=True):
    """A request for a message, as the original candela states one."""

    span_id: str
    trace_id: str
    model: str | None
    provider: str
    input_tokens: int | None
    output_tokens: int | None
    total_tokens: int | None
    cost_usd: Decimal | None
    duration_ms: float | None
    status: str
    timestamp: str
    name: str


class Traces(msgspec.Struct, frozen=True):
    """The latest requests for a message, newest first."""

    spans: list[Span]
    count: int


async def traces(feed: ShownFeed, store: ShownStore, limit: int, span: timedelta) -> bytes:
    """Return the newest requests for a message, that began no longer ago than ``span``, as JSON. Raises StoreError."""
    found: list[Span] = []
    query = ExchangeQuery(since=datetime.now(UTC) - span)
    async with contextlib.aclosing(newest_first(feed, store, query)) as exchanges:
        async for exchange in exchanges:
            if exchange.asks_message and not exchange.free:
                found.append(_span(exchange))
                if len(found) >= min(limit, _MOST):
                    break
    return _ENCODER.encode(Traces(found, len(found)))


def _span(exchange: Exchange) -> Span:
    usage = exchange.usage
    prompt, output = (usage.prompt_tokens, usage.output_tokens) if usage is not None else (None, None)
    return Span(
        span_id=exchange.id,
        trace_id=exchange.session_id or "",
        model=exchange.model_used or exchange.model,
        provider=exchange.provider.value,
        input_tokens=prompt,
        output_tokens=output,
        total_tokens=None if prompt is None or output is None else prompt + output,
        cost_usd=exchange.cost.total if exchange.cost is not None else None,
        duration_ms=exchange.duration_ms,
        status=_STATUS.get(exchange.outcome, "error"),
        timestamp=exchange.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        name="chat",
    )
