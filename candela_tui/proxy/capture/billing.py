"""Price the response to a request: the provider's bill, and the client's own figure if that differs."""

from dataclasses import replace
from decimal import Decimal

from candela_tui.analysis.served import Asked, differences
from candela_tui.exchange import Exchange
from candela_tui.pricing import Pricer, client_total
from candela_tui.protocol.answer_decoder import MessageFold
from candela_tui.protocol.gateways import Gateway
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.model_ids import same_model
from candela_tui.providers.identity import Dialect


def served_by(fold: MessageFold, gateway: Gateway | None) -> tuple[str | None, str | None]:
    """Return the model that answered, and the one that the answer states if that is another.

    A gateway that states which model it used is right about it."""
    stated = gateway.model if gateway is not None else None
    if stated is None or (fold.model is not None and same_model(stated, fold.model)):
        return fold.model, None
    return stated, fold.model


def billed(
    exchange: Exchange,
    fold: MessageFold,
    gateway: Gateway | None,
    asked: Asked | None,
    pricer: Pricer,
    *,
    cloud_tier: str | None,
    ended: bool,
) -> Exchange:
    """Return the exchange with the cost of what was served, as far as it is known.

    ``cloud_tier`` is the tier that the cloud states, or else the one that it was asked for."""
    usage = exchange.usage
    if usage is None or exchange.kind is Kind.COUNT_TOKENS:
        return exchange
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
        cloud_tier=cloud_tier,
    )
    notes = priced.notes
    if gateway is not None and gateway.model is None and priced.cost is not None and exchange.model_used is not None:
        notes = (*notes, f"{gateway.name} does not state which model answered: priced as {exchange.model_used}")
    return replace(
        exchange,
        cost=priced.cost,
        unpriced_model=priced.unpriced_model,
        cost_notes=notes,
        saved=priced.saved,
        differences=differences(asked, usage, exchange.model_used) if asked is not None else exchange.differences,
    )


def client_cost(exchange: Exchange) -> Decimal | None:
    """Return the USD that the client calculates for a complete answer, if known and different from the bill.

    The client's figure for an answer that broke off is unknown: it depends on how the client continues.
    """
    usage = exchange.usage
    if usage is None or exchange.dialect != Dialect.MESSAGES or exchange.kind is Kind.COUNT_TOKENS:
        return None
    counted = client_total(usage, client=exchange.client, model_asked=exchange.model, at=exchange.started_at)
    billed = exchange.cost.total if exchange.cost is not None else None
    return None if counted == billed else counted
