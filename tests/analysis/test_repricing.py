"""Pricing again: the same prices give the same costs, and other prices those that capture would calculate."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from candela_tui.analysis.costs import with_client_cost, with_cost, with_note
from candela_tui.analysis.repricing import Repricing
from candela_tui.config import ModelPrice, PricingSettings
from candela_tui.exchange import Exchange, Outcome
from candela_tui.exchange.cache_diagnosis import CacheResult, CacheState, Cause, Diagnosis
from candela_tui.pricing import PriceBasis, Pricer
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from candela_tui.providers.identity import Provider
from tests.analysis.exchanges import exchange

LISTED = Pricer(PricingSettings())
DEARER = Pricer(PricingSettings(models={"claude-opus-4-8": ModelPrice(input=Decimal(50), output=Decimal(250))}))
USAGE = Usage(input_tokens=1000, cache_read_tokens=50_000, cache_write_5m_tokens=300, output_tokens=700)
counts = some.none() | some.integers(0, 300_000)


def recorded(pricer: Pricer = LISTED, *, basis: PriceBasis | None = None, **known: Any) -> Exchange:
    """An exchange as capture records it."""
    facts = {
        "model": "claude-opus-4-8",
        "model_used": "claude-opus-4-8",
        "usage": USAGE,
        "kind": Kind.MESSAGES,
        **known,
    }
    made = exchange(1, **facts)
    return with_client_cost(with_cost(made, basis or PriceBasis("", made.provider, final=True), pricer))


exchanges = some.builds(
    recorded,
    basis=some.builds(
        PriceBasis,
        prices=some.just(""),
        provider=some.sampled_from(Provider),
        final=some.booleans(),
        cloud_tier=some.sampled_from([None, "standard", "priority", "flex", "reserved"]),
        note=some.sampled_from([None, "LiteLLM does not state which model answered"]),
    ),
    usage=some.none()
    | some.builds(
        Usage,
        counts,
        counts,
        counts,
        counts,
        counts,
        some.none() | some.integers(0, 9),
        speed=some.sampled_from([None, "fast"]),
    ),
    model=some.sampled_from(["claude-opus-4-8", "claude-haiku-5-5", "local", None]),
    model_used=some.sampled_from(["claude-opus-4-8", "claude-sonnet-4-5", "local", None]),
    outcome=some.sampled_from([Outcome.OK, Outcome.CUT, Outcome.INTERRUPTED]),
    stop_reason=some.sampled_from([None, "end_turn", "refusal"]),
    client=some.sampled_from([None, "claude-cli/2.1.332"]),
    gateway=some.sampled_from([None, "LiteLLM"]),
    kind=some.sampled_from([Kind.MESSAGES, Kind.COUNT_TOKENS]),
)


@given(exchanges)
def test_with_the_same_prices_no_cost_changes(before: Exchange) -> None:
    assert Repricing().check(before, LISTED) is None


@given(exchanges)
def test_with_other_prices_a_cost_is_what_capture_would_have_calculated(before: Exchange) -> None:
    after = Repricing().check(before, DEARER) or before
    basis = before.price_basis or PriceBasis("", before.provider, final=True)
    captured = with_client_cost(with_cost(before, basis, DEARER))
    assert (after.cost, after.saved, after.client_cost) == (captured.cost, captured.saved, captured.client_cost)
    assert Repricing().check(after, DEARER) is None


@given(exchanges.filter(lambda each: each.gateway is None and not any(" tier: " in note for note in each.cost_notes)))
def test_an_earlier_record_without_a_basis_is_priced_alike_where_it_was_sent_to_its_provider(before: Exchange) -> None:
    basis = before.price_basis
    # A note of its own is that of a gateway.
    if basis is None or basis.provider != before.provider or basis.note is not None:
        return
    if before.cost_notes or before.cost is None:
        # Whether the usage was final is then told by the outcome.
        before = replace(before, outcome=Outcome.OK if basis.final else Outcome.CUT, client_cost=None)
        before = with_client_cost(before)
    assert Repricing().check(replace(before, price_basis=None), LISTED) is None


@pytest.mark.parametrize(
    "known",
    [
        {"gateway": "LiteLLM"},
        {"cost_notes": ("priority tier: counted at standard prices, its premium is not known here",)},
    ],
)
def test_an_earlier_record_keeps_its_cost_where_its_prices_can_not_be_told(known: dict[str, Any]) -> None:
    repricing = Repricing()
    assert repricing.check(replace(recorded(), price_basis=None, **known), DEARER) is None
    assert (repricing.checked, repricing.kept) == (1, 1)


def test_the_new_cost_names_the_prices_that_it_is_from() -> None:
    before = recorded()
    after = Repricing().check(before, DEARER)
    assert before.price_basis is not None
    assert after is not None
    assert after.price_basis == replace(before.price_basis, prices="config.toml")


def test_a_lower_bound_stays_one_and_a_subscription_stays_one() -> None:
    basis = PriceBasis("", "anthropic", final=False)
    after = Repricing().check(recorded(basis=basis, outcome=Outcome.CUT, subscription=True), DEARER)
    assert after is not None
    assert after.cost is not None
    assert (after.cost.at_least, after.subscription, after.outcome) == (True, True, Outcome.CUT)


def test_a_note_that_is_not_about_prices_stays() -> None:
    before = with_note(recorded(), "the transcript does not have the end of this answer")
    assert Repricing().check(before, LISTED) is None
    after = Repricing().check(before, DEARER)
    assert after is not None
    assert after.cost_notes == before.cost_notes


def test_what_has_no_usage_or_is_live_is_left_alone() -> None:
    repricing = Repricing()
    for known in ({"usage": None}, {"outcome": Outcome.LIVE}):
        assert repricing.check(recorded(**known), DEARER) is None
    assert repricing.checked == 0


def count(repricing: Repricing, before: Exchange, pricer: Pricer) -> Exchange | None:
    after = repricing.check(before, pricer)
    if after is not None:
        repricing.add(before, after)
    return after


def test_changes_add_up_by_model() -> None:
    repricing = Repricing()
    for before in (
        recorded(),
        recorded(),
        recorded(model_used="claude-sonnet-4-5"),
        recorded(model="local", model_used="local"),
    ):
        count(repricing, before, DEARER)
    [(model, change)] = repricing.models.items()
    cost, dearer = recorded().cost, recorded(DEARER).cost
    assert cost is not None
    assert dearer is not None
    assert (model, change.requests, repricing.checked) == ("claude-opus-4-8", 2, 4)
    assert (change.before_usd, change.after_usd) == (2 * cost.total, 2 * dearer.total)
    assert repricing.total == change


def test_a_model_that_gets_a_price_is_counted_so() -> None:
    repricing = Repricing()
    pricer = Pricer(PricingSettings(models={"local": ModelPrice(input=Decimal(1), output=Decimal(2))}))
    after = count(repricing, recorded(model="local", model_used="local"), pricer)
    assert after is not None
    assert after.unpriced_model is None
    assert (repricing.total.priced_now, repricing.total.before_usd) == (1, 0)


def test_what_writing_again_cost_follows_the_new_prices() -> None:
    diagnosis = Diagnosis(CacheState.MISS, Cause.TOOLS_CHANGED, rewritten_tokens=1_000_000)
    before = replace(recorded(usage=Usage(0, 0, 1_000_000, 0, 0)), cache=CacheResult(diagnosis, Decimal("5.75")))
    after = Repricing().check(before, DEARER)
    assert after is not None
    # USD a million tokens: 62.50 to write at 50 for the input, 5 to read.
    assert after.cache == CacheResult(diagnosis, Decimal("57.5"))
