"""Compares candela's cost of a session with the client's own, and names each difference by request and kind.

The client states one sum. What it counts for each request is calculated as it calculates it; what is left over is then
looked for among the requests of which it is not certain that the client counts them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import chain, combinations
from typing import Final

from candela_tui.analysis.costs import cost_by_client
from candela_tui.exchange import Cost, Exchange, Outcome
from candela_tui.pricing import OWN_PRICES
from candela_tui.protocol.kind import SIDE_KINDS
from candela_tui.protocol.model_ids import same_model
from candela_tui.providers.identity import PROVIDERS, Provider

NOISE: Final = Decimal("1e-9")
"""USD. The client adds binary floats."""
_MOST_DOUBTS: Final = 12
"""Requests of which every combination is tried: some four thousand."""
_NOTHING: Final = Decimal(0)


class DifferenceKind(StrEnum):
    """Why the client counts another amount."""

    NOT_RECORDED = "not_recorded"
    """candela has not seen the request."""
    NOT_COUNTED = "not_counted"
    """The client does not count the request."""
    NOT_COUNTED_YET = "not_counted_yet"
    """The request came after the client's last statement."""
    SIDE_REQUEST = "side_request"
    """The client does not count the request, which is outside of the conversation."""
    CUT = "cut"
    """The answer broke off: candela counts what it stated, the client nothing or an estimate."""
    REFUSED = "refused"
    """The model refused before any output, which is not billed."""
    MODEL = "model"
    """Another model answered; the client counts the price of the requested one."""
    ITERATIONS = "iterations"
    """More than the last attempt is billed, such as compaction."""
    CACHE_WRITES = "cache_writes"
    """The writes to the cache, for 5 minutes or an hour, have another price."""
    WEB_SEARCHES = "web_searches"
    """The web searches have another price."""
    PRICE = "price"
    """The tokens have another price."""
    UNPRICED = "unpriced"
    """candela knows no price."""
    FORKED = "forked"
    """A fork's sum includes what the session had cost that it copied."""
    ROUNDING = "rounding"
    """The client adds binary floats."""
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Item:
    """One difference."""

    id: str | None
    """The id of the exchange; of a request that is not recorded, the provider's. None: not of one request."""
    kind: DifferenceKind
    usd: Decimal
    """What the client counts more; negative: less."""
    why: str


@dataclass(frozen=True, slots=True)
class CountedRequest:
    """One request of a session, and what the client is known to count otherwise for it."""

    usd: Decimal
    """candela's cost; 0 if it is not known."""
    items: tuple[Item, ...] = ()
    perhaps: Item | None = None
    """A further difference, if the client treats the request in the other of two ways."""

    @property
    def client_usd(self) -> Decimal:
        """What the client counts, unless it treats the request in the other way."""
        return self.usd + sum((item.usd for item in self.items), _NOTHING)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A session's cost by candela and by the client. The items sum up to the difference."""

    wire_usd: Decimal
    client_usd: Decimal | None
    """None: the client states no sum."""
    items: tuple[Item, ...] = ()

    @property
    def difference_usd(self) -> Decimal | None:
        """What the client counts more; negative: less."""
        return self.client_usd - self.wire_usd if self.client_usd is not None else None


def reconcile(
    client_usd: Decimal | None,
    requests: Sequence[CountedRequest],
    others: Iterable[Item] = (),
    perhaps: Iterable[Item] = (),
) -> Reconciliation:
    """Compare the client's sum with the requests of a session. ``others`` are what it counts beyond them, ``perhaps``
    what it may count beyond them."""
    wire = sum((request.usd for request in requests), _NOTHING)
    if client_usd is None:
        return Reconciliation(wire, None)
    items = [*chain.from_iterable(request.items for request in requests), *others]
    left = client_usd - wire - sum((item.usd for item in items), _NOTHING)
    if abs(left) > NOISE:
        doubts = [*(request.perhaps for request in requests if request.perhaps is not None), *perhaps]
        found = _explaining(left, doubts)
        items += found
        left -= sum((item.usd for item in found), _NOTHING)
        if abs(left) > NOISE:
            items.append(_left_over(left, doubts))
            left = _NOTHING
    if left:
        items.append(Item(None, DifferenceKind.ROUNDING, left, "the client adds binary floats"))
    return Reconciliation(wire, client_usd, tuple(_merged(items)))


def counted_request(exchange: Exchange, *, in_transcript: bool, stated_later: bool) -> CountedRequest:
    """Return a request of the session.

    ``in_transcript`` is whether the client's transcript has the answer, ``stated_later`` whether the client stated its
    sum after the request.
    """
    usd = exchange.cost.total if exchange.cost is not None else _NOTHING
    if exchange.free or exchange.usage is None:
        return CountedRequest(usd)
    if not stated_later:
        kind, why = DifferenceKind.NOT_COUNTED_YET, "it came after the client's last statement"
        # The transcript has no time for the statement: it may have come after a request that the transcript lacks.
        counts = None if in_transcript or not usd else Item(exchange.id, kind, usd, why)
        return CountedRequest(usd, _items(exchange, kind, -usd, why), counts)
    if exchange.outcome is not Outcome.OK:
        out = _items(exchange, DifferenceKind.CUT, -usd, "the answer broke off, and the client does not count it")
        counts = Item(exchange.id, DifferenceKind.CUT, usd, "the client counts what it had received") if usd else None
        return CountedRequest(usd, out, counts)
    if exchange.reported_cost is not None:
        return CountedRequest(usd, _as_reported(exchange, usd, exchange.reported_cost))
    of_client = cost_by_client(exchange)
    items = tuple(_priced_otherwise(exchange, of_client)) if of_client is not None else ()
    amount = of_client.total if of_client is not None else usd
    if in_transcript or not amount:
        return CountedRequest(usd, items)
    side = exchange.kind in SIDE_KINDS
    kind = DifferenceKind.SIDE_REQUEST if side else DifferenceKind.NOT_COUNTED
    why = "the client does not count this side request" if side else "the client does not have this answer"
    return CountedRequest(usd, items, Item(exchange.id, kind, -amount, why))


def _as_reported(exchange: Exchange, usd: Decimal, reported: Decimal) -> tuple[Item, ...]:
    """Return the difference from what the client's telemetry states, by what candela knows of the reasons."""
    of_client = cost_by_client(exchange)
    known = tuple(_priced_otherwise(exchange, of_client)) if of_client is not None else ()
    left = reported - usd - sum((item.usd for item in known), _NOTHING)
    if abs(left) <= NOISE:
        return known
    why = "another price, by the client's own telemetry"
    return _items(exchange, DifferenceKind.PRICE, reported - usd, why)


def _priced_otherwise(exchange: Exchange, of_client: Cost) -> Iterator[Item]:
    """Yield the differences of a whole answer that both count."""
    cost, usage = exchange.cost, exchange.usage
    billed = cost.total if cost is not None else _NOTHING
    kind, why = DifferenceKind.PRICE, _other_price(exchange)
    whole = of_client.total - billed
    if cost is None:
        kind, why = DifferenceKind.UNPRICED, f"{exchange.unpriced_model or 'the model'} has no price here"
    elif not billed:
        kind, why = DifferenceKind.REFUSED, "refused before any output, which is not billed; the client counts it"
    elif exchange.model and exchange.model_used and not same_model(exchange.model, exchange.model_used):
        kind = DifferenceKind.MODEL
        why = f"{exchange.model_used} answered; the client counts the price of {exchange.model}"
    elif usage is not None and usage.beyond:
        kind, why = DifferenceKind.ITERATIONS, "the client counts the last attempt alone"
    else:
        searches = of_client.web_searches - cost.web_searches
        yield from _items(exchange, DifferenceKind.WEB_SEARCHES, searches, "web searches have another price")
        whole -= searches
        if whole == of_client.cache_write - cost.cache_write:
            kind, why = DifferenceKind.CACHE_WRITES, "cache writes have another price"
    yield from _items(exchange, kind, whole, why)


def _other_price(exchange: Exchange) -> str:
    """Return why the tokens have another price than the client's list."""
    usage, basis = exchange.usage, exchange.price_basis
    told = [] if usage is None else [usage.speed, usage.service_tier, usage.inference_geo]
    usual = (None, "standard", "global", "not_available")
    special = [f"{name} {value}" for name, value in zip(_SPECIAL, told, strict=False) if value not in usual]
    if basis is not None and basis.prices == OWN_PRICES:
        return f"priced by {OWN_PRICES}"
    if exchange.provider != Provider.ANTHROPIC:
        return f"priced as {PROVIDERS[exchange.provider].short_title} bills it"
    if special:
        return f"priced with its {', '.join(special)}"
    return "another price list, discount or size of the prompt"


_SPECIAL: Final = ("speed", "service tier", "geography")


def _items(exchange: Exchange, kind: DifferenceKind, usd: Decimal, why: str) -> tuple[Item, ...]:
    return (Item(exchange.id, kind, usd, why),) if usd else ()


def _explaining(left: Decimal, doubts: Sequence[Item]) -> list[Item]:
    """Return the fewest of the doubts that sum up to what is left over; none if there are no such."""
    for number in range(1, len(doubts) + 1 if len(doubts) <= _MOST_DOUBTS else 2):
        for some in combinations(doubts, number):
            if abs(left - sum((item.usd for item in some), _NOTHING)) <= NOISE:
                return list(some)
    if abs(left - sum((item.usd for item in doubts), _NOTHING)) <= NOISE:
        return list(doubts)
    return []


def _left_over(left: Decimal, doubts: Sequence[Item]) -> Item:
    """Return what no rule explains. If an answer broke off, the client may have estimated its output."""
    cut = [item for item in doubts if item.kind in (DifferenceKind.CUT, DifferenceKind.FORKED)]
    if len(cut) == 1 and left > 0:
        return Item(cut[0].id, cut[0].kind, left, "the answer broke off, and the client estimates its output")
    if cut and left > 0:
        return Item(None, DifferenceKind.CUT, left, "the client estimates the output of answers that broke off")
    return Item(None, DifferenceKind.UNEXPLAINED, left, "requests that neither has, or other prices")


def _merged(items: Iterable[Item]) -> Iterator[Item]:
    """Yield the items, those of one request and kind as one, without those that sum up to nothing."""
    found: dict[tuple[str | None, DifferenceKind], Item] = {}
    for item in items:
        before = found.get((item.id, item.kind))
        usd = item.usd + before.usd if before is not None else item.usd
        found[item.id, item.kind] = Item(item.id, item.kind, usd, item.why)
    yield from (item for item in found.values() if item.usd)
