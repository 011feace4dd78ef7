"""What Claude Code tells its status line: read as far as it can be, whatever is in it."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from candela_tui.claude_code.status_line import ClientStatus, NotStatus, PromptCache, UsageWindow, read_status

STATED: dict[str, Any] = {
    "session_id": "408d55f1-57db-4852-a0c3-052534ecfa3c",
    "cost": {"total_cost_usd": 0.09662399999999999},
    "context_window": {"context_window_size": 1000000, "used_percentage": 2},
    "prompt_cache": {"warm": True, "caching_observed": True, "ttl": "5m", "expires_at": 1795974752},
    "rate_limits": {
        "five_hour": {"used_percentage": 42, "resets_at": 1795979752},
        "seven_day": {"used_percentage": 17.5},
        "model_scoped": [],
    },
}


def read(**changes: Any) -> ClientStatus:
    return read_status(json.dumps({**STATED, **changes}).encode())


def test_the_facts_are_those_that_the_client_states() -> None:
    assert read() == ClientStatus(
        "408d55f1-57db-4852-a0c3-052534ecfa3c",
        Decimal("0.09662399999999999"),
        0.02,
        1_000_000,
        PromptCache(True, "5m", datetime.fromtimestamp(1795974752, UTC)),
        (UsageWindow("5h", 0.42, datetime.fromtimestamp(1795979752, UTC)), UsageWindow("7d", 0.175, None)),
    )


def test_before_the_first_answer_little_is_known() -> None:
    context = {"context_window_size": 200_000, "used_percentage": None, "current_usage": None}
    status = read_status(json.dumps({"session_id": "s", "context_window": context}).encode())
    assert status == ClientStatus("s", context_window=200_000)


def test_a_cache_that_was_never_used_is_not_shown() -> None:
    assert read(prompt_cache={"warm": False, "caching_observed": False}).cache is None


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_other_input_is_refused(text: bytes) -> None:
    with pytest.raises(NotStatus):
        read_status(text)


VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=5),
    lambda inner: (
        some.lists(inner, max_size=2) | some.dictionaries(some.sampled_from([*STATED, "a"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(name=some.sampled_from(sorted(STATED)), value=VALUES)
def test_a_value_of_another_type_is_left_out_and_the_rest_is_read(name: str, value: Any) -> None:
    changed, usual = read(**{name: value}), read()
    kept = {
        "session_id": "session_id",
        "cost": "cost_usd",
        "context_window": "context_used",
        "prompt_cache": "cache",
        "rate_limits": "windows",
    }
    for member, field in kept.items():
        if member != name:
            assert getattr(changed, field) == getattr(usual, field)


@given(value=some.integers() | some.floats())
def test_any_number_is_read_or_left_out(value: float) -> None:
    status = read(
        cost={"total_cost_usd": value},
        context_window={"context_window_size": value, "used_percentage": value},
        prompt_cache={"warm": True, "caching_observed": True, "expires_at": value},
        rate_limits={"five_hour": {"used_percentage": value, "resets_at": value}},
    )
    assert status.cost_usd is None or status.cost_usd >= 0
    assert status.cache is not None
