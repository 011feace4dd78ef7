"""What a request may cost at most."""

from candela_tui.exchange import Exchange
from candela_tui.pricing import Pricer, price_data_loaded
from candela_tui.protocol.request import MessagesRequest
from candela_tui.protocol.usage import Usage
from candela_tui.rules.budgets.account import Amount


def most_of(exchange: Exchange, body_bytes: int, request: MessagesRequest | None, pricer: Pricer) -> Amount | None:
    """Return an upper bound: a token for each byte of the prompt, all of it written to the cache, and the longest
    answer. None if it can't be said, as without a price."""
    longest = request.max_tokens if request is not None else None
    if longest is None or not price_data_loaded():
        return None
    usage = Usage(input_tokens=0, cache_write_1h_tokens=body_bytes, output_tokens=longest)
    priced = pricer.price(
        usage,
        provider=exchange.provider,
        model_asked=exchange.model,
        model_used=None,
        at=exchange.started_at,
        final=True,
    )
    return Amount(priced.cost.total, body_bytes + longest) if priced.cost is not None else None
