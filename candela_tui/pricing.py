"""The cost of a usage: genai-prices' data, overridden by the user's own prices.

Money is Decimal throughout. Nothing here uses the network. The price data (``price_data``) takes a few hundred
milliseconds to load, so it is loaded with the first price, or by ``Pricer.warm``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING

from candela_tui import price_data
from candela_tui.protocol.claude_code import models as claude_code
from candela_tui.protocol.clouds.model_ids import bedrock_id
from candela_tui.protocol.model_ids import model_name, same_model, without_client_suffix, without_date
from candela_tui.protocol.usage import DECLINED, Iteration, Usage
from candela_tui.protocol.user_agent import claude_code_version
from candela_tui.providers.identity import PROVIDERS, Provider

if TYPE_CHECKING:
    from genai_prices import types as genai

    from candela_tui.config import ModelPrice, PricingSettings

_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_QUANTUM = Decimal("1e-12")
_LIVE = 512
"""Prices that are remembered: those of live answers are asked for ten times a second, and change twice."""
_ONE = Decimal(1)

# Charges that the price data does not have, from the pages that each ``Factor`` names.
_FAST_PAGE = "https://docs.claude.com/en/docs/build-with-claude/fast-mode"
_PRICING_PAGE = "https://docs.claude.com/en/docs/about-claude/pricing"
_FAST = {"claude-opus-4-6": Decimal(6), "claude-opus-4-7": Decimal(6)}
"""Fast mode of models whose fast prices are not in the data, times every token price."""
_BATCH = Decimal("0.5")
_US_ONLY = Decimal("1.1")
"""``inference_geo: us``, times every token price, on the Claude API and where Anthropic bills by its prices. In Foundry
it is a US Data Zone deployment. Source, October 2026: "Claude in Microsoft Foundry" in platform.claude.com/docs ..."""
_US_ONLY_SINCE = (4, 6)
"""... from this generation on; earlier models cost the same anywhere."""
_ANY = (0, 0)
"""Every generation. Claude Code counts the premium for all models (observed with 2.1.332)."""
_REGIONAL = Decimal("1.1")
"""A regional or multi-region endpoint of Vertex AI instead of the global one, times every token price ..."""
_REGIONAL_SINCE = (4, 5)
"""... from this generation on. Bedrock's are in the data, by the name of the inference profile. Source:
https://docs.claude.com/en/docs/about-claude/pricing#third-party-platform-pricing"""
_DISCOUNTED, _COMMITTED = frozenset({"flex"}), frozenset({"reserved", "dedicated"})
"""Tiers of Bedrock and Vertex AI. As of November 2026 no source has their factors for Claude: Amazon's page says "a
premium" and "a discount" (https://aws.amazon.com/bedrock/service-tiers), Google's lists only Gemini."""
_WEB_SEARCH = Decimal(10)
"""USD per 1000 searches, for every Claude model."""
_CACHE_READ, _CACHE_WRITE_5M, _CACHE_WRITE_1H = Decimal("0.1"), Decimal("1.25"), Decimal(2)
"""Multiples of the input price, for models about which nothing better is known."""
_TOKEN_PRICES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
_PRICED_ITERATIONS = ("compaction", "advisor_message", DECLINED)
_CLIENTS_LARGEST_TIER = 200_000
"""Claude Code prices no prompt of more tokens at a higher tier (claude-sonnet-4-5 in 2.1.197 and 2.1.332)."""
_PLACEHOLDER_OUTPUT = 1
"""Output tokens of an attempt that was declined before any output: none, or the placeholder."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a usage in USD, exact to 1e-12; ``total`` is the sum of the parts."""

    input: Decimal
    cache_read: Decimal
    cache_write: Decimal
    output: Decimal
    web_searches: Decimal
    at_least: bool = False
    """The usage is not final (a stream that continues or broke off), or has parts without a price."""

    @property
    def total(self) -> Decimal:
        """The sum of the parts in USD."""
        return self.input + self.cache_read + self.cache_write + self.output + self.web_searches


FREE = Cost(Decimal(0), Decimal(0), Decimal(0), Decimal(0), Decimal(0))
"""The cost of what nobody bills."""


@dataclass(frozen=True, slots=True)
class PriceBasis:
    """What a cost was calculated from, besides what the exchange itself says. It is kept to calculate it again."""

    prices: str
    """The price data: ``genai-prices 0.2.3``, or ``config.toml`` for a price of the user's own."""
    provider: str
    """The provider whose prices count: behind a gateway another one than the request was sent to."""
    final: bool
    """Whether the usage is the final one."""
    cloud_tier: str | None = None
    """The service tier that a cloud stated, or else was asked for."""
    note: str | None = None
    """A note on the cost that is not about its price, such as why the usage is not final."""


_FREE = Cost(Decimal(0), Decimal(0), Decimal(0), Decimal(0), Decimal(0))


@dataclass(frozen=True, slots=True)
class Factor:
    """A multiplier of every token price that the price data does not have."""

    name: str
    value: Decimal
    source: str
    """The page that documents it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Which entry of which price list was used, and why that one."""

    prices: str
    """The price data, as in ``PriceBasis``."""
    listed_as: str | None = None
    """The list and the model's name in it: ``anthropic: claude-opus-4-8``. None if no list has it."""
    since: date | None = None
    """The first day (UTC) of the listed price; None: the list names none."""
    served: tuple[tuple[str, str], ...] = ()
    """The way of serving for which the list has prices of its own, such as ``speed: fast``."""
    factors: tuple[Factor, ...] = ()
    own_parts: frozenset[str] | None = None
    """The token prices that the user set; the others keep their proportion to the list. None: all are the list's."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices: USD per million tokens, and per 1000 searches."""

    input: Decimal
    cache_read: Decimal
    cache_write_5m: Decimal
    cache_write_1h: Decimal
    output: Decimal
    web_search: Decimal | None
    tells_1h: bool = True
    """Whether 1-hour cache writes have their own price."""
    notes: tuple[str, ...] = ()
    """Why the real price may be higher than this one."""
    prompt_above: int | None = None
    """The prompt tokens above which these rates count; None: they are those of the smallest prompt."""
    terms: Terms | None = None
    """None for rates that were not looked up for a request."""


@dataclass(frozen=True, slots=True)
class Charge:
    """A usage that is billed by the rates of one model: the answer's own, or that of a further attempt."""

    usage: Usage
    model: str
    rates: Rates | None
    """None: not billed, or without a price, as ``why`` says."""
    iteration: str | None = None
    """The kind of a further attempt, such as ``compaction``; None for the answer itself."""
    why: str | None = None
    billed: bool = True


@dataclass(frozen=True, slots=True)
class PricedUsage:
    """The cost of a usage, or why there is none: nothing billable, or a model without a price."""

    cost: Cost | None = None
    unpriced_model: str | None = None
    """The model that has no price; ``[pricing.models."NAME"]`` with this name gives it one."""
    notes: tuple[str, ...] = ()
    """Notes on how reliable the cost is."""
    saved: Decimal | None = None
    """USD that the prompt cache saved: the prompt at the input price, minus its cost. Negative if writing the cache
    costs more than reading it saves. None: not priced."""
    prices: str | None = None
    """The price data that was used, or looked in; see ``PriceBasis``."""
    charges: tuple[Charge, ...] = ()
    """What the cost is the sum of."""


@dataclass(frozen=True, slots=True)
class _Served:
    """The provider, region, model and time of an answer."""

    provider: Provider
    region: str | None
    sent: str | None
    """The requested model in the provider's spelling; on Bedrock the name says whether it is global or regional."""
    at: datetime


class Pricer:
    """Prices usages. Safe to use from several threads."""

    def __init__(self, settings: "PricingSettings") -> None:
        self._own = settings.models
        self.share = _ONE - settings.discount_percent / 100
        """The part of the price that is paid after the user's discount."""
        self._remembered = lru_cache(maxsize=_LIVE)(self._priced)

    def warm(self) -> None:
        """Load the price data now (some 0.3 s), so that the first price does not wait for it."""
        load_price_data()

    def price(
        self,
        usage: Usage,
        *,
        provider: Provider,
        model_asked: str | None,
        model_used: str | None,
        at: datetime,
        final: bool,
        region: str | None = None,
        model_sent: str | None = None,
        refused: bool = False,
        cloud_tier: str | None = None,
    ) -> PricedUsage:
        """Price an answer's usage.

        ``region`` is where at the provider; ``model_sent`` is what the provider
        was asked for, where that is not the client's spelling. ``at`` is the request's time, ``final`` whether the
        usage is the final one, ``refused`` whether the model refused before any output. ``cloud_tier`` is the tier of
        Bedrock or Vertex AI, if it is stated.
        """
        served = _Served(provider, region, model_sent or model_asked, at)
        return self._remembered(usage, served, model_asked, model_used, model_sent, final, refused, cloud_tier)

    def _priced(
        self,
        usage: Usage,
        served: _Served,
        model_asked: str | None,
        model_used: str | None,
        model_sent: str | None,
        final: bool,
        refused: bool,
        cloud_tier: str | None,
    ) -> PricedUsage:
        provider = served.provider
        model = model_used or model_asked
        if model is None or not _billable(usage):
            return PricedUsage()
        doubts: list[str] = []
        notes: list[str] = []
        # Source: https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback, "Billing". It speaks of
        # the Claude API; the clouds document nothing.
        if refused and provider == Provider.ANTHROPIC:
            notes.append("refused before any output: not billed")
            cost, saved = _FREE, Decimal(0)
            charges = [Charge(usage, model, None, why="refused before any output", billed=False)]
        else:
            rates = self._rates(usage, served, model, (model_asked, model_sent))
            if rates is None:
                return PricedUsage(unpriced_model=model, prices=data_version())
            doubts += _doubts(usage, rates)
            cost = _cost(usage, rates, self.share)
            saved = self._saved(usage, rates, cost)
            charges = [Charge(usage, model, rates)]
            if refused:
                notes.append("refused before any output: Anthropic's own API does not bill that, this cloud may")
        for iteration in usage.beyond:
            declined = iteration.type == DECLINED
            its_model = iteration.model or (model_asked if declined else None) or model
            if declined:
                output = iteration.usage.output_tokens or 0
                if output <= _PLACEHOLDER_OUTPUT:
                    notes.append(f"{its_model} declined before any output: not billed")
                    why = "declined before any output"
                    charges.append(Charge(iteration.usage, its_model, None, iteration.type, why, billed=False))
                    continue
                notes.append(f"{its_model} declined after {output:,} output tokens: billed as well")
            its_rates = self._rates_of_iteration(iteration, served, its_model)
            unpriced = "no price here" if its_rates is None else None
            charges.append(Charge(iteration.usage, its_model, its_rates, iteration.type, unpriced))
            if its_rates is None:
                doubts.append(f"{'the attempt' if declined else iteration.type} by {its_model} has no price here")
                continue
            doubts += _doubts(iteration.usage, its_rates)
            its_cost = _cost(iteration.usage, its_rates, self.share)
            cost = _added(cost, its_cost)
            saved += self._saved(iteration.usage, its_rates, its_cost)
        if cloud_tier == "priority":
            doubts.append("priority tier: counted at standard prices, its premium is not known here")
        elif cloud_tier in _DISCOUNTED:
            notes.append(f"{cloud_tier} tier: counted at standard prices, its discount is not known here")
        elif cloud_tier in _COMMITTED or (cloud_tier is None and usage.service_tier == "priority"):
            tier = cloud_tier or usage.service_tier
            notes.append(f"{tier} tier: counted at standard prices, your commitment has its own")
        if _on_bedrock(provider) and served.sent and _hides_model(served.sent):
            notes.append("its name does not tell whether it is global or regional: counted at regional prices")
        cost = replace(cost, at_least=bool(doubts) or not final)
        own = self._own_price(provider, model, (model_asked, model_sent)) is not None
        prices = OWN_PRICES if own else data_version()
        said = tuple(dict.fromkeys((*doubts, *notes)))
        return PricedUsage(cost, None, said, saved, prices, tuple(charges))

    def _rates_of_iteration(self, iteration: Iteration, served: _Served, model: str) -> Rates | None:
        return self._rates(iteration.usage, served, model) if iteration.type in _PRICED_ITERATIONS else None

    def _saved(self, usage: Usage, rates: Rates, cost: Cost) -> Decimal:
        # The rates are those of the whole prompt, cached or not: without a cache it would be in the same tier.
        uncached = charged_usd(usage.prompt_tokens, rates.input, self.share)
        return uncached - cost.input - cost.cache_read - cost.cache_write

    def _rates(self, usage: Usage, served: _Served, model: str, called: tuple[str | None, ...] = ()) -> Rates | None:
        listed = _listed(usage, served, model, usage.prompt_tokens or 0)
        own = self._own_price(served.provider, model, called)
        if own is None:
            return listed
        return own_rates(own, listed)

    def _own_price(self, provider: Provider, model: str, called: tuple[str | None, ...]) -> "ModelPrice | None":
        """Return the user's own price of the model that answered.

        A name by which it was called counts if it means the same model, or if no price list has it.
        """
        if not self._own:
            return None
        lists = {provider, Provider.ANTHROPIC}
        known = (name for name in called if name)
        names = [each for each in known if same_model(each, model) or not any(_lookup(of, each) for of in lists)]
        for name in (model, *names):
            plain = without_client_suffix(name)
            for spelling in (name, plain, without_date(plain)):
                if spelling in self._own:
                    return self._own[spelling]
        return None


def price_settings(model: str) -> tuple[str, str, str]:
    """Return the lines of config.toml that give a model a price.

    The user fills in the two prices. Until then the file is invalid, so that no invented price counts.
    """
    name = model.replace("\\", "\\\\").replace('"', '\\"')
    return (f'[pricing.models."{name}"]', "input = …", "output = …")


def client_cost(usage: Usage, *, client: str | None, model_asked: str | None, at: datetime) -> Cost | None:
    """Return the cost that Claude Code itself counts for a whole answer, or None for another client or if unknown.

    It takes the top-level counts at the list price of the requested model, whichever model answered. So a refused
    prompt counts; attempts that declined, compaction on the server and the batch discount do not. Observed with 2.1.197
    to 2.1.332; ``client`` is program and version, as in ``claude-cli/2.1.332``.
    """
    version = claude_code_version(client)
    if version is None or model_asked is None or not claude_code.knows(version, model_asked):
        return None
    geography = usage.inference_geo if claude_code.counts_geography(version) else None
    counted = replace(usage, service_tier=None, inference_geo=geography, beyond=())
    prompt = min(usage.prompt_tokens or 0, _CLIENTS_LARGEST_TIER)
    rates = _listed(counted, _Served(Provider.ANTHROPIC, None, None, at), model_asked, prompt, us_only_since=_ANY)
    if rates is None or rates.notes or not _billable(counted):
        return None
    return _cost(counted, rates, _ONE)


OWN_PRICES = "config.toml"
"""Stands for the price data where the user's own price counts."""


def data_version() -> str:
    """Return the version of the price data in use. Blocks while it is loaded."""
    return price_data.loaded()[1].version


def load_price_data() -> None:
    """Load the price data if it is not loaded yet, which takes some 0.3 s."""
    _lookup(Provider.ANTHROPIC, "claude-sonnet-4-5")


def price_data_loaded() -> bool:
    """Return whether the price data is loaded, so that a lookup does not block."""
    return bool(price_data.loaded.cache_info().currsize)


def context_window(model: str) -> int | None:
    """Return how many tokens a model takes, or None if the price data does not say or is not loaded yet."""
    if not price_data_loaded():
        return None
    info = _lookup(Provider.ANTHROPIC, without_client_suffix(model))
    return info.context_window if info else None


def _billable(usage: Usage) -> bool:
    counts = (usage.prompt_tokens, usage.output_tokens, usage.web_searches)
    return bool(usage.beyond) or any(count is not None for count in counts)


def _doubts(usage: Usage, rates: Rates) -> Iterator[str]:
    """Yield the reasons why the real cost may be higher."""
    yield from rates.notes
    if usage.web_searches and rates.web_search is None:
        yield "web searches have no price here"
    if usage.cache_write_1h_tokens and not rates.tells_1h:
        yield "1-hour cache writes have no price of their own here"


def _cost(usage: Usage, rates: Rates, share: Decimal) -> Cost:
    return Cost(
        input=charged_usd(usage.input_tokens, rates.input, share),
        cache_read=charged_usd(usage.cache_read_tokens, rates.cache_read, share),
        cache_write=charged_usd(usage.cache_write_5m_tokens, rates.cache_write_5m, share)
        + charged_usd(usage.cache_write_1h_tokens, rates.cache_write_1h, share),
        output=charged_usd(usage.output_tokens, rates.output, share),
        web_searches=charged_usd(usage.web_searches, rates.web_search, share, per=1000),
    )


def _added(one: Cost, other: Cost) -> Cost:
    return Cost(
        input=one.input + other.input,
        cache_read=one.cache_read + other.cache_read,
        cache_write=one.cache_write + other.cache_write,
        output=one.output + other.output,
        web_searches=one.web_searches + other.web_searches,
    )


def charged_usd(count: int | None, price: Decimal | None, share: Decimal = _ONE, *, per: int = 10**6) -> Decimal:
    """Return the USD for so many tokens at a price per million, rounded half to even at 1e-12.

    ``share`` is what is paid of it, ``per`` what the price is for. An unknown count or price adds nothing."""
    if not count or price is None:
        return Decimal(0)
    return unrounded_usd(count, price, share, per=per).quantize(_QUANTUM, context=_EXACT)


def unrounded_usd(count: int, price: Decimal, share: Decimal = _ONE, *, per: int = 10**6) -> Decimal:
    """Return the same before it is rounded."""
    return _EXACT.multiply(_EXACT.divide(_EXACT.multiply(Decimal(count), price), Decimal(per)), share)


def _listed(
    usage: Usage,
    served: _Served,
    model: str,
    prompt_tokens: int,
    *,
    us_only_since: tuple[int, int] = _US_ONLY_SINCE,
) -> Rates | None:
    """Return the provider's list price at this size of the prompt, or None if the data has none."""
    info = next((found for name in _references(served, model) if (found := _lookup(served.provider, name))), None)
    if info is None:
        return None
    at, name = served.at, model_name(model)
    prices = standard = info.get_prices(at)
    way: dict[str, str] = {}
    factors: list[Factor] = []
    notes: list[str] = []
    if usage.speed not in (None, "standard"):
        way = {"speed": usage.speed}
        prices = info.get_prices(at, way)
        if prices == standard and name.base in _FAST:
            factors.append(Factor(f"speed {usage.speed}", _FAST[name.base], _FAST_PAGE))
        elif prices == standard:
            notes.append(f"{model} at speed {usage.speed} has no price here: counted at its standard price")
    elif usage.service_tier == "batch":
        way = {"processing": "batch"}
        prices = info.get_prices(at, way)
        if prices == standard:
            factors.append(Factor("batch", _BATCH, _PRICING_PAGE))
    since = name.version or (0, 0)
    if _by_anthropic(served.provider) and usage.inference_geo not in (None, "global", "not_available"):
        if usage.inference_geo != "us":
            notes.append(f"inference in {usage.inference_geo} has no price here: counted at the global price")
        elif since >= us_only_since:
            factors.append(Factor("inference in us", _US_ONLY, _PRICING_PAGE))
    if served.provider == Provider.VERTEX and served.region not in (None, "global") and since >= _REGIONAL_SINCE:
        factors.append(Factor(f"regional endpoint {served.region}", _REGIONAL, _PRICING_PAGE))
    listed = rates_at_prompt(prices, prompt_tokens, prod((each.value for each in factors), start=_ONE), notes)
    if listed is None:
        return None
    own_way = way if prices != standard else {}
    terms = Terms(
        prices=data_version(),
        listed_as=f"{PROVIDERS[served.provider].price_list}: {info.id}",
        since=_since(info, at, own_way),
        served=tuple(own_way.items()),
        factors=tuple(factors),
    )
    return replace(listed, terms=terms)


def _since(info: "genai.ModelInfo", at: datetime, way: Mapping[str, str]) -> date | None:
    """Return the first day of the price that the data has for a time, or None if it has no days."""
    dated = [*(info.prices if isinstance(info.prices, list) else ())]
    dated += [each for each in info.price_variants or () if way and each.when.items() <= way.items()]
    days = [day for each in dated if (day := getattr(each.constraint, "start_date", None)) is not None]
    return max((day for day in days if day <= at.astimezone(UTC).date()), default=None)


def _references(served: _Served, model: str) -> Iterator[str]:
    """Yield the names to look up, the most specific first."""
    plain = without_client_suffix(model)
    if _on_bedrock(served.provider):
        sent = (served.sent or "").rpartition("/")[2]
        if sent and same_model(sent, model):
            yield sent
        # Bedrock's answers name the bare model; only the requested id says whether it is global, and so the price.
        place = "global" if sent.startswith("global.") else "us"
        bare = plain.rpartition("anthropic.")[2]
        yield f"{place}.anthropic.{bare}"
        yield f"{place}.anthropic.{bare}-v1:0"
        # The list has models before 4.6 by their date, which Bedrock's Messages endpoint leaves out.
        yield bedrock_id(bare, place, {})
    yield plain


def _on_bedrock(provider: Provider) -> bool:
    """Return whether AWS runs the model and charges its own prices."""
    return PROVIDERS[provider].price_list == PROVIDERS[Provider.BEDROCK].price_list


def _by_anthropic(provider: Provider) -> bool:
    """Return whether a provider charges Anthropic's list prices."""
    return PROVIDERS[provider].price_list == PROVIDERS[Provider.ANTHROPIC].price_list


def _hides_model(name: str) -> bool:
    """Return whether this ARN does not name its model, as that of an application inference profile."""
    return name.startswith("arn:") and model_name(name).version is None


def rates_at_prompt(
    prices: "genai.ModelPrice", prompt_tokens: int, factor: Decimal = _ONE, notes: Sequence[str] = ()
) -> Rates | None:
    """Return the rates for a prompt of this size: a tier applies to the whole request.

    A part without its own price is charged as the next wider one, as genai-prices does.
    """

    above: int | None = None

    def rate(*keys: str) -> Decimal | None:
        nonlocal above
        for key in keys:
            price: Decimal | genai.TieredPrices | None = getattr(prices, key)
            if price is None:
                continue
            if not isinstance(price, Decimal):
                reached = [tier for tier in price.tiers if prompt_tokens > tier.start]
                if reached:
                    above = max(above or 0, reached[-1].start)
                price = reached[-1].price if reached else price.base
            return _EXACT.multiply(price, factor)
        return None

    base, output = rate("input_mtok"), rate("output_mtok")
    cache_read, web_search = rate("cache_read_mtok", "input_mtok"), prices.web_searches_kcount
    write_5m = rate("cache_write_5m_mtok", "cache_write_mtok", "input_mtok")
    write_1h = rate("cache_write_1h_mtok", "cache_write_mtok", "input_mtok")
    if base is None or output is None or cache_read is None or write_5m is None or write_1h is None:
        return None
    return Rates(
        input=base,
        cache_read=cache_read,
        cache_write_5m=write_5m,
        cache_write_1h=write_1h,
        output=output,
        web_search=web_search if isinstance(web_search, Decimal) else None,
        tells_1h=prices.cache_write_1h_mtok is not None,
        notes=tuple(notes),
        prompt_above=above,
    )


def own_rates(own: "ModelPrice", listed: Rates | None) -> Rates:
    """Return the user's prices; a missing part keeps its proportion to the input price in the list price."""

    def usual(price: Decimal | None, of_list: Decimal | None, proportion: Decimal) -> Decimal:
        if price is not None:
            return price
        if listed is None or of_list is None or not listed.input:
            return _EXACT.multiply(own.input, proportion)
        return _EXACT.divide(_EXACT.multiply(own.input, of_list), listed.input)

    terms = listed.terms if listed is not None and listed.terms is not None else Terms(data_version())
    set_by_user = frozenset(part for part in _TOKEN_PRICES if getattr(own, part) is not None)
    return Rates(
        input=own.input,
        cache_read=usual(own.cache_read, listed.cache_read if listed else None, _CACHE_READ),
        cache_write_5m=usual(own.cache_write_5m, listed.cache_write_5m if listed else None, _CACHE_WRITE_5M),
        cache_write_1h=usual(own.cache_write_1h, listed.cache_write_1h if listed else None, _CACHE_WRITE_1H),
        output=own.output,
        web_search=listed.web_search if listed else _WEB_SEARCH,
        terms=Terms(terms.prices, terms.listed_as, own_parts=set_by_user),
    )


def _lookup(provider: Provider, model: str) -> "genai.ModelInfo | None":
    return _found(data_version(), provider, model)


@lru_cache(maxsize=1000)
def _found(prices: str, provider: Provider, model: str) -> "genai.ModelInfo | None":
    """Return the model in the price data of this version. Misses are cached too: they are slow."""
    try:
        found = price_data.loaded()[0].find_provider_model(model, None, PROVIDERS[provider].price_list, None)[1]
    except LookupError:
        return None
    # Its data (0.2.3) matches some names by their beginning: claude-opus-4-10 would cost what claude-opus-4-1 does.
    asked, known = (model_name(name.rpartition("anthropic.")[2]).version for name in (model, found.id))
    return None if asked and known and asked != known else found
