"""What the user is told a request costs."""

import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import genai_prices
import pytest
from genai_prices.data_snapshot import get_snapshot
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.config import ModelPrice, PricingSettings
from candela_tui.pricing import PricedUsage, Pricer, client_cost, context_window, price_settings
from candela_tui.protocol.usage import DECLINED, Iteration, Usage, usage_from_wire

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MILLION = Usage(input_tokens=1_000_000, output_tokens=0)


def price(usage: Usage, model: str | None = "claude-opus-4-8", **more: Any) -> PricedUsage:
    settings = PricingSettings(**more.pop("settings", {}))
    asked = {"provider": "anthropic", "model_asked": model, "model_used": model, "at": NOW, "final": True, **more}
    return Pricer(settings).price(usage, **asked)


def total(usage: Usage, model: str | None = "claude-opus-4-8", **more: Any) -> Decimal:
    cost = price(usage, model, **more).cost
    assert cost is not None
    return cost.total


def own(**models: ModelPrice) -> dict[str, Any]:
    return {"models": {name.replace("_", "-"): its_price for name, its_price in models.items()}}


def test_the_cost_is_to_the_last_digit_what_the_real_client_says():
    usage = Usage(
        input_tokens=12,
        cache_read_tokens=4096,
        cache_write_5m_tokens=1024,
        cache_write_1h_tokens=2048,
        output_tokens=15,
    )
    cost = price(usage).cost
    assert cost is not None
    assert cost.total == Decimal("0.029363")
    assert not cost.at_least


COUNTS = st.integers(0, 3_000_000)
CLAUDE_MODELS = [
    model.id for provider in get_snapshot().providers if provider.id == "anthropic" for model in provider.models
]


@given(
    model=st.sampled_from(CLAUDE_MODELS),
    tokens=st.tuples(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS),
    searches=st.integers(0, 20),
    speed=st.sampled_from([None, "standard"]),
    day=st.dates(datetime(2025, 10, 1).date(), datetime(2026, 12, 31).date()),  # noqa: DTZ001
)
def test_the_parts_add_up_to_what_genai_prices_says(model, tokens, searches, speed, day):
    uncached, read, write_5m, write_1h, output = tokens
    at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    theirs = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=uncached + read + write_5m + write_1h,
            cache_read_tokens=read,
            cache_write_tokens=write_5m + write_1h,
            cache_write_1h_tokens=write_1h,
            output_tokens=output,
            web_searches=searches,
        ),
        model,
        provider_id="anthropic",
        genai_request_timestamp=at,
    )
    usage = Usage(uncached, read, write_5m, write_1h, output, searches, speed=speed)
    assert total(usage, model, at=at) == theirs.total_price


def test_a_prompt_above_a_tier_moves_the_whole_request_and_cached_tokens_count():
    below = Usage(input_tokens=1000, cache_read_tokens=99_000, output_tokens=100)
    above = Usage(input_tokens=1001, cache_read_tokens=99_000, output_tokens=100)
    assert total(below, "claude-haiku-5-5") == Decimal("0.00114")
    assert total(above, "claude-haiku-5-5") == Decimal("0.0057005")


def test_the_price_is_the_one_of_the_requests_day():
    usage = Usage(input_tokens=300_000, output_tokens=0)
    assert total(usage, "claude-opus-4-6", at=datetime(2026, 3, 12, 23, tzinfo=UTC)) == Decimal("3.0")
    assert total(usage, "claude-opus-4-6", at=datetime(2026, 3, 13, 0, tzinfo=UTC)) == Decimal("1.5")


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        ("claude-opus-4-8", 10),
        ("claude-opus-5-5", 8),
        # Not in the price data: six times the standard price.
        ("claude-opus-4-6", 30),
        ("claude-opus-4-7", 30),
    ],
)
def test_fast_mode_costs_what_fast_mode_costs(model, usd):
    fast = Usage(input_tokens=1_000_000, speed="fast")
    assert total(fast, model) == usd


def test_a_speed_without_a_known_price_is_counted_at_least_at_the_standard_price_and_says_so():
    priced = price(Usage(input_tokens=1_000_000, speed="fast"), "claude-haiku-4-5")
    assert priced.cost is not None
    assert (priced.cost.total, priced.cost.at_least) == (1, True)
    assert priced.notes == ("claude-haiku-4-5 at speed fast has no price here: counted at its standard price",)


def test_a_batch_costs_half_also_before_the_price_data_knows_of_it():
    batch = Usage(input_tokens=1_000_000, service_tier="batch")
    assert total(batch) == Decimal("2.5")
    assert total(batch, at=datetime(2026, 9, 1, tzinfo=UTC)) == Decimal("2.5")


@pytest.mark.parametrize(
    ("model", "geo", "usd"),
    [
        ("claude-opus-4-8", "us", "5.5"),
        ("claude-opus-4-6", "us", "5.5"),
        ("claude-opus-4-8", "global", "5"),
        ("claude-opus-4-8", "not_available", "5"),
        ("claude-sonnet-5", "us", "2.2"),
        ("claude-haiku-4-5-20251001", "us", "1"),
    ],
)
def test_inference_in_the_us_costs_a_tenth_more_from_opus_4_6_on(model, geo, usd):
    assert total(Usage(input_tokens=1_000_000, inference_geo=geo), model) == Decimal(usd)


@pytest.mark.parametrize("provider", ["foundry", "claude_google_cloud"])
def test_places_that_anthropic_runs_cost_what_anthropic_costs(provider):
    usage = Usage(input_tokens=1_000_000, output_tokens=1_000_000)
    for geo in (None, "us"):
        there = replace(usage, inference_geo=geo)
        assert total(there, "claude-opus-5-5", provider=provider) == total(there, "claude-opus-5-5")
    # The deployment's name is the user's; the answer has the model's.
    priced = price(usage, "claude-opus-5-5", provider=provider, model_asked="my-opus").cost
    assert priced is not None
    assert priced.total == total(usage, "claude-opus-5-5")


def test_inference_elsewhere_has_no_known_price_so_the_cost_is_at_least_the_global_one():
    cost = price(Usage(input_tokens=1_000_000, inference_geo="mars")).cost
    assert cost is not None
    assert (cost.total, cost.at_least) == (5, True)


def test_web_searches_cost_each():
    cost = price(Usage(input_tokens=0, output_tokens=0, web_searches=3)).cost
    assert cost is not None
    assert cost.web_searches == cost.total == Decimal("0.03")


def test_web_searches_where_they_have_no_price_make_the_cost_an_at_least():
    cost = price(Usage(input_tokens=10, web_searches=1), "claude-opus-4-8", provider="vertex").cost
    assert cost is not None
    assert cost.at_least


def test_cache_writes_for_an_hour_where_they_have_no_price_make_the_cost_an_at_least():
    bedrock = {"model": "global.anthropic.claude-sonnet-4-20250514-v1:0", "provider": "bedrock"}
    lasting, usual = (
        price(Usage(cache_write_1h_tokens=10), **bedrock),
        price(Usage(cache_write_5m_tokens=10), **bedrock),
    )
    assert lasting.cost is not None
    assert usual.cost is not None
    assert (lasting.cost.at_least, usual.cost.at_least) == (True, False)


def test_the_priority_tier_is_counted_at_standard_prices_and_says_so():
    priced = price(Usage(input_tokens=1_000_000, service_tier="priority"))
    assert priced.cost is not None
    assert (priced.cost.total, priced.cost.at_least) == (5, False)
    assert priced.notes == ("priority tier: counted at standard prices, your commitment has its own",)


@pytest.mark.parametrize(
    ("tier", "at_least", "note"),
    [
        ("priority", True, "priority tier: counted at standard prices, its premium is not known here"),
        ("flex", False, "flex tier: counted at standard prices, its discount is not known here"),
        ("reserved", False, "reserved tier: counted at standard prices, your commitment has its own"),
        ("dedicated", False, "dedicated tier: counted at standard prices, your commitment has its own"),
    ],
)
def test_a_tier_of_a_cloud_whose_factor_no_source_has_says_so(tier, at_least, note):
    priced = price(Usage(input_tokens=1_000_000), provider="vertex", region="global", cloud_tier=tier)
    assert priced.cost is not None
    assert (priced.cost.total, priced.cost.at_least, priced.notes) == (5, at_least, (note,))


def test_the_standard_tier_of_a_cloud_is_no_doubt_whatever_the_model_says():
    usage = Usage(input_tokens=1_000_000, service_tier="priority")
    assert price(usage, provider="vertex", region="global", cloud_tier="standard").notes == ()


def test_a_regional_vertex_endpoint_costs_a_tenth_more_from_generation_4_5_on():
    def vertex(model: str, region: str | None) -> Decimal:
        return total(MILLION, model, provider="vertex", region=region)

    assert vertex("claude-sonnet-4-6", "global") == vertex("claude-sonnet-4-6", None) == 3
    assert vertex("claude-sonnet-4-6", "us-east5") == vertex("claude-sonnet-4-6", "eu") == Decimal("3.3")
    assert vertex("claude-3-5-haiku@20241022", "us-east5") == Decimal("0.8")


def test_bedrock_is_priced_by_the_inference_profile_though_the_answer_names_the_bare_model():
    def bedrock(asked: str) -> Decimal:
        return total(MILLION, provider="bedrock", model_asked=asked, model_used="claude-haiku-4-5-20251001")

    assert bedrock("global.anthropic.claude-haiku-4-5-20251001-v1:0") == 1
    assert bedrock("us.anthropic.claude-haiku-4-5-20251001-v1:0") == Decimal("1.1")


@pytest.mark.parametrize("answered", ["claude-haiku-4-5-20251001", "claude-haiku-4-5", "anthropic.claude-haiku-4-5"])
def test_bedrocks_messages_endpoint_names_models_without_date_and_is_regional(answered: str) -> None:
    asked = {"provider": "mantle", "region": "us-east-1", "model_asked": "anthropic.claude-haiku-4-5"}
    assert total(MILLION, model_used=answered, **asked) == Decimal("1.1")


def test_claude_on_aws_charges_what_anthropic_does_also_for_inference_in_the_us() -> None:
    here = replace(MILLION, inference_geo="us")
    assert total(MILLION, "claude-opus-4-8", provider="claude_aws") == 5
    assert total(here, "claude-opus-4-8", provider="claude_aws") == Decimal("5.5")


@pytest.mark.parametrize(
    ("model", "dated", "listed"),
    [
        # Input, cache read, 5-minute write, 1-hour write, output: USD a million at the global endpoints.
        ("claude-opus-4-8", "claude-opus-4-8", ("5", "0.5", "6.25", "10", "25")),
        ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", ("3", "0.3", "3.75", "6", "15")),
        ("claude-haiku-4-5", "claude-haiku-4-5-20251001", ("1", "0.1", "1.25", "2", "5")),
    ],
)
class TestEveryPartCostsATenthMoreInARegion:
    """As https://docs.claude.com/en/docs/about-claude/pricing says for both clouds."""

    @staticmethod
    def parts(dated: str, **served: Any) -> tuple[Decimal, ...]:
        counts = [tuple(10_000 if part == wanted else 0 for part in range(5)) for wanted in range(5)]
        return tuple(100 * total(Usage(*each), model_used=dated, **served) for each in counts)

    def test_of_vertex(self, model: str, dated: str, listed: tuple[str, ...]) -> None:
        usd = tuple(map(Decimal, listed))
        names = {"model_asked": model, "model_sent": dated.replace("-2", "@2"), "provider": "vertex"}
        assert self.parts(dated, **names, region="global") == usd
        for region in ("us", "eu", "europe-west1"):
            assert self.parts(dated, **names, region=region) == tuple(part * Decimal("1.1") for part in usd)

    @pytest.mark.parametrize("version", ["", "-v1", "-v1:0"])
    def test_of_bedrock(self, model: str, dated: str, listed: tuple[str, ...], version: str) -> None:
        usd = tuple(map(Decimal, listed))

        def bedrock(sent: str) -> tuple[Decimal, ...]:
            served = {"provider": "bedrock", "region": "eu-west-1", "model_asked": model, "model_sent": sent}
            return self.parts(dated, **served)

        assert bedrock(f"global.anthropic.{dated}{version}") == usd
        of_account = "arn:aws:bedrock:us-east-1:123456789012:inference-profile"
        assert bedrock(f"{of_account}/global.anthropic.{dated}{version}") == usd
        regional = tuple(part * Decimal("1.1") for part in usd)
        for place in ("us.", "eu.", "apac.", "jp.", "au.", "us-gov.", ""):
            assert bedrock(f"{place}anthropic.{dated}{version}") == regional
            assert bedrock(f"{of_account}/{place}anthropic.{dated}{version}") == regional

    def test_of_bedrock_where_the_name_hides_the_model_by_what_answered(
        self, model: str, dated: str, listed: tuple[str, ...]
    ) -> None:
        arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3"
        for names in ({"model_asked": arn}, {"model_asked": model, "model_sent": arn}):
            priced = price(MILLION, model_used=dated, provider="bedrock", **names)
            assert priced.cost is not None
            assert priced.cost.total == Decimal(listed[0]) * Decimal("1.1")
            assert any("regional prices" in note for note in priced.notes)


def test_the_place_that_was_asked_for_holds_also_where_another_model_answered():
    asked = {"provider": "bedrock", "model_asked": "claude-opus-4-8", "model_used": "claude-haiku-4-5-20251001"}
    assert total(MILLION, model_sent="global.anthropic.claude-opus-4-8", **asked) == 1
    assert total(MILLION, model_sent="us.anthropic.claude-opus-4-8", **asked) == Decimal("1.1")


def test_a_long_prompt_costs_more_on_the_clouds_too_where_the_model_has_a_tier():
    long = Usage(input_tokens=150_000, cache_read_tokens=100_000, output_tokens=0)
    assert total(long, "claude-sonnet-4-5@20250929", provider="vertex", region="global") == Decimal("0.96")
    assert total(long, "claude-sonnet-4-5@20250929", provider="vertex", region="us-east5") == Decimal("1.056")
    assert total(long, "claude-opus-4-8", provider="vertex", region="global") == Decimal("0.8")


@pytest.mark.parametrize("provider", ["vertex", "bedrock"])
def test_a_model_that_a_cloud_does_not_list_is_unpriced_there(provider):
    priced = price(MILLION, "my-finetune", provider=provider, region="us-east5")
    assert (priced.cost, priced.unpriced_model) == (None, "my-finetune")


def test_priced_is_the_model_that_answered_not_the_one_that_was_asked():
    assert total(MILLION, model_asked="claude-opus-4-8", model_used="claude-haiku-4-5-20251001") == 1
    assert total(MILLION, model_asked="claude-opus-4-8", model_used=None) == 5


@pytest.mark.parametrize("name", ["claude-opus-4-8", "claude-opus-4-8[1m]", "claude-opus-4-8-20260601"])
def test_a_model_is_priced_by_any_of_its_names(name):
    assert total(MILLION, name) == 5


@pytest.mark.parametrize("provider", ["anthropic", "vertex", "bedrock"])
def test_a_model_is_not_priced_as_another_whose_name_it_begins_with(provider):
    priced = price(Usage(input_tokens=1000, output_tokens=10), "claude-opus-4-10", provider=provider)
    assert (priced.cost, priced.unpriced_model) == (None, "claude-opus-4-10")
    assert price(Usage(input_tokens=1000, output_tokens=10), "claude-opus-4-8", provider=provider).cost is not None


def test_a_model_without_a_price_is_unpriced_and_never_free():
    priced = price(MILLION, "my-finetune")
    assert (priced.cost, priced.unpriced_model) == (None, "my-finetune")


def test_an_answer_without_any_usage_costs_nothing_that_could_be_told():
    assert price(Usage()) == PricedUsage()


def test_while_only_the_placeholder_is_known_the_cost_is_at_least():
    cost = price(Usage(input_tokens=1000, output_tokens=1), final=False).cost
    assert cost is not None
    assert cost.at_least


def test_compaction_and_the_advisor_are_billed_beyond_the_top_level_counts():
    usage = Usage(
        input_tokens=1_000_000,
        beyond=(
            Iteration("compaction", None, Usage(input_tokens=100_000, output_tokens=10_000)),
            Iteration("advisor_message", "claude-fable-5", Usage(input_tokens=100_000, output_tokens=10_000)),
        ),
    )
    cost = price(usage, "claude-opus-4-8").cost
    assert cost is not None
    assert cost.input == 5 + Decimal("0.5") + 1
    assert cost.output == Decimal("0.25") + Decimal("0.5")
    assert not cost.at_least


@pytest.mark.parametrize(
    "iteration",
    [
        Iteration("something_new", None, Usage(input_tokens=5)),
        Iteration("advisor_message", "an-unknown-model", Usage(input_tokens=5)),
    ],
)
def test_work_whose_price_is_not_known_makes_the_cost_an_at_least(iteration):
    priced = price(Usage(input_tokens=1_000_000, beyond=(iteration,)))
    assert priced.cost is not None
    assert (priced.cost.total, priced.cost.at_least) == (5, True)
    assert priced.notes


class TestRefusals:
    """As https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback says under "Billing"."""

    PROMPT = Usage(input_tokens=106_000, output_tokens=1)

    def test_before_any_output_cost_nothing_and_say_so(self):
        priced = price(self.PROMPT, "claude-fable-5", refused=True)
        assert priced.cost is not None
        assert (priced.cost.total, priced.cost.at_least, priced.saved) == (0, False, 0)
        assert priced.notes == ("refused before any output: not billed",)

    def test_before_any_output_cost_nothing_of_a_model_without_a_price_too(self):
        priced = price(self.PROMPT, "claude-mythos-5", refused=True)
        assert priced.cost is not None
        assert (priced.cost.total, priced.unpriced_model) == (0, None)

    def test_amid_output_are_billed(self):
        assert total(self.PROMPT, "claude-fable-5") == Decimal("1.06005")

    @pytest.mark.parametrize("provider", ["vertex", "bedrock"])
    def test_on_a_cloud_are_counted_since_nothing_says_that_they_are_free(self, provider):
        priced = price(self.PROMPT, "claude-opus-4-8", provider=provider, refused=True)
        assert priced.cost is not None
        assert priced.cost.total > 0
        assert any("may" in note for note in priced.notes)

    WIRE: ClassVar = {
        "input_tokens": 51_000,
        "output_tokens": 300,
        "iterations": [
            {"type": "message", "model": "claude-fable-5", "input_tokens": 50_000, "output_tokens": 2_000},
            {"type": "fallback_message", "model": "claude-opus-4-8", "input_tokens": 51_000, "output_tokens": 300},
        ],
    }

    def test_amid_output_are_billed_at_their_own_models_price_beside_the_answer_of_another(self):
        usage = usage_from_wire(self.WIRE)
        priced = price(usage, model_asked="claude-fable-5", model_used="claude-opus-4-8")
        assert priced.cost is not None
        assert (priced.cost.total, priced.cost.at_least) == (Decimal("0.8625"), False)
        assert priced.cost.output == Decimal("0.1075")
        assert priced.notes == ("claude-fable-5 declined after 2,000 output tokens: billed as well",)

    @pytest.mark.parametrize("output", [0, 1, None])
    def test_before_any_output_of_an_attempt_are_free_beside_the_answer_of_another(self, output):
        declined = Iteration(DECLINED, None, Usage(input_tokens=50_000, output_tokens=output))
        usage = Usage(input_tokens=51_000, output_tokens=300, beyond=(declined,))
        priced = price(usage, model_asked="claude-fable-5", model_used="claude-opus-4-8")
        assert priced.cost is not None
        assert priced.cost.total == Decimal("0.2625")
        assert priced.notes == ("claude-fable-5 declined before any output: not billed",)

    @given(
        tokens=st.lists(st.tuples(COUNTS, st.integers(2, 100_000)), max_size=4),
        models=st.lists(st.sampled_from(["claude-fable-5", "claude-opus-4-8", "claude-sonnet-4-6"]), min_size=4),
        refused=st.booleans(),
    )
    def test_the_whole_is_the_sum_of_its_attempts(self, tokens, models, refused):
        attempts = [Usage(input_tokens=prompt, output_tokens=output) for prompt, output in tokens]
        beyond = tuple(Iteration(DECLINED, model, work) for model, work in zip(models, attempts, strict=False))
        answer = Usage(input_tokens=1000, output_tokens=10, beyond=beyond)
        expected = sum((total(work, model) for model, work in zip(models, attempts, strict=False)), Decimal(0))
        own_part = Decimal(0) if refused else total(Usage(input_tokens=1000, output_tokens=10))
        assert total(answer, refused=refused) == expected + own_part


NEWEST, OLD = "claude-cli/2.1.332", "claude-cli/2.1.197"


class TestWhatClaudeCodeCounts:
    """As ``total_cost_usd`` says, to the last digit, of both clients against a stand-in."""

    @staticmethod
    def counted(usage: Usage, model: str = "claude-fable-5", client: str | None = NEWEST) -> Decimal | None:
        cost = client_cost(usage, client=client, model_asked=model, at=NOW)
        return cost.total if cost is not None else None

    @pytest.mark.parametrize("client", [NEWEST, OLD])
    @pytest.mark.parametrize(
        ("usage", "usd"),
        [
            (Usage(input_tokens=106_000, output_tokens=1), "1.06005"),
            (usage_from_wire(TestRefusals.WIRE), "0.525"),
            (Usage(input_tokens=100_000, output_tokens=1000, service_tier="batch"), "1.05"),
            (Usage(input_tokens=100_000, output_tokens=1000, web_searches=2), "1.07"),
            (
                Usage(
                    input_tokens=23_000,
                    output_tokens=1000,
                    beyond=(Iteration("compaction", None, Usage(input_tokens=180_000, output_tokens=3500)),),
                ),
                "0.28",
            ),
        ],
    )
    def test_is_the_top_level_at_the_price_of_the_model_that_it_asked_for(self, client, usage, usd):
        assert self.counted(usage, client=client) == Decimal(usd)

    def test_is_without_geography_before_2_1_260(self):
        usage = Usage(input_tokens=100_000, output_tokens=1000, inference_geo="us")
        assert self.counted(usage, "claude-opus-4-8") == Decimal("0.5775")
        assert self.counted(usage, "claude-opus-4-8", OLD) == Decimal("0.525")

    def test_has_the_premium_of_the_us_also_for_models_that_are_billed_without(self):
        usage = Usage(6, 20_000, 300, 0, 22, inference_geo="us")
        assert self.counted(usage, "claude-haiku-4-5") == Decimal("0.0027401")

    def test_knows_the_tier_of_haiku_and_not_the_old_one_above_200_000_tokens(self):
        assert self.counted(Usage(input_tokens=150_000, output_tokens=3), "claude-haiku-5-5") == Decimal("0.0750075")
        assert self.counted(Usage(input_tokens=250_000, output_tokens=3), "claude-sonnet-4-5[1m]") == Decimal(
            "0.750045"
        )

    def test_leaves_out_the_users_own_prices_and_discount(self):
        usage = Usage(input_tokens=1_000_000)
        assert total(usage, settings={"discount_percent": 50}) == Decimal("2.5")
        assert self.counted(usage, "claude-opus-4-8") == 5

    @pytest.mark.parametrize(
        ("model", "client"),
        [
            ("claude-opus-5-5", OLD),
            ("claude-opus-5", "claude-cli/2.1.229"),
            ("claude-fable-5-2", "claude-cli/2.1.300"),
            ("my-finetune", NEWEST),
            ("claude-mythos-5", NEWEST),
            ("claude-opus-4-8", "claude-cli/2.0.1"),
            ("claude-opus-4-8", "curl/8.5.0"),
            ("claude-opus-4-8", None),
        ],
    )
    def test_is_not_known_of_a_model_that_the_version_does_not_know_nor_of_another_client(self, model, client):
        assert self.counted(MILLION, model, client) is None


@pytest.mark.parametrize("model", ["claude-mythos-5", "claude-mythos-5-1"])
def test_a_model_that_the_data_does_not_price_has_the_price_of_the_lines_that_are_printed_for_it(model):
    assert price(MILLION, model).unpriced_model == model
    written = "\n".join(price_settings(model))
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(written)
    filled = tomllib.loads(written.replace("input = …", "input = 8").replace("output = …", "output = 40"))
    assert total(MILLION, model, settings=filled["pricing"]) == 8


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_the_lines_for_a_model_name_it_whatever_characters_it_has(model):
    written = "\n".join(price_settings(model)).replace(" = …", " = 1")
    assert list(tomllib.loads(written)["pricing"]["models"]) == [model]


class TestPricesOfYourOwn:
    FULL = ModelPrice(input=2, output=10, cache_read=Decimal("0.5"), cache_write_5m=3, cache_write_1h=Decimal("4.5"))

    def test_give_a_price_to_an_unknown_model(self):
        usage = Usage(1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000)
        assert total(usage, "my-finetune", settings=own(my_finetune=self.FULL)) == 20

    @pytest.mark.parametrize("name", ["claude-opus-4-8", "claude-opus-4-8[1m]", "claude-opus-4-8-20260601"])
    def test_override_the_list_price_under_any_name_of_the_model(self, name):
        assert total(MILLION, name, settings=own(claude_opus_4_8=self.FULL)) == 2

    def test_apply_by_the_name_that_was_asked_where_it_is_a_name_of_your_own(self):
        settings = own(my_alias=self.FULL)
        assert total(MILLION, settings=settings, model_asked="my-alias", model_used="claude-opus-4-8") == 2

    def test_apply_by_the_name_that_was_asked_where_it_is_another_name_of_what_answered(self):
        profile = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
        asked = {"provider": "bedrock", "model_asked": profile, "model_used": "claude-haiku-4-5-20251001"}
        assert total(MILLION, settings={"models": {profile: self.FULL}}, **asked) == 2

    @pytest.mark.parametrize("provider", ["vertex", "bedrock"])
    def test_do_not_apply_to_another_model_that_answered_on_a_cloud(self, provider):
        settings = own(claude_opus_4_8=self.FULL)
        asked = {"model_asked": "claude-opus-4-8", "model_sent": "global.anthropic.claude-opus-4-8"}
        answered = {"model_used": "claude-haiku-4-5-20251001", "provider": provider, "region": "global"}
        assert total(MILLION, settings=settings, **asked, **answered) == 1

    def test_do_not_apply_to_another_model_that_answered(self):
        settings = own(claude_opus_4_8=self.FULL)
        asked = {"model_asked": "claude-opus-4-8", "model_used": "claude-haiku-4-5-20251001"}
        assert total(MILLION, settings=settings, **asked) == 1

    def test_keep_the_models_own_proportions_for_parts_that_are_left_out(self):
        settings = own(claude_opus_5_5=ModelPrice(input=8, output=40))
        read = Usage(cache_read_tokens=1_000_000)
        assert total(read, "claude-opus-5-5", settings=settings) == Decimal("0.4")

    def test_take_the_usual_proportions_where_the_model_is_unknown(self):
        settings = own(my_finetune=ModelPrice(input=10, output=50))
        usage = Usage(0, 1_000_000, 1_000_000, 1_000_000, 0, web_searches=1000)
        cost = price(usage, "my-finetune", settings=settings).cost
        assert cost is not None
        assert (cost.cache_read, cost.cache_write, cost.web_searches) == (1, Decimal("12.5") + 20, 10)

    def test_are_discounted_like_every_price(self):
        settings = {**own(my_finetune=self.FULL), "discount_percent": Decimal("12.5")}
        assert total(MILLION, "my-finetune", settings=settings) == Decimal("1.75")
        assert total(MILLION, "claude-opus-4-8", settings=settings) == Decimal("4.375")


@given(tokens=st.tuples(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS), percent=st.decimals(0, 100, places=7))
def test_a_cost_is_exact_to_a_picodollar_whatever_the_discount(tokens, percent):
    cost = price(Usage(*tokens), settings={"discount_percent": percent}).cost
    assert cost is not None
    parts = (cost.input, cost.cache_read, cost.cache_write, cost.output, cost.web_searches)
    assert all(part == part.quantize(Decimal("1e-12")) for part in parts)
    assert cost.total == sum(parts)
    undiscounted = total(Usage(*tokens))
    assert abs(cost.total - undiscounted * (100 - percent) / 100) <= Decimal("5e-12")


@pytest.mark.parametrize(
    ("usage", "saved"),
    [
        # claude-opus-4-8: 5 USD a million; reads 0.1 of it, 5-minute writes 1.25, 1-hour writes 2 times.
        (Usage(100, 1_000_000, 0, 0, 50), "4.5"),
        (Usage(100, 0, 1_000_000, 0, 50), "-1.25"),
        (Usage(100, 0, 0, 1_000_000, 50), "-5"),
        (Usage(100, None, None, None, 50), "0"),
    ],
)
def test_the_cache_saves_what_the_prompt_would_have_cost_at_the_input_price(usage, saved):
    assert price(usage).saved == Decimal(saved)


@given(
    model=st.sampled_from(CLAUDE_MODELS),
    tokens=st.tuples(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS),
    speed=st.sampled_from([None, "standard", "fast"]),
    geo=st.sampled_from([None, "us"]),
    discount=st.sampled_from([Decimal(0), Decimal("12.5")]),
)
def test_cost_and_savings_add_up_to_the_price_of_the_same_prompt_without_a_cache(model, tokens, speed, geo, discount):
    uncached, read, write_5m, write_1h, output = tokens
    facts = {"speed": speed, "inference_geo": geo}
    settings = {"discount_percent": discount}
    cached = price(Usage(uncached, read, write_5m, write_1h, output, **facts), model, settings=settings)
    plain = price(Usage(uncached + read + write_5m + write_1h, 0, 0, 0, output, **facts), model, settings=settings)
    assert cached.cost is not None
    assert plain.cost is not None
    assert cached.saved is not None
    assert cached.cost.total + cached.saved == plain.cost.total


def test_what_the_cache_saved_in_iterations_counts_too():
    compaction = Iteration("compaction", None, Usage(0, 1_000_000, 0, 0, 0))
    assert price(Usage(1, 1_000_000, 0, 0, 1, beyond=(compaction,))).saved == Decimal(9)


def test_without_a_price_nothing_is_known_to_be_saved():
    assert price(Usage(1, 1_000_000), "gpt-unheard-of").saved is None


def test_the_window_of_a_model_is_the_price_datas():
    price(MILLION)
    assert context_window("claude-haiku-4-5") == 200_000
    assert context_window("claude-opus-4-8[1m]") == 1_000_000
    assert context_window("gpt-unheard-of") is None
