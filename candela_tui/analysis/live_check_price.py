"""The price of the one message with which a live check proves the whole way."""

from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal

from candela_tui.config import PricingSettings
from candela_tui.credentials.sign_in.live_check import MOST_TOKENS
from candela_tui.pricing import Pricer
from candela_tui.protocol.usage import Usage
from candela_tui.providers.identity import Provider

_STEP = Decimal("0.001")


def most_for_message(settings: PricingSettings, provider: Provider, model: str) -> str:
    """Return what the message may cost at most, for a sentence, such as ``$0.001 at most``. Blocks: it may load the
    price data."""
    usage = Usage(input_tokens=MOST_TOKENS[0], output_tokens=MOST_TOKENS[1])
    priced = Pricer(settings).price(
        usage, provider=provider, model_asked=model, model_used=None, at=datetime.now(UTC), final=True
    )
    if priced.cost is None:
        return f"at the price of {MOST_TOKENS[0]} tokens of {model}, which candela does not know"
    return f"${priced.cost.total.quantize(_STEP, ROUND_CEILING)} at most"
