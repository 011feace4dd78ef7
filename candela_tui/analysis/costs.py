"""What an exchange costs: the provider's bill, and the client's own figure if that differs.

Capture calculates it when an answer ends, and ``candela reprice`` from what was recorded, with newer prices.
"""

from dataclasses import replace

from candela_tui.exchange import Exchange, Outcome, with_changes
from candela_tui.pricing import Cost, PriceBasis, PricedUsage, Pricer, client_cost
from candela_tui.protocol.kind import Kind
from candela_tui.providers.identity import Dialect, Provider

_PLACEHOLDER_OUTPUT = 1
"""Output tokens of an answer that was refused before any output: none, or the placeholder."""


def with_cost(exchange: Exchange, basis: PriceBasis, pricer: Pricer) -> Exchange:
    """Return the exchange with the cost of what was served, as far as it is known.

    The basis says what the exchange does not; which prices it names does not matter."""
    priced = priced_again(exchange, basis, pricer)
    if priced is None:
        return exchange
    own = (basis.note,) if basis.note and priced.cost is not None else ()
    return replace(
        exchange,
        cost=priced.cost,
        unpriced_model=priced.unpriced_model,
        cost_notes=(*priced.notes, *own),
        saved=priced.saved,
        price_basis=replace(basis, prices=priced.prices) if priced.prices is not None else None,
    )


def priced_again(exchange: Exchange, basis: PriceBasis, pricer: Pricer) -> PricedUsage | None:
    """Return the price of a usage by the prices in use, or None if the exchange has none that is billed."""
    usage = exchange.usage
    if usage is None or exchange.kind is Kind.COUNT_TOKENS:
        return None
    return pricer.price(
        usage,
        provider=Provider(basis.provider),
        region=exchange.region,
        model_asked=exchange.model,
        model_sent=exchange.model_sent,
        model_used=exchange.model_used,
        at=exchange.started_at,
        final=basis.final,
        refused=_refused_before_output(exchange),
        cloud_tier=basis.cloud_tier,
    )


def repricing_basis(exchange: Exchange) -> PriceBasis | None:
    """Return what the cost of a record was calculated from, or None if that is not known.

    For a record of a version that kept no basis it is inferred. A gateway's header fields may have named another
    provider then, and a cloud's another tier, which the notes name.
    """
    if exchange.price_basis is not None:
        return exchange.price_basis
    if exchange.gateway is not None or any(" tier: " in note for note in exchange.cost_notes):
        return None
    whole = exchange.outcome is Outcome.OK and exchange.unread is None
    if exchange.cost is not None and not exchange.cost_notes:
        whole = not exchange.cost.at_least
    return PriceBasis("", exchange.provider, final=whole)


def billing_provider(exchange: Exchange) -> Provider:
    """Return the provider whose prices count: behind a gateway another one than the request was sent to."""
    return Provider(exchange.price_basis.provider) if exchange.price_basis is not None else exchange.provider


def with_note(exchange: Exchange, note: str) -> Exchange:
    """Return a priced exchange with a note on its cost, which also stays when it is priced again."""
    basis = replace(exchange.price_basis, note=note) if exchange.price_basis is not None else None
    return with_changes(exchange, cost_notes=(*exchange.cost_notes, note), price_basis=basis)


def with_client_cost(exchange: Exchange) -> Exchange:
    """Return a priced exchange that has ended with the USD that the client calculates.

    None if that is not known, or equals the bill. The client's figure for an answer that broke off is unknown: it
    depends on how the client continues.
    """
    if exchange.outcome is not Outcome.OK:
        return exchange
    counted = cost_by_client(exchange)
    billed = exchange.cost.total if exchange.cost is not None else None
    differs = counted is not None and counted.total != billed
    return with_changes(exchange, client_cost=counted.total if counted is not None and differs else None)


def cost_by_client(exchange: Exchange) -> Cost | None:
    """Return the cost that the client calculates for a whole answer, or None if that is not known."""
    usage = exchange.usage
    if usage is None or exchange.dialect != Dialect.MESSAGES or exchange.kind is Kind.COUNT_TOKENS:
        return None
    return client_cost(usage, client=exchange.client, model_asked=exchange.model, at=exchange.started_at)


def _refused_before_output(exchange: Exchange) -> bool:
    """Return whether the model refused before it generated anything."""
    output = (exchange.usage.output_tokens if exchange.usage else None) or 0
    return exchange.stop_reason == "refusal" and output <= _PLACEHOLDER_OUTPUT and not exchange.output_characters
