"""The receipt of a request: each token class with its count, its price and why that price, and what it comes to.

The lines come from the calculation that priced the request (``pricing.py``), and their sum is the stored cost. Where
the prices have changed since, the stored amounts are kept and the prices are unknown: no version of the price data but
the one in use is at hand.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from candela_tui.analysis.costs import priced_again, repricing_basis
from candela_tui.exchange import Cost, Exchange
from candela_tui.pricing import OWN_PRICES, Charge, Pricer, Rates, charged_usd, unrounded_usd
from candela_tui.protocol.usage import Usage
from candela_tui.text import amounts

ROUNDING = "half to even at $0.000000000001"
_SEARCHES = 1000
_MILLION = 10**6


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One token class of one usage. Prices are USD per million tokens, or per 1000 searches."""

    part: str
    """input, cache_read, cache_write_5m, cache_write_1h, output or web_searches; cache_write for both lifetimes
    together."""
    count: int | None
    usd: Decimal | None
    """None: the count is unknown, or it has no price."""
    charge: Charge | None = None
    """What it is a part of. None: the prices have changed since, so only count and amount are known."""
    list_price: Decimal | None = None
    """The price before the factors of ``charge.rates.terms``."""
    price: Decimal | None = None
    unrounded: Decimal | None = None
    """The exact product in USD, after the discount."""
    own: bool = False
    """Whether the user set this price in config.toml."""

    @property
    def rates(self) -> Rates | None:
        """The rates that it was charged by."""
        return self.charge.rates if self.charge is not None else None


@dataclass(frozen=True, slots=True)
class Receipt:
    """How the cost of a request comes about."""

    lines: tuple[ReceiptLine, ...]
    at: datetime
    """The time of the request, whose prices count."""
    cost: Cost | None
    """The stored cost, to the last digit the sum of the lines. None: not priced, so only the counts are known."""
    prices_then: str | None
    """The price data that the cost was calculated with; None: not recorded."""
    prices_now: str | None
    now: Decimal | None
    """What the same usage costs by the prices in use; None: they have no price, or what is needed is not recorded."""
    discount_percent: Decimal
    """The discount on every price, of those in use."""
    changed: bool
    """Whether the prices in use come to another cost."""

    @property
    def total(self) -> Decimal:
        """The sum of the lines in USD."""
        return sum((line.usd for line in self.lines if line.usd is not None), start=Decimal(0))

    @property
    def rounded_by(self) -> Decimal | None:
        """USD that rounding added; None if the exact products are not known."""
        if self.changed or self.cost is None:
            return None
        exact = (line.unrounded for line in self.lines if line.unrounded is not None)
        return self.total - sum(exact, start=Decimal(0))


def receipt_of(exchange: Exchange, pricer: Pricer) -> Receipt | None:
    """Return the receipt of a request, or None if its answer states no usage. Blocks while the price data is loaded."""
    usage, cost = exchange.usage, exchange.cost
    if usage is None:
        return None
    basis = repricing_basis(exchange)
    priced = priced_again(exchange, basis, pricer) if basis is not None else None
    now = priced.cost if priced is not None else None
    changed = cost is not None and (now is None or _parts(now) != _parts(cost))
    return Receipt(
        lines=tuple(_lines(usage, cost, () if changed or priced is None else priced.charges, pricer.share)),
        at=exchange.started_at,
        cost=cost,
        prices_then=exchange.price_basis.prices if exchange.price_basis is not None else None,
        prices_now=priced.prices if priced is not None else None,
        now=now.total if now is not None else None,
        discount_percent=(1 - pricer.share) * 100,
        changed=changed,
    )


def _lines(usage: Usage, cost: Cost | None, charges: Iterable[Charge], share: Decimal) -> Iterator[ReceiptLine]:
    if cost is None:
        yield from (ReceiptLine(part, count, None) for part, count in _counts(usage))
    elif charges:
        for charge in charges:
            yield from _charged_lines(charge, share)
    else:
        yield from _stored_lines(usage, cost)


def _parts(cost: Cost) -> Cost:
    return replace(cost, at_least=False)


def _counts(usage: Usage) -> list[tuple[str, int | None]]:
    return [
        ("input", usage.input_tokens),
        ("cache_read", usage.cache_read_tokens),
        ("cache_write_5m", usage.cache_write_5m_tokens),
        ("cache_write_1h", usage.cache_write_1h_tokens),
        ("output", usage.output_tokens),
        *([("web_searches", usage.web_searches)] if usage.web_searches else []),
    ]


def _charged_lines(charge: Charge, share: Decimal) -> Iterator[ReceiptLine]:
    rates = charge.rates
    for part, count in _counts(charge.usage):
        searches = part == "web_searches"
        price = getattr(rates, "web_search" if searches else part) if rates is not None else None
        if price is None or rates is None:
            # What is not billed costs nothing; what has no price adds nothing to the sum, which is then a lower bound.
            known = Decimal(0) if count is not None and (not charge.billed or not count) else None
            yield ReceiptLine(part, count, known, charge)
            continue
        per = _SEARCHES if searches else _MILLION
        terms = rates.terms
        list_price = price
        for factor in terms.factors if terms is not None and not searches else ():
            list_price /= factor.value
        yield ReceiptLine(
            part,
            count,
            charged_usd(count, price, share, per=per) if count is not None else None,
            charge,
            list_price,
            price,
            unrounded_usd(count, price, share, per=per) if count is not None else None,
            own=terms is not None and part in (terms.own_parts or ()),
        )


def _stored_lines(usage: Usage, cost: Cost) -> Iterator[ReceiptLine]:
    """Yield the stored amounts, in which the two lifetimes and all attempts are added up."""
    own = not usage.beyond
    yield ReceiptLine("input", usage.input_tokens if own else None, cost.input)
    yield ReceiptLine("cache_read", usage.cache_read_tokens if own else None, cost.cache_read)
    yield ReceiptLine("cache_write", usage.cache_write_tokens if own else None, cost.cache_write)
    yield ReceiptLine("output", usage.output_tokens if own else None, cost.output)
    if usage.web_searches or cost.web_searches:
        yield ReceiptLine("web_searches", usage.web_searches, cost.web_searches)


# In words

_NAMES = {
    "input": "input",
    "cache_read": "cache read",
    "cache_write": "cache write",
    "cache_write_5m": "cache write 5m",
    "cache_write_1h": "cache write 1h",
    "output": "output",
    "web_searches": "web searches",
}


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A line of a receipt in words."""

    name: str
    count: str
    price: str
    usd: str
    usage: str = ""
    """The model and the attempt that the rows from here on are of; empty if it is the row above's."""


def receipt_rows(receipt: Receipt) -> list[ReceiptRow]:
    """Return the lines in words: ``input``, ``1,024``, ``$5 × 1.1``, ``$0.005632``."""
    several = len({id(line.charge) for line in receipt.lines}) > 1
    rows: list[ReceiptRow] = []
    before: Charge | None = None
    for line in receipt.lines:
        usage = _usage_words(line.charge) if several and line.charge is not before and line.charge is not None else ""
        before = line.charge
        count = amounts.UNKNOWN if line.count is None else f"{line.count:,}"
        usd = amounts.UNKNOWN if line.usd is None else amounts.exact_money(line.usd)
        rows.append(ReceiptRow(_NAMES[line.part], count, _price_words(line), usd, usage))
    return rows


def total_words(exchange: Exchange, receipt: Receipt) -> tuple[str, str]:
    """Return the name of the sum, and the sum: ``total``, ``≥ $0.029363``."""
    name, cost = "API-equivalent" if exchange.subscription else "total", receipt.cost
    if cost is None:
        return name, amounts.UNKNOWN
    return name, f"{'≥ ' if cost.at_least else ''}{amounts.exact_money(cost.total)}"


def _usage_words(charge: Charge) -> str:
    return f"{charge.model}, {charge.iteration.replace('_', ' ')}" if charge.iteration else charge.model


def _price_words(line: ReceiptLine) -> str:
    if line.charge is not None and not line.charge.billed:
        return "not billed"
    if line.list_price is None or line.rates is None:
        return amounts.UNKNOWN
    terms = line.rates.terms
    factors = terms.factors if terms is not None and line.part != "web_searches" else ()
    return " × ".join((_price(line.list_price), *(_plain(factor.value) for factor in factors)))


def _price(price: Decimal) -> str:
    return amounts.exact_money(price)


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def receipt_notes(receipt: Receipt) -> list[tuple[str, str]]:
    """Return why these prices count: pairs of a label and a sentence."""
    notes: list[tuple[str, str]] = []
    if receipt.changed:
        notes.append(("prices", _changed_words(receipt)))
    charges = {id(line.charge): line.charge for line in receipt.lines if line.charge is not None}
    for charge in charges.values():
        notes += _charge_notes(charge, receipt)
    if receipt.changed or receipt.cost is None:
        return notes
    if receipt.prices_then not in (None, receipt.prices_now):
        same = f"It was calculated with {receipt.prices_then}; {receipt.prices_now} has the same prices for it."
        notes.append(("older data", same))
    if receipt.discount_percent:
        notes.append(("discount", f"{_plain(receipt.discount_percent)}% of each amount, [pricing] discount_percent"))
    rounded = receipt.rounded_by
    if rounded is not None:
        said = f"it changed the sum by ${_plain(rounded)}" if rounded else "nothing had to be rounded"
        notes.append(("rounding", f"{ROUNDING}, each line; {said}"))
    return list(dict.fromkeys(notes))


def _changed_words(receipt: Receipt) -> str:
    then = receipt.prices_then
    if then is None:
        said = "The price data that this cost was calculated with is not recorded"
    elif then == OWN_PRICES:
        said = "This cost was calculated with your prices in config.toml at that time"
    else:
        said = f"This cost was calculated with {then}"
    if receipt.now is None:
        return f"{said}. The prices in use have none for it, so only the amounts are known."
    now = "your prices in config.toml" if receipt.prices_now == OWN_PRICES else receipt.prices_now
    if then == receipt.prices_now:
        now = "your prices or discount now" if then == OWN_PRICES else f"{now} with your discount now"
    return (
        f"{said}. By {now} it would be {amounts.exact_money(receipt.now)}, so only the amounts are known; "
        "`candela reprice` calculates costs again."
    )


def _charge_notes(charge: Charge, receipt: Receipt) -> Iterator[tuple[str, str]]:
    rates = charge.rates
    if rates is None:
        if charge.why is not None:
            yield "not billed" if not charge.billed else "no price", f"{_usage_words(charge)}: {charge.why}"
        return
    terms = rates.terms
    if terms is None:
        return
    listed = f"{terms.prices}, list {terms.listed_as}" if terms.listed_as is not None else None
    day = f"on {receipt.at:%Y-%m-%d} (UTC)"
    if terms.own_parts is None:
        since = f", in force since {terms.since:%Y-%m-%d}" if terms.since is not None else ""
        yield "prices", f"{listed}, {day}{since}"
    else:
        yield "prices", f"config.toml, your own for {', '.join(_NAMES[part] for part in sorted(terms.own_parts))}"
        if len(terms.own_parts) < len(_NAMES) - 2:
            kept = f"in {listed}" if listed is not None else "that is usual"
            yield "", f"the other parts keep the proportion to the input price {kept}"
    for name, value in terms.served:
        yield "served", f"{name} {value}, for which the list has prices of its own"
    if rates.prompt_above is not None:
        yield "long prompt", f"the prices above {rates.prompt_above:,} prompt tokens, for the whole request"
    for factor in terms.factors:
        yield "factor", f"× {_plain(factor.value)} for {factor.name}: {factor.source}"


def receipt_record(exchange: Exchange, receipt: Receipt) -> dict[str, object]:
    """Return a receipt as JSON."""
    return {
        "id": exchange.id,
        "provider": exchange.price_basis.provider if exchange.price_basis is not None else exchange.provider,
        "priced_for": receipt.at.isoformat().replace("+00:00", "Z"),
        "lines": [_line_record(line) for line in receipt.lines],
        "total_usd": receipt.total if receipt.cost is not None else None,
        "stored_usd": receipt.cost.total if receipt.cost is not None else None,
        "at_least": receipt.cost.at_least if receipt.cost is not None else None,
        "unpriced_model": exchange.unpriced_model,
        "api_equivalent": exchange.subscription,
        "price_data": receipt.prices_then,
        "price_data_in_use": receipt.prices_now,
        "usd_by_prices_in_use": receipt.now,
        "discount_percent": receipt.discount_percent,
        "rounding": {"mode": "half_even", "step_usd": Decimal("1e-12"), "usd": receipt.rounded_by},
        "notes": list(exchange.cost_notes),
    }


def _line_record(line: ReceiptLine) -> dict[str, object]:
    charge, rates = line.charge, line.rates
    terms = rates.terms if rates is not None else None
    searches = line.part == "web_searches"
    source = None
    if terms is not None and line.price is not None:
        source = OWN_PRICES if terms.own_parts is not None and not searches else terms.prices
    return {
        "part": line.part,
        "model": charge.model if charge is not None else None,
        "iteration": charge.iteration if charge is not None else None,
        "count": line.count,
        "per": _SEARCHES if searches else _MILLION,
        "list_price_usd": line.list_price,
        "factors": [
            {"name": factor.name, "value": factor.value, "source": factor.source}
            for factor in (terms.factors if terms is not None and not searches else ())
        ],
        "price_usd": line.price,
        "usd": line.usd,
        "billed": charge.billed if charge is not None else None,
        "source": source,
        "price_set_by_user": line.own,
        "price_list": terms.listed_as if terms is not None else None,
        "price_since": terms.since.isoformat() if terms is not None and terms.since is not None else None,
        "served": dict(terms.served) if terms is not None else {},
        "prompt_above": rates.prompt_above if rates is not None else None,
    }
