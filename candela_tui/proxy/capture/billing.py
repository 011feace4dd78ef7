"""Price the response to a request while it is recorded."""

from dataclasses import replace

from candela_tui.analysis.costs import with_cost
from candela_tui.analysis.served import Asked, differences, service_asked
from candela_tui.exchange import Exchange
from candela_tui.pricing import PriceBasis, Pricer
from candela_tui.protocol.answer_decoder import MessageFold
from candela_tui.protocol.gateways import Gateway
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.model_ids import same_model


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
    if exchange.usage is None or exchange.kind is Kind.COUNT_TOKENS:
        return exchange
    basis = PriceBasis(
        prices="",
        provider=(gateway.provider if gateway else None) or exchange.provider,
        final=ended and fold.usage_final and not fold.unread_counts,
        cloud_tier=cloud_tier,
        note=_model_unstated(gateway, exchange.model_used),
    )
    billed = with_cost(exchange, basis, pricer)
    if asked is None:
        return billed
    served = differences(asked, exchange.usage, exchange.model_used)
    return replace(billed, differences=served, service_asked=service_asked(asked))


def _model_unstated(gateway: Gateway | None, model_used: str | None) -> str | None:
    if gateway is None or gateway.model is not None or model_used is None:
        return None
    return f"{gateway.name} does not state which model answered: priced as {model_used}"
