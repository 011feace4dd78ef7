"""What rules about budgets, providers and repeats would have done about recorded requests."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from candela_tui.config import RulesSettings
from candela_tui.exchange import Marks, Outcome
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from candela_tui.providers.exchange_ids import id_at
from candela_tui.rules.trial import Trial
from candela_tui.store.reader import StoreReader
from tests.rules.budgets.making import cost_of
from tests.store.recording import STARTED, ended, exchange, writing

HOUR = timedelta(hours=1)
OVERLOADED = ApiError("overloaded_error", "Overloaded")


def tried(
    path: Path, rules: Mapping[str, Any], *requests: Mapping[str, Any], since: datetime | None = None
) -> list[tuple[int, str, str]]:
    """What the rules do about requests that came an hour apart: the number of the request, the action and the words."""
    numbers: dict[str, int] = {}
    with writing(path / "candela.db") as (writer, _):
        for number, facts in enumerate(requests):
            at = STARTED + number * HOUR
            live = exchange(id=id_at(at) + "-1", started_at=at)
            numbers[live.id] = number
            writer.begin(live, facts.get("body", b"{}"))
            writer.end(ended(live, **{name: value for name, value in facts.items() if name != "body"}), [b"{}"], [1.0])
    trial = Trial(RulesSettings.model_validate({"timezone": "UTC", **rules}), StoreReader(path / "candela.db"))
    return [(numbers[each.id], action.action, action.words) for each, action in trial.actions(since)]


CHAIN = {"fallback": {"chain": ["anthropic-direct", "anthropic-bedrock"], "timeout_ms": 1000}}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"status": 529, "outcome": Outcome.ERROR, "error": OVERLOADED}, "529 Overloaded"),
        ({"status": 200, "outcome": Outcome.ERROR, "error": OVERLOADED}, "529 Overloaded"),
        ({"status": 200, "outcome": Outcome.CUT, "error": ApiError("cut", "it broke off")}, "502 it broke off"),
        (
            {"status": 200, "streamed": True, "marks": Marks(10.0, 1500.0, 1600.0, 2000.0)},
            "504 the answer did not begin within 1 s",
        ),
    ],
)
def test_a_failure_before_any_content_would_go_to_the_next_provider(
    tmp_path: Path, answer: dict[str, Any], why: str
) -> None:
    words = f"Anthropic failed: {why}; Bedrock would be asked"
    assert tried(tmp_path, CHAIN, answer) == [(0, "fallback", words)]


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 400, "outcome": Outcome.ERROR, "error": ApiError("invalid_request_error", "no")},
        {"status": 200, "outcome": Outcome.CUT, "error": ApiError("cut", "it broke off"), "marks": Marks(1, 2, 3, 4)},
        {"status": 200, "streamed": True, "marks": Marks(10.0, 500.0, 1600.0, 2000.0)},
        {"status": 529, "outcome": Outcome.ERROR, "error": OVERLOADED, "kind": Kind.MODELS, "method": "GET"},
    ],
)
def test_any_other_answer_would_be_the_clients(tmp_path: Path, answer: dict[str, Any]) -> None:
    assert tried(tmp_path, CHAIN, answer) == []


def test_a_session_would_go_to_another_provider_by_its_weight(tmp_path: Path) -> None:
    weights = {"routes": {"weights": {"anthropic-direct": 0.001, "anthropic-bedrock": 1000}}}
    found = tried(tmp_path, weights, {}, {})
    assert found == [(0, "route", "the session's requests would go to Bedrock by its weight")]


def test_a_repeat_would_be_answered_from_the_store(tmp_path: Path) -> None:
    title = {"kind": Kind.TITLE, "body": json.dumps({"model": "m", "metadata": {"user_id": "a"}}).encode()}
    again = {"kind": Kind.TITLE, "body": json.dumps({"metadata": {"user_id": "b"}, "model": "m"}).encode()}
    other = {"kind": Kind.TITLE, "body": b'{"model": "n"}'}
    rules = {"cache": {"kinds": ["title"], "max_age_h": 2}}

    found = tried(tmp_path, rules, {**title, "cost": cost_of(1)}, other, again, {"body": title["body"]}, again)

    first = id_at(STARTED) + "-1"
    # The last one comes four hours after the only answer.
    assert found == [(2, "cache", f"the answer to {first}, which cost $1.00")]


def test_a_cheaper_model_would_answer_past_a_mark_of_a_budget(tmp_path: Path) -> None:
    rules = {
        "budgets": [{"name": "day", "window": "day", "limit_usd": 3, "on_breach": "warn"}],
        "models": {"below_budget": [{"past": 0.5, "models": {"claude-opus-*": "claude-haiku-4-5"}}]},
    }
    spent = {"usage": Usage(input_tokens=1000, output_tokens=1), "cost": cost_of(1)}
    words = "claude-haiku-4-5 in place of claude-opus-4-8, because a budget is past 50%"
    assert tried(tmp_path, rules, spent, spent, spent) == [(2, "model", words)]


def test_what_was_spent_before_the_first_request_counts(tmp_path: Path) -> None:
    rules = {"budgets": [{"name": "day", "window": "day", "limit_usd": Decimal("2.5")}]}
    spent = {"usage": Usage(input_tokens=1000, output_tokens=1), "cost": cost_of(1)}
    found = tried(tmp_path, rules, spent, spent, spent, since=STARTED + 2 * HOUR)
    assert [each[:2] for each in found] == [(2, "refuse")]
