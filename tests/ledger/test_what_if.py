"""What requests would have cost: beside the recorded cost, and only where both are known."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from candela_tui.config import PricingSettings
from candela_tui.exchange import Exchange
from candela_tui.ledger.what_if import Compared, Recount, WhatIf
from candela_tui.pricing import PriceBasis, Pricer
from candela_tui.protocol.usage import Usage
from tests.reports.exchanges import exchange

PRICER = Pricer(PricingSettings())
BEGUN = exchange().started_at
tokens = some.integers(0, 150_000)


def priced(usage: Usage, *, minutes: float = 0, model: str = "claude-opus-4-8", **facts: Any) -> Exchange:
    at = BEGUN + timedelta(minutes=minutes)
    found = PRICER.price(usage, provider="anthropic", model_asked=model, model_used=model, at=at, final=True)  # type: ignore[arg-type]
    return exchange(
        model=model,
        model_used=model,
        usage=usage,
        cost=found.cost,
        saved=found.saved,
        unpriced_model=found.unpriced_model,
        started_at=at,
        **facts,
    )


def compared(text: str, *exchanges: Exchange) -> Compared:
    recount, whole = Recount(WhatIf.parse(text), PRICER), Compared()
    for each in exchanges:
        whole.include(recount.of(each))
    return whole


@given(some.tuples(tokens, tokens, tokens, tokens, tokens))
def test_without_a_cache_the_whole_prompt_is_input(counts: tuple[int, ...]) -> None:
    made = priced(Usage(*counts))
    plain = priced(Usage(input_tokens=sum(counts[:4]), output_tokens=counts[4]))
    found = compared("no-cache", made)
    assert found.before.cost_usd == made.cost.total if made.cost else None
    assert found.after.cost_usd == plain.cost.total if plain.cost else None


@given(some.tuples(tokens, tokens, tokens, tokens, tokens))
def test_with_the_model_that_it_had_a_request_costs_what_it_did(counts: tuple[int, ...]) -> None:
    found = compared("model=claude-opus-4-8", priced(Usage(*counts)))
    assert found.difference == 0
    assert found.before == found.after


def test_another_model_has_its_own_prices() -> None:
    made = priced(Usage(1_000_000, 0, 0, 0, 1_000_000))
    other = priced(Usage(1_000_000, 0, 0, 0, 1_000_000), model="claude-haiku-4-5")
    assert other.cost is not None
    assert compared("model=claude-haiku-4-5", made).after.cost_usd == other.cost.total


def test_a_model_has_the_name_that_lists_show_as_well() -> None:
    made = priced(Usage(10, 20, 30, 40, 50))
    assert compared("model=haiku-4-5", made).after == compared("model=claude-haiku-4-5", made).after


@pytest.mark.parametrize("place", ["global", "us"])
def test_another_model_runs_where_the_model_did(place: str) -> None:
    about: dict[str, Any] = {"provider": "bedrock", "region": "us-east-1"}
    usage, sent = Usage(1000, 0, 0, 0, 1000), f"{place}.anthropic.claude-{{}}"
    costs = []
    for model in ("opus-4-8", "haiku-4-5"):
        name = sent.format(model)
        found = PRICER.price(usage, model_asked=name, model_used=f"claude-{model}", at=BEGUN, final=True, **about)
        assert found.cost is not None
        costs.append(found.cost)
    made = exchange(model=sent.format("opus-4-8"), usage=usage, cost=costs[0], **about)
    assert compared("model=claude-haiku-4-5", made).after.cost_usd == costs[1].total


def test_behind_a_gateway_the_prices_of_the_provider_count_that_billed_it() -> None:
    """Of a regional model on Bedrock here, which costs a tenth more than the route's provider bills."""
    usage, name = Usage(1000, 0, 0, 0, 1000), "us.anthropic.claude-opus-4-8"
    found = PRICER.price(usage, provider="bedrock", model_asked=name, model_used=name, at=BEGUN, final=True)  # type: ignore[arg-type]
    basis = PriceBasis("genai-prices 0.2.3", "bedrock", final=True)
    made = exchange(model=name, model_used=name, usage=usage, cost=found.cost, price_basis=basis)
    as_it_was = compared(f"model={name}", made)
    assert as_it_was.difference == 0
    direct = PRICER.price(  # type: ignore[arg-type]
        usage, provider="anthropic", model_asked="claude-opus-4-8", model_used=None, at=BEGUN, final=True
    ).cost  # type: ignore[arg-type]
    assert direct is not None
    assert as_it_was.after.cost_usd > direct.total


def test_an_hour_of_cache_costs_more_to_write() -> None:
    found = compared("ttl=1h", priced(Usage(0, 0, 1_000_000, 0, 0)))
    assert found.after.cache_write_usd / found.before.cache_write_usd == Decimal(2) / Decimal("1.25")


def test_with_an_hour_what_expired_after_five_minutes_would_have_been_read() -> None:
    first = priced(Usage(0, 0, 50_000, 0, 10), cache_ttls=("5m",))
    again = priced(Usage(0, 0, 60_000, 0, 10), cache_ttls=("5m",), minutes=20)
    found = compared("ttl=1h", first, again)
    assert (found.shifted_requests, found.shifted_tokens) == (1, 50_000)
    assert (found.after.cache_read_tokens, found.after.cache_write_tokens) == (50_000, 60_000)
    assert found.after.cost_usd < found.before.cost_usd + first.cost.total if first.cost else None


def test_with_five_minutes_what_was_read_later_would_have_been_written_again() -> None:
    first = priced(Usage(0, 0, 0, 50_000, 10), cache_ttls=("1h",))
    again = priced(Usage(0, 50_000, 0, 1_000, 10), cache_ttls=("1h",), minutes=20)
    found = compared("ttl=5m", first, again)
    assert (found.shifted_requests, found.shifted_tokens) == (1, 50_000)
    assert (found.after.cache_read_tokens, found.after.cache_write_tokens) == (0, 101_000)


@pytest.mark.parametrize(
    "change",
    [
        {"minutes": 4},
        {"minutes": 90},
        {"minutes": 20, "agent_id": "a1"},
        {"minutes": 20, "session_id": "another"},
        {"minutes": 20, "model": "claude-sonnet-4-5"},
    ],
)
def test_nothing_is_moved_where_the_cache_would_have_held_as_long_either_way(change: dict[str, Any]) -> None:
    first = priced(Usage(0, 0, 50_000, 0, 10), cache_ttls=("5m",))
    again = priced(Usage(0, 0, 60_000, 0, 10), cache_ttls=("5m",), **change)
    assert compared("ttl=1h", first, again).shifted_tokens == 0


def test_a_lifetime_changes_the_recorded_cost_by_the_difference_of_prices() -> None:
    # Recorded at prices that are not those of today.
    made = priced(Usage(10, 20, 30, 0, 40))
    assert made.cost is not None
    dear = replace(made, cost=replace(made.cost, output=Decimal(7)))
    difference = compared("ttl=1h", made).difference
    assert compared("ttl=1h", dear).difference == difference
    assert compared("ttl=5m", dear).difference == 0


def test_what_has_no_price_is_named_and_not_compared() -> None:
    known, unknown = priced(Usage(10, 0, 0, 0, 10)), priced(Usage(10, 0, 0, 0, 10), model="claude-new-9")
    found = compared("ttl=1h", known, unknown)
    assert (found.requests, found.unpriced) == (1, {"claude-new-9": 1})
    found = compared("model=nobody-1", known, unknown)
    assert (found.requests, found.unpriced) == (0, {"claude-new-9": 1, "nobody-1": 1})


def test_what_was_not_billed_would_not_have_been_billed_either() -> None:
    made = priced(Usage(10, 0, 0, 0, 10))
    assert made.cost is not None
    free = replace(made, cost=replace(made.cost, input=Decimal(0), output=Decimal(0)))
    assert compared("model=claude-haiku-4-5", free).after.cost_usd == 0


@pytest.mark.parametrize("text", ["", "model=", "model", "ttl=2h", "ttl", "no-cache=1", "cache"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected model=NAME, no-cache, ttl=1h or ttl=5m"):
        WhatIf.parse(text)
