"""What a recorded request would cost if it were sent again."""

from dataclasses import dataclass, replace
from decimal import Decimal

from candela_tui.exchange import Exchange
from candela_tui.pricing import Pricer
from candela_tui.protocol.usage import Usage
from candela_tui.providers.identity import Provider
from candela_tui.text.amounts import money
from candela_tui.text.times import utc_now


@dataclass(frozen=True, slots=True)
class ExpectedCost:
    """A range in USD, if the answer is as long as before. None where it is not known."""

    low: Decimal | None = None
    """If the cache has all of the prompt that was read from it or written to it."""
    high: Decimal | None = None
    """If it has nothing of it."""


def expected_cost(exchange: Exchange, pricer: Pricer, *, provider: Provider, model: str | None) -> ExpectedCost:
    """Return what a request would cost now at a provider, for another model if one is given.

    Another model or provider has nothing of the prompt in its cache."""
    usage = exchange.usage
    if usage is None or not usage.prompt_tokens:
        return ExpectedCost()
    changed = model is not None and model != exchange.model

    def cost(of: Usage) -> Decimal | None:
        priced = pricer.price(
            replace(of, beyond=()),
            provider=provider,
            model_asked=model if changed else exchange.model,
            model_used=None if changed else exchange.model_used,
            at=utc_now(),
            final=True,
            region=exchange.region if provider == exchange.provider else None,
        )
        return priced.cost.total if priced.cost is not None else None

    high = cost(_cold(usage, exchange.cache_ttls))
    return ExpectedCost(high if changed or provider != exchange.provider else cost(_warm(usage)), high)


def _warm(usage: Usage) -> Usage:
    """Return the usage if the cache had what was written to it: it is read."""
    read = (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0)
    return replace(usage, cache_read_tokens=read, cache_write_5m_tokens=0, cache_write_1h_tokens=0)


def _cold(usage: Usage, ttls: tuple[str, ...]) -> Usage:
    """Return the usage if the cache had nothing of the prompt: what was read is written, or is input without cache
    breakpoints."""
    read = usage.cache_read_tokens or 0
    if not ttls:
        return replace(usage, cache_read_tokens=0, input_tokens=(usage.input_tokens or 0) + read)
    if "1h" in ttls:
        return replace(usage, cache_read_tokens=0, cache_write_1h_tokens=(usage.cache_write_1h_tokens or 0) + read)
    return replace(usage, cache_read_tokens=0, cache_write_5m_tokens=(usage.cache_write_5m_tokens or 0) + read)


def expected_words(low: Decimal | None, high: Decimal | None) -> str:
    """Return an expected cost as a sentence."""
    if low is None or high is None:
        return "What it will cost is not known."
    if low == high:
        return f"It will cost about {money(high)}, if the answer is as long as before."
    return f"It will cost {money(low)} with the prompt in the cache, {money(high)} without, for as long an answer."
