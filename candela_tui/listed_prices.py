"""The price lists as a table: each model with its prices by date, size of the prompt, and way of serving."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Final

from candela_tui import price_data
from candela_tui.pricing import OWN_PRICES, Rates, own_rates, rates_at_prompt
from candela_tui.protocol.model_ids import same_model

if TYPE_CHECKING:
    from genai_prices import types as genai

    from candela_tui.config import PricingSettings

_FIRST_DAY: Final = date(2020, 1, 1)
"""Before the first Claude model."""
_FAMILY = "claude"


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """The prices of a model in one case."""

    price_list: str
    """The list: ``anthropic``, ``google``, ``aws``, or ``config.toml`` for the user's own."""
    model: str
    rates: Rates
    since: date | None = None
    """The first day (UTC) on which it counts; None: from the beginning."""
    until: date | None = None
    """The first day on which it counts no more; None: it still does."""
    served: tuple[tuple[str, str], ...] = ()
    """How a request is served for which it counts, such as ``speed: fast``; () for a usual one."""
    prompt_above: int | None = None
    """The prompt tokens above which it counts, for the whole request; None: there is no such limit."""
    sources: tuple[str, ...] = ()
    """Pages from which the list is."""


def listed_prices(settings: "PricingSettings") -> list[ListedPrice]:
    """Return the prices of every Claude model: the user's own first. Blocks while the price data is loaded."""
    own = [ListedPrice(OWN_PRICES, name, own_rates(price, None)) for name, price in settings.models.items()]
    lists = {each.id: each for each in price_data.loaded()[0].providers}
    found = (lists[name] for name in price_data.PRICE_LISTS if name in lists)
    return [*own, *(row for provider in found for row in _of_provider(provider))]


def of_model(prices: Iterable[ListedPrice], name: str) -> list[ListedPrice]:
    """Return the prices of the model with this name, in any provider's spelling; else of those that contain it."""
    prices = list(prices)
    same = [row for row in prices if row.model == name or same_model(row.model.rpartition("anthropic.")[2], name)]
    return same or [row for row in prices if name.lower() in row.model.lower()]


def _of_provider(provider: "genai.Provider") -> Iterator[ListedPrice]:
    sources = tuple(provider.pricing_urls or ())
    for model in provider.models:
        if _FAMILY not in model.id:
            continue
        for served in _ways_of_serving(model):
            for since, until, prices in _periods(model, served):
                for above in _thresholds(prices):
                    rates = rates_at_prompt(prices, above + 1 if above else 0)
                    if rates is not None:
                        way = tuple(sorted(served.items()))
                        yield ListedPrice(provider.id, model.id, rates, since, until, way, above, sources)


def _ways_of_serving(model: "genai.ModelInfo") -> list[Mapping[str, str]]:
    ways: list[Mapping[str, str]] = [{}]
    for variant in model.price_variants or ():
        if variant.when not in ways:
            ways.append(variant.when)
    return ways


def _periods(
    model: "genai.ModelInfo", served: Mapping[str, str]
) -> Iterator[tuple[date | None, date | None, "genai.ModelPrice"]]:
    """Yield each time span with its prices, oldest first."""
    priced = model.prices if isinstance(model.prices, list) else []
    constraints = [each.constraint for each in (*priced, *(model.price_variants or ()))]
    days = sorted({day for each in constraints if (day := getattr(each, "start_date", None)) is not None})
    spans: list[tuple[date | None, genai.ModelPrice | None]] = []
    for start in (None, *days):
        at = datetime.combine(start or _FIRST_DAY, time(), UTC)
        prices = model.get_prices(at, dict(served))
        # Where the list has no price for this way of serving, it has that of the usual one.
        own = prices if not served or prices != model.get_prices(at) else None
        if not spans or spans[-1][1] != own:
            spans.append((start, own))
    ends = [start for start, _ in spans[1:]]
    for (start, prices_then), end in zip(spans, (*ends, None), strict=True):
        if prices_then is not None:
            yield start, end, prices_then


def _thresholds(prices: "genai.ModelPrice") -> list[int | None]:
    starts = {tier.start for price in prices.__dict__.values() for tier in getattr(price, "tiers", ())}
    return [None, *sorted(starts)]
