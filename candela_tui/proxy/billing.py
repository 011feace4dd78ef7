"""What the answer to a request costs, for its record."""

from typing import Any

from candela_tui.analysis.served import Asked, differences
from candela_tui.exchange import Exchange
from candela_tui.pricing import Pricer
from candela_tui.protocol.gateways import Gateway
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.messages import MessageFold
from candela_tui.protocol.model_ids import same_model


def served_by(fold: MessageFold, gateway: Gateway | None) -> dict[str, Any]:
    """Return the fields that say which model answered: the one that a gateway states, else the one in the answer."""
    stated = gateway.model if gateway is not None else None
    if stated is None or (fold.model is not None and same_model(stated, fold.model)):
        return {"model_used": fold.model, "model_stated": None}
    return {"model_used": stated, "model_stated": fold.model}


def billed(
    exchange: Exchange, fold: MessageFold, gateway: Gateway | None, asked: Asked | None, pricer: Pricer, *, ended: bool
) -> dict[str, Any]:
    """Return the fields of the cost of what was served, as far as it is known; ``exchange`` says who served it."""
    usage = fold.usage
    if usage is None or exchange.kind is Kind.COUNT_TOKENS:
        return {}
    priced = pricer.price(
        usage,
        provider=(gateway.provider if gateway else None) or exchange.provider,
        region=exchange.region,
        model_asked=exchange.model,
        model_sent=exchange.model_sent,
        model_used=exchange.model_used,
        at=exchange.started_at,
        final=ended and fold.usage_final and not fold.unread_counts,
        refused=fold.refused_before_output,
    )
    notes = priced.notes
    if gateway is not None and gateway.model is None and priced.cost is not None and exchange.model_used is not None:
        notes = (*notes, f"{gateway.name} does not state which model answered: priced as {exchange.model_used}")
    known: dict[str, Any] = {
        "cost": priced.cost,
        "unpriced_model": priced.unpriced_model,
        "cost_notes": notes,
        "saved": priced.saved,
    }
    if asked is not None:
        known["differences"] = differences(asked, usage, exchange.model_used)
    return known
