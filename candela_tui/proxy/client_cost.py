"""What the client counts for a request, where that is not the provider's bill."""

from decimal import Decimal

from candela_tui.exchange import Exchange
from candela_tui.pricing import client_total
from candela_tui.protocol.kind import Kind


def client_cost(exchange: Exchange) -> Decimal | None:
    """Return the USD that the client counts for an answer that came whole, where it is known and is not the bill.

    What the client counts of an answer that broke off is not known: that depends on how it goes on.
    """
    usage = exchange.usage
    if usage is None or exchange.dialect != "messages" or exchange.kind is Kind.COUNT_TOKENS:
        return None
    counted = client_total(usage, client=exchange.client, model_asked=exchange.model, at=exchange.started_at)
    billed = exchange.cost.total if exchange.cost is not None else None
    return None if counted == billed else counted
