"""A request for another model: only what that model does not accept changes, and all else stays byte for byte."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.json_splice import NotSpliceable
from candela_tui.protocol.other_model import for_other_model

HAIKU, OPUS, OPUS_48 = "claude-haiku-4-5-20251001", "claude-opus-5-5", "claude-opus-4-8"
TALK = [{"role": "user", "content": "hi"}]


def fitted(body: dict[str, Any], model: str, named: str | None = None) -> tuple[dict[str, Any], tuple[str, ...]]:
    found = for_other_model(json.dumps(body).encode(), model, named or model)
    return json.loads(found.body), found.changed


def test_only_the_model_changes_and_every_other_byte_stays() -> None:
    body = b'{ "max_tokens":1e2,"model" : "claude-opus-4-8" ,"messages":[{"role":"user","content":"\\u00e4\\ud800"}]}'
    found = for_other_model(body, OPUS, OPUS)
    assert found.body == body.replace(b"claude-opus-4-8", OPUS.encode())
    assert found.changed == ()


def test_a_body_whose_path_names_the_model_stays_as_it_is() -> None:
    body = b'{"anthropic_version": "bedrock-2023-05-31",  "messages": []}'
    assert for_other_model(body, HAIKU, None).body == body


def test_thinking_that_the_model_does_not_have_is_left_out_with_what_needs_it() -> None:
    clear = {"type": "clear_thinking_20251015", "keep": "all"}
    body = {
        "model": OPUS,
        "thinking": {"type": "adaptive", "display": "omitted"},
        "context_management": {"edits": [clear]},
        "messages": TALK,
    }
    found, changed = fitted(body, HAIKU)
    assert found == {"model": HAIKU, "messages": TALK}
    assert changed == (
        "thinking is left out",
        "context_management.edits.clear_thinking_20251015 is left out",
    )
    others = {**body, "context_management": {"edits": [clear, {"type": "clear_tool_uses_20250919"}]}}
    assert fitted(others, HAIKU)[0]["context_management"] == {"edits": [{"type": "clear_tool_uses_20250919"}]}
    assert fitted(body, OPUS_48)[0] == {**body, "model": OPUS_48}


def test_a_budget_of_thinking_becomes_adaptive_thinking_where_only_that_is_accepted() -> None:
    body = {"model": HAIKU, "thinking": {"type": "enabled", "budget_tokens": 2048}, "messages": TALK}
    assert fitted(body, OPUS)[0]["thinking"] == {"type": "adaptive"}
    assert fitted(body, "claude-sonnet-4-5")[0]["thinking"] == body["thinking"]
    assert "thinking" not in fitted(body, "claude-3-5-haiku-20241022")[0]
    off = {**body, "thinking": {"type": "disabled"}}
    assert fitted(off, OPUS)[0]["thinking"] == {"type": "disabled"}


@pytest.mark.parametrize(
    ("model", "effort", "sent"),
    [(HAIKU, "medium", None), ("claude-opus-4-6", "xhigh", "high"), (OPUS, "xhigh", "xhigh"), (OPUS_48, "low", "low")],
)
def test_the_effort_is_one_that_the_model_has(model: str, effort: str, sent: str | None) -> None:
    found, changed = fitted({"model": OPUS, "output_config": {"effort": effort}, "messages": TALK}, model)
    assert found.get("output_config", {}).get("effort") == sent
    assert bool(changed) is (sent != effort)


def test_another_member_of_output_config_stays() -> None:
    config = {"effort": "low", "format": {"type": "json_schema"}}
    found, _ = fitted({"model": OPUS, "output_config": config, "messages": TALK}, HAIKU)
    assert found["output_config"] == {"format": {"type": "json_schema"}}


@pytest.mark.parametrize(
    ("model", "asked", "sent"),
    [
        (HAIKU, 128_000, 64_000),
        (HAIKU, 32_000, 32_000),
        # What Claude Code sends itself, if it may send as much as it likes.
        ("claude-3-haiku-20240307", 128_000, 4_096),
        ("claude-3-5-sonnet-20241022", 128_000, 8_192),
        ("claude-3-5-haiku-20241022", 128_000, 8_192),
        ("claude-3-7-sonnet-20250219", 128_000, 64_000),
        ("claude-opus-4-20250514", 128_000, 32_000),
        ("claude-opus-4-1-20250805", 128_000, 32_000),
        ("claude-sonnet-4-20250514", 128_000, 64_000),
        ("claude-sonnet-4-5-20250929", 128_000, 64_000),
        ("claude-opus-4-5-20251101", 128_000, 64_000),
        ("claude-sonnet-4-6", 128_000, 128_000),
        (OPUS, 128_000, 128_000),
    ],
)
def test_a_limit_beyond_the_longest_output_is_lowered(model: str, asked: int, sent: int) -> None:
    assert fitted({"model": OPUS, "max_tokens": asked, "messages": TALK}, model)[0]["max_tokens"] == sent


def test_the_fast_mode_is_only_for_models_that_have_it() -> None:
    body = {"model": OPUS_48, "speed": "fast", "messages": TALK}
    assert "speed" not in fitted(body, HAIKU)[0]
    assert fitted(body, OPUS)[0]["speed"] == "fast"


def test_messages_of_role_system_go_into_the_users_turn_for_models_without_them() -> None:
    talk = [
        {"role": "user", "content": "hi"},
        {"role": "system", "content": "be brief", "output_config": {"effort": "low"}},
        {"role": "system", "content": [], "output_config": {"effort": "low"}},
    ]
    found, changed = fitted({"model": OPUS, "messages": talk}, HAIKU)
    [turn] = found["messages"]
    assert [block["text"] for block in turn["content"]] == [
        "hi",
        "<system-reminder>\nbe brief\n</system-reminder>",
    ]
    assert changed == ("messages.*.output_config is left out", "messages of role system are in the user's turn")
    assert fitted({"model": OPUS_48, "messages": talk}, OPUS)[0]["messages"] == talk


def test_for_a_model_of_which_nothing_is_known_only_the_name_changes() -> None:
    body = {"model": OPUS, "thinking": {"type": "adaptive"}, "max_tokens": 128_000, "messages": TALK}
    assert fitted(body, "my-model") == ({**body, "model": "my-model"}, ())


@pytest.mark.parametrize("body", [b"", b"[]", b'{"model":"a","model":"b"}', b"{", b"\xff"])
def test_what_is_no_request_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(NotSpliceable):
        for_other_model(body, HAIKU, HAIKU)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = ("model", "thinking", "output_config", "context_management", "max_tokens", "messages", "speed", "tools")


@given(st.dictionaries(st.sampled_from(_FIELDS), _JSON), st.sampled_from([HAIKU, OPUS, "claude-opus-4-6"]))
def test_any_object_stays_an_object_with_the_same_tools(body: dict[str, Any], model: str) -> None:
    found, _ = fitted(body, model)
    assert found.get("model") == (model if "model" in body else None)
    assert found.get("tools") == body.get("tools")
