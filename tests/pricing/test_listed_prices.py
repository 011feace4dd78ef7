"""The table of prices: what it says is what a request costs."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from candela_tui.config import ModelPrice, PricingSettings
from candela_tui.listed_prices import ListedPrice, listed_prices, of_model
from candela_tui.pricing import Pricer
from candela_tui.protocol.usage import Usage
from candela_tui.providers.identity import Provider

ROWS = listed_prices(PricingSettings())
PROVIDERS = {"anthropic": Provider.ANTHROPIC, "google": Provider.VERTEX, "aws": Provider.BEDROCK}


def paid(row: ListedPrice, **counts: int) -> Decimal:
    """What a request in the case of a row costs."""
    served = dict(row.served)
    prompt = (row.prompt_above or 0) + 1
    tokens: dict[str, Any] = {"input_tokens": prompt - sum(counts.values()), "output_tokens": 1_000_000, **counts}
    usage = Usage(
        **tokens,
        speed=served.get("speed"),
        service_tier="batch" if served.get("processing") == "batch" else None,
    )
    day = row.since or (row.until - timedelta(days=1) if row.until else date(2026, 11, 28))
    cost = (
        Pricer(PricingSettings())
        .price(
            usage,
            provider=PROVIDERS[row.price_list],
            model_asked=row.model,
            model_used=row.model,
            at=datetime.combine(day, time(12), UTC),
            final=True,
        )
        .cost
    )
    assert cost is not None
    return cost.output


@pytest.mark.parametrize("price_list", sorted(PROVIDERS))
def test_each_row_is_what_a_request_in_its_case_costs(price_list: str) -> None:
    rows = [row for row in ROWS if row.price_list == price_list and not row.model.startswith("regional.")]
    assert len(rows) > 15
    for row in rows:
        assert paid(row) == row.rates.output, row


def test_dates_tiers_and_ways_of_serving_are_rows_of_their_own() -> None:
    opus = of_model(ROWS, "claude-opus-4-6")
    assert [
        (row.since, row.until, row.prompt_above) for row in opus if row.price_list == "anthropic" and not row.served
    ] == [
        (None, date(2026, 3, 13), None),
        (None, date(2026, 3, 13), 200_000),
        (date(2026, 3, 13), None, None),
    ]
    fast = [row for row in of_model(ROWS, "claude-opus-5") if row.served == (("speed", "fast"),)]
    assert [row.rates.input for row in fast] == [10]


@pytest.mark.parametrize("name", ["claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5@20250929"])
def test_a_model_is_found_by_any_of_its_names_at_every_provider(name: str) -> None:
    found = of_model(ROWS, name)
    assert {row.price_list for row in found} == {"anthropic", "google", "aws"}
    assert all("sonnet-4-5" in row.model for row in found)


def test_a_part_of_a_name_finds_all_that_contain_it_and_an_unknown_one_nothing() -> None:
    assert {"claude-fable-5", "claude-fable-5-1"} <= {row.model for row in of_model(ROWS, "Fable")}
    assert of_model(ROWS, "gpt") == []


def test_the_users_own_prices_come_first() -> None:
    settings = PricingSettings(models={"local": ModelPrice(input=Decimal(1), output=Decimal(2))})
    first = listed_prices(settings)[0]
    assert (first.price_list, first.model, first.rates.output) == ("config.toml", "local", 2)
