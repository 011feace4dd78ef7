"""The receipt: every amount with the price it comes from, and their sum is the recorded cost."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from genai_prices.data_snapshot import get_snapshot
from hypothesis import given
from hypothesis import strategies as some

from candela_tui.analysis.costs import with_cost
from candela_tui.analysis.receipt import Receipt, receipt_notes, receipt_of, receipt_record, receipt_rows
from candela_tui.config import ModelPrice, PricingSettings
from candela_tui.exchange import Exchange
from candela_tui.pricing import PriceBasis, Pricer, data_version
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import DECLINED, Iteration, Usage
from candela_tui.providers.identity import Provider
from candela_tui.reports.json_text import json_text
from tests.analysis.exchanges import exchange

LISTED = Pricer(PricingSettings())
USAGE = Usage(
    input_tokens=12, cache_read_tokens=4096, cache_write_5m_tokens=1024, cache_write_1h_tokens=2048, output_tokens=15
)
MODELS = sorted({model.id for each in get_snapshot().providers for model in each.models if "claude" in model.id})
COUNTS = some.none() | some.integers(0, 300_000)
PRICES = some.decimals(0, 100, places=7)


def recorded(pricer: Pricer = LISTED, *, basis: PriceBasis | None = None, **known: Any) -> Exchange:
    """A request as capture records it."""
    facts = {"model": "claude-opus-4-8", "model_used": "claude-opus-4-8", "usage": USAGE, "kind": Kind.MESSAGES}
    made = exchange(1, **{**facts, **known})
    return with_cost(made, basis or PriceBasis("", made.provider, final=True), pricer)


def receipt(made: Exchange, pricer: Pricer = LISTED) -> Receipt:
    found = receipt_of(made, pricer)
    assert found is not None
    return found


usages = some.builds(
    Usage,
    COUNTS,
    COUNTS,
    COUNTS,
    COUNTS,
    COUNTS,
    some.none() | some.integers(0, 9),
    service_tier=some.sampled_from([None, "standard", "batch", "priority"]),
    speed=some.sampled_from([None, "standard", "fast"]),
    inference_geo=some.sampled_from([None, "global", "us", "eu"]),
)
pricers = some.builds(
    Pricer,
    some.builds(
        PricingSettings,
        models=some.just({})
        | some.builds(
            lambda price, model: {model: price},
            some.builds(ModelPrice, input=PRICES, output=PRICES, cache_read=some.none() | PRICES),
            some.sampled_from(MODELS),
        ),
        discount_percent=some.sampled_from([Decimal(0), Decimal("12.5"), Decimal("33.333333333")]),
    ),
)


@given(
    pricer=pricers,
    usage=usages,
    beyond=some.lists(
        some.builds(
            Iteration,
            some.sampled_from(["compaction", "advisor_message", DECLINED, "unheard_of"]),
            some.none() | some.sampled_from(MODELS),
            usages,
        ),
        max_size=2,
    ),
    model=some.sampled_from(MODELS),
    provider=some.sampled_from(Provider),
    region=some.sampled_from([None, "global", "us-east5"]),
    stop_reason=some.sampled_from(["end_turn", "refusal"]),
    at=some.datetimes(datetime(2025, 10, 1), datetime(2026, 12, 31), timezones=some.just(UTC)),  # noqa: DTZ001
)
def test_the_lines_add_up_to_the_recorded_cost(pricer, usage, beyond, model, provider, region, stop_reason, at):
    made = recorded(
        pricer,
        usage=replace(usage, beyond=tuple(beyond)),
        model=model,
        model_used=model,
        provider=provider,
        region=region,
        stop_reason=stop_reason,
        started_at=at,
    )
    if made.cost is None:
        assert {line.usd for line in receipt(made, pricer).lines} == {None}
        return
    found = receipt(made, pricer)
    assert not found.changed
    assert found.total == made.cost.total
    for line in found.lines:
        terms = line.rates.terms if line.rates is not None else None
        if line.list_price is not None and terms is not None and line.part != "web_searches":
            product = line.list_price
            for factor in terms.factors:
                product *= factor.value
            assert product == line.price
    assert json_text(receipt_record(made, found))


def test_a_receipt_names_the_price_data_its_list_and_the_day():
    found = receipt(recorded())
    assert [(row.name, row.count, row.price, row.usd) for row in receipt_rows(found)] == [
        ("input", "12", "$5.00", "$0.00006"),
        ("cache read", "4,096", "$0.50", "$0.002048"),
        ("cache write 5m", "1,024", "$6.25", "$0.0064"),
        ("cache write 1h", "2,048", "$10.00", "$0.02048"),
        ("output", "15", "$25.00", "$0.000375"),
    ]
    assert receipt_notes(found) == [
        ("prices", f"{data_version()}, list anthropic: claude-opus-4-8, on 2026-11-20 (UTC)"),
        ("rounding", "half to even at $0.000000000001, each line; nothing had to be rounded"),
    ]


def test_each_factor_is_a_multiplier_with_its_source():
    found = receipt(recorded(usage=replace(USAGE, inference_geo="us")))
    assert receipt_rows(found)[0].price == "$5.00 × 1.1"
    assert dict(receipt_notes(found))["factor"].startswith("× 1.1 for inference in us: https://")


def test_prices_for_a_way_of_serving_are_said_to_be_the_lists_own():
    found = receipt(recorded(usage=replace(USAGE, speed="fast")))
    assert dict(receipt_notes(found))["served"] == "speed fast, for which the list has prices of its own"


def test_a_long_prompt_has_the_prices_of_its_tier():
    usage = Usage(input_tokens=100_001, output_tokens=1)
    found = receipt(recorded(model="claude-haiku-5-5", model_used="claude-haiku-5-5", usage=usage))
    assert dict(receipt_notes(found))["long prompt"].startswith("the prices above 100,000 prompt tokens")


def test_a_price_with_a_first_day_names_it():
    found = receipt(recorded(model="claude-sonnet-4-5", model_used="claude-sonnet-4-5", provider=Provider.ANTHROPIC))
    days = {line.rates.terms.since for line in found.lines if line.rates is not None and line.rates.terms is not None}
    (since,) = days
    said = dict(receipt_notes(found))["prices"]
    assert (f"in force since {since}" in said) if since is not None else ("in force" not in said)


def test_your_own_price_says_which_parts_are_yours():
    own = Pricer(PricingSettings(models={"claude-opus-4-8": ModelPrice(input=Decimal(50), output=Decimal(250))}))
    found = receipt(recorded(own), own)
    notes = receipt_notes(found)
    assert ("prices", "config.toml, your own for input, output") in notes
    assert any("keep the proportion to the input price in" in words for _, words in notes)
    sources = {line["part"]: line["price_set_by_user"] for line in receipt_record(recorded(own), found)["lines"]}
    assert sources["input"]
    assert not sources["cache_read"]


def test_rounding_is_stated_where_it_changed_something():
    discounted = Pricer(PricingSettings(discount_percent=Decimal("33.3333333333")))
    found = receipt(recorded(discounted), discounted)
    assert "it changed the sum by" in dict(receipt_notes(found))["rounding"]
    assert dict(receipt_notes(found))["discount"].startswith("33.3333333333% of each amount")


def test_older_price_data_with_the_same_prices_is_named():
    made = recorded()
    assert made.price_basis is not None
    older = replace(made, price_basis=replace(made.price_basis, prices="genai-prices 0.1.0"))
    found = receipt(older)
    assert not found.changed
    assert dict(receipt_notes(found))["older data"] == (
        f"It was calculated with genai-prices 0.1.0; {data_version()} has the same prices for it."
    )


def test_older_price_data_with_other_prices_leaves_the_amounts_and_says_so():
    own = Pricer(PricingSettings(models={"claude-opus-4-8": ModelPrice(input=Decimal(50), output=Decimal(250))}))
    made = recorded(own)
    assert made.price_basis is not None
    assert made.cost is not None
    older = replace(made, price_basis=replace(made.price_basis, prices="genai-prices 0.1.0"))
    found = receipt(older)
    assert found.changed
    assert found.total == made.cost.total
    assert {row.price for row in receipt_rows(found)} == {"–"}
    said = dict(receipt_notes(found))["prices"]
    assert said.startswith(
        f"This cost was calculated with genai-prices 0.1.0. By {data_version()} it would be $0.029363"
    )


def test_what_is_not_billed_has_its_counts_and_costs_nothing():
    found = receipt(recorded(stop_reason="refusal", usage=replace(USAGE, output_tokens=1)))
    rows = receipt_rows(found)
    assert {(row.price, row.usd) for row in rows} == {("not billed", "$0.00")}
    assert rows[1].count == "4,096"


def test_a_further_attempt_has_lines_of_its_own():
    beyond = (Iteration("compaction", "claude-haiku-4-5", Usage(input_tokens=5000, output_tokens=700)),)
    found = receipt(recorded(usage=replace(USAGE, beyond=beyond)))
    assert [row.usage for row in receipt_rows(found) if row.usage] == [
        "claude-opus-4-8",
        "claude-haiku-4-5, compaction",
    ]
