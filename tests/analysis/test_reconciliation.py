"""candela's cost of a session beside the client's own: each difference has a request, a kind and an amount."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from candela_tui.analysis.costs import with_client_cost, with_cost
from candela_tui.analysis.reconciliation import (
    CountedRequest,
    DifferenceKind,
    Item,
    Reconciliation,
    counted_request,
    reconcile,
)
from candela_tui.config import PricingSettings
from candela_tui.config.settings import ModelPrice
from candela_tui.exchange import Exchange, Outcome
from candela_tui.pricing import PriceBasis, Pricer
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Iteration, Usage
from tests.reports.exchanges import exchange

CLIENT = "claude-cli/2.1.332"
COST = Decimal("0.029363")


def made(number: int = 1, pricing: PricingSettings | None = None, **changes: Any) -> Exchange:
    """An answer as candela records it, priced."""
    whole = changes.get("outcome", Outcome.OK) is Outcome.OK
    fresh = exchange(number, client=CLIENT, **changes)
    return with_client_cost(
        with_cost(fresh, PriceBasis("", fresh.provider, final=whole), Pricer(pricing or PricingSettings()))
    )


def counted(each: Exchange, *, in_transcript: bool = True, stated_later: bool = True) -> CountedRequest:
    return counted_request(each, in_transcript=in_transcript, stated_later=stated_later)


def kinds(found: Reconciliation) -> list[tuple[str | None, str, Decimal]]:
    return [(item.id, item.kind.value, item.usd) for item in found.items]


def test_equal_costs_have_no_items() -> None:
    assert reconcile(2 * COST, [counted(made(1)), counted(made(2))]) == Reconciliation(2 * COST, 2 * COST, ())


def test_without_the_clients_sum_there_is_no_difference() -> None:
    found = reconcile(None, [counted(made(1))])
    assert (found.wire_usd, found.client_usd, found.difference_usd, found.items) == (COST, None, None, ())


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("model", {"model_used": "claude-haiku-4-5-20251001"}),
        ("refused", {"stop_reason": "refusal", "usage": Usage(1000, output_tokens=1)}),
        ("iterations", {"usage": Usage(10, output_tokens=9, beyond=(Iteration("compaction", None, Usage(900)),))}),
        ("price", {"usage": Usage(1000, output_tokens=9, service_tier="batch")}),
        ("unpriced", {"model": "claude-opus-4-8", "model_used": "claude-new-9"}),
    ],
)
def test_a_request_that_the_client_prices_otherwise_is_named(kind: str, changes: dict[str, Any]) -> None:
    each = made(1, **changes)
    request = counted(each)
    client = request.client_usd
    assert client == each.client_cost != request.usd
    assert kinds(reconcile(client, [request])) == [(each.id, kind, client - request.usd)]


def test_writes_to_the_cache_with_another_price_are_named() -> None:
    price = ModelPrice(input=Decimal(5), output=Decimal(25), cache_read=Decimal("0.5"), cache_write_1h=Decimal(9))
    each = made(1, PricingSettings(models={"claude-opus-4-8": price}))
    [item] = reconcile(COST, [counted(each)]).items
    assert (item.kind, item.usd) == (DifferenceKind.CACHE_WRITES, 2048 * Decimal("0.000001"))


def test_a_discount_is_named_with_its_searches() -> None:
    each = made(1, PricingSettings(discount_percent=Decimal(50)), usage=Usage(1000, output_tokens=10, web_searches=3))
    found = reconcile(counted(each).client_usd, [counted(each)])
    assert [(kind, usd) for _, kind, usd in kinds(found)] == [
        ("web_searches", Decimal("0.015")),
        ("price", Decimal("0.002625")),
    ]


def test_an_answer_that_broke_off_is_not_counted_counted_or_estimated() -> None:
    cut = made(2, outcome=Outcome.CUT)
    requests = [counted(made(1)), counted(cut)]
    assert kinds(reconcile(COST, requests)) == [(cut.id, "cut", -COST)]
    assert kinds(reconcile(2 * COST, requests)) == []
    assert kinds(reconcile(2 * COST + Decimal("0.01"), requests)) == [(cut.id, "cut", Decimal("0.01"))]


def test_a_request_after_the_clients_statement_is_not_counted_yet() -> None:
    assert kinds(reconcile(COST, [counted(made(1)), counted(made(2), stated_later=False)])) == [
        ("0198-0002", "not_counted_yet", -COST)
    ]


def test_a_request_that_the_transcript_lacks_may_have_come_before_the_statement_all_the_same() -> None:
    late = counted(made(2, kind=Kind.TITLE), in_transcript=False, stated_later=False)
    assert kinds(reconcile(2 * COST, [counted(made(1)), late])) == []


@pytest.mark.parametrize(("kind", "named"), [(Kind.TITLE, "side_request"), (Kind.MESSAGES, "not_counted")])
def test_what_the_client_leaves_out_is_found_by_its_amount(kind: Kind, named: str) -> None:
    left_out = made(3, kind=kind, usage=Usage(100, output_tokens=7))
    requests = [counted(made(1)), counted(made(2), in_transcript=False), counted(left_out, in_transcript=False)]
    assert left_out.cost is not None
    assert kinds(reconcile(2 * COST, requests)) == [(left_out.id, named, -left_out.cost.total)]


def test_what_costs_nothing_makes_no_difference() -> None:
    free = made(2, kind=Kind.COUNT_TOKENS, cost=None)
    assert kinds(reconcile(COST, [counted(made(1)), counted(free, in_transcript=False)])) == []


def test_noise_of_binary_floats_is_rounding_and_more_is_unexplained() -> None:
    assert kinds(reconcile(COST + Decimal("1e-12"), [counted(made(1))])) == [(None, "rounding", Decimal("1e-12"))]
    assert kinds(reconcile(COST + 1, [counted(made(1))])) == [(None, "unexplained", Decimal(1))]


def test_without_a_known_client_its_price_is_taken_to_be_the_same() -> None:
    each = replace(made(1, model_used="claude-haiku-4-5"), client="curl/8.5.0")
    assert counted(each).items == ()


amounts = some.decimals(0, 100, places=12)


@given(
    some.none() | amounts,
    some.lists(some.tuples(amounts, some.none() | amounts, some.none() | amounts), max_size=15),
    some.lists(amounts, max_size=3),
)
def test_the_items_sum_up_to_the_difference_to_the_last_digit(
    client_usd: Decimal | None,
    drawn: list[tuple[Decimal, Decimal | None, Decimal | None]],
    others: list[Decimal],
) -> None:
    def item(number: int, usd: Decimal | None) -> Item | None:
        return Item(str(number), DifferenceKind.CUT, usd, "") if usd is not None else None

    requests = [
        CountedRequest(usd, (found,) if (found := item(number, own)) else (), item(number, perhaps))
        for number, (usd, own, perhaps) in enumerate(drawn)
    ]
    more = [Item(None, DifferenceKind.FORKED, usd, "") for usd in others]
    found = reconcile(client_usd, requests, more)
    assert found.wire_usd == sum(usd for usd, _, _ in drawn)
    assert sum(each.usd for each in found.items) == (found.difference_usd or 0)
    assert all(each.usd for each in found.items)


def test_what_the_clients_telemetry_states_for_a_request_is_certain() -> None:
    side = made(1, kind=Kind.TITLE, reported_cost=COST)
    dearer = made(2, reported_cost=COST + Decimal("0.01"))
    requests = [counted(side, in_transcript=False), counted(dearer, in_transcript=False)]
    assert [request.perhaps for request in requests] == [None, None]
    found = reconcile(2 * COST + Decimal("0.01"), requests)
    assert kinds(found) == [(dearer.id, "price", Decimal("0.01"))]
