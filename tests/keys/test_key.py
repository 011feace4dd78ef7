"""What a key's text looks like, and what a key may use."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.keys.key import (
    WINDOWS,
    KeyBudget,
    KeyState,
    checked_budget,
    checked_name,
    checked_providers,
    hash_of,
    new_text,
    prefix_of,
)
from candela_tui.providers.identity import PROVIDER_WORDS, ROUTES, Provider
from candela_tui.redaction import redact_text
from candela_tui.rules.budgets.of_keys import budgets_of_keys
from tests.keys.made import wanted

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def test_a_text_is_a_known_beginning_and_256_random_bits() -> None:
    texts = {new_text() for _ in range(100)}

    assert len(texts) == 100
    assert all(text.startswith("ck_live_") and len(text) == 51 and text[8:].isalnum() for text in texts)


def test_a_log_keeps_the_prefix_but_not_the_text() -> None:
    text = new_text()

    assert redact_text(f"{text} and {prefix_of(text)}…") == f"[redacted] and {prefix_of(text)}…"


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_a_hash_says_nothing_without_its_pepper(one: bytes, other: bytes) -> None:
    text = new_text()

    assert (hash_of(text, one) == hash_of(text, other)) is (one == other)


def test_a_key_without_lists_may_use_everything() -> None:
    key = wanted()

    assert all(key.allows_route(route) for route in ROUTES)
    assert key.allows_model("claude-opus-4-8")


@pytest.mark.parametrize(
    ("model", "allowed"),
    [
        ("claude-haiku-4-5-20251001", True),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", True),
        ("claude-haiku-4-5[1m]", True),
        ("claude-opus-4-8", False),
        ("not-claude-haiku-4-5", False),
    ],
)
def test_a_pattern_holds_for_a_model_at_every_place(model: str, allowed: bool) -> None:
    assert wanted(models=("claude-haiku-*",)).allows_model(model) is allowed


def test_each_provider_has_a_word() -> None:
    key_of = {word: wanted(providers=(word,)) for word in PROVIDER_WORDS}

    assert {provider for provider in Provider for key in key_of.values() if key.allows_provider(provider)} == set(
        Provider
    )
    assert [provider for provider in Provider if key_of["bedrock"].allows_provider(provider)] == [Provider.BEDROCK]


def test_a_revoked_key_stays_revoked_whatever_else_it_is() -> None:
    past, future = NOW - timedelta(days=1), NOW + timedelta(days=1)

    assert wanted().state(NOW) is KeyState.ACTIVE
    assert wanted(expires_at=future).state(NOW) is KeyState.ACTIVE
    assert wanted(expires_at=NOW).state(NOW) is KeyState.EXPIRED
    assert wanted(expires_at=past, disabled_at=past).state(NOW) is KeyState.DISABLED
    assert wanted(expires_at=past, disabled_at=past, revoked_at=past).state(NOW) is KeyState.REVOKED


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("50/month", KeyBudget(Decimal(50), "month")),
        (" 2.50/DAY ", KeyBudget(Decimal("2.50"), "day")),
        ("3/rolling:5h", KeyBudget(Decimal(3), "rolling:5h")),
    ],
)
def test_a_budget_is_an_amount_and_a_window(text: str, budget: KeyBudget) -> None:
    assert checked_budget(text) == budget
    assert checked_budget(str(budget)) == budget


@pytest.mark.parametrize("window", [*WINDOWS, "rolling:1h", "rolling:9999d"])
def test_every_budget_is_one_of_the_rules(window: str) -> None:
    [rule] = budgets_of_keys([replace(wanted(), budget=checked_budget(f"3/{window}"))])
    assert rule.window == window


@pytest.mark.parametrize(
    "text",
    [
        *("50", "50/fortnight", "-1/day", "1e3/day", "/day", "٣/day"),
        *("5/rolling:", "5/rolling:h", "5/rolling:30m", "5/rolling:0h", "5/rolling:٣h"),
    ],
)
def test_what_is_no_budget_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a budget: use an amount in USD and a window"):
        checked_budget(text)


def test_names_and_providers_are_checked() -> None:
    assert checked_name("ci@team.example") == "ci@team.example"
    assert checked_providers("direct, bedrock,direct") == ("direct", "bedrock")
    for bad in ("", "two words", "x" * 65, "-x"):
        with pytest.raises(ValueError, match="is not a name"):
            checked_name(bad)
    with pytest.raises(ValueError, match="'openai' is not a provider: use direct, vertex"):
        checked_providers("direct,openai")
