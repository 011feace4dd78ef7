"""What a request asks for, in each of the ways in which clients ask."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.claude_code.session_clues import session_clues
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.parsed_request import ParsedRequest, parse_request
from candela_tui.protocol.request import session_in_metadata

PLACE = "/projects/p-1/locations/us-east5/publishers/anthropic/models"
PROFILE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
APPLICATION = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2"


def call(dialect: str, path: str, body: dict[str, Any] | None = None, method: str = "POST") -> ParsedRequest:
    return parse_request(dialect, method, path, json.dumps(body if body is not None else {"messages": []}).encode())


def facts(of: ParsedRequest) -> tuple[Kind, str | None, bool]:
    return of.kind, of.model, of.streamed


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (f"{PLACE}/claude-sonnet-4-5@20250929:streamRawPredict", (Kind.MESSAGES, "claude-sonnet-4-5@20250929", True)),
        (f"{PLACE}/claude-opus-4-8%40default:rawPredict", (Kind.MESSAGES, "claude-opus-4-8@default", False)),
        (f"{PLACE}/claude-opus-4-8:predict", (Kind.OTHER, "claude-opus-4-8", False)),
        ("/projects/p-1/locations/us-east5/publishers/google/models/gemini:rawPredict", (Kind.OTHER, None, False)),
    ],
)
def test_on_vertex_the_path_tells_model_and_streaming(path: str, told: tuple[Kind, str | None, bool]) -> None:
    assert facts(call("vertex", path)) == told


def test_on_vertex_the_body_of_a_token_count_names_its_model() -> None:
    counted = call("vertex", f"{PLACE}/count-tokens:rawPredict", {"model": "claude-opus-4-8", "messages": []})
    assert facts(counted) == (Kind.COUNT_TOKENS, "claude-opus-4-8", False)


def test_on_vertex_a_body_that_asks_for_a_stream_gets_one() -> None:
    assert call("vertex", f"{PLACE}/claude-opus-4-8:rawPredict", {"stream": True}).streamed


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (f"/model/{PROFILE}/invoke-with-response-stream", (Kind.MESSAGES, PROFILE, True)),
        (f"/model/{PROFILE.replace(':', '%3A')}/invoke", (Kind.MESSAGES, PROFILE, False)),
        (f"/model/{APPLICATION.replace(':', '%3A').replace('/', '%2F')}/invoke", (Kind.MESSAGES, APPLICATION, False)),
        (f"/model/{PROFILE}/count-tokens", (Kind.COUNT_TOKENS, PROFILE, False)),
        (f"/model/{PROFILE}/converse", (Kind.OTHER, PROFILE, False)),
        (f"/model/{PROFILE}/converse-stream", (Kind.OTHER, PROFILE, True)),
        ("/guardrail/x/version/1/apply", (Kind.OTHER, None, False)),
    ],
)
def test_on_bedrock_the_path_tells_model_and_streaming(path: str, told: tuple[Kind, str | None, bool]) -> None:
    assert facts(call("bedrock", path)) == told


@pytest.mark.parametrize(
    ("dialect", "path"),
    [
        ("bedrock", "/inference-profiles"),
        ("bedrock", f"/inference-profiles/{PROFILE}"),
        ("bedrock", "/foundation-models"),
        ("vertex", "/publishers/anthropic/models"),
        ("openai", "/v1/models"),
        ("messages", "/v1/models"),
    ],
)
def test_a_list_of_models_is_one_wherever_it_is_asked(dialect: str, path: str) -> None:
    assert call(dialect, path, method="GET").kind is Kind.MODELS


@pytest.mark.parametrize(
    ("dialect", "path"),
    [
        ("messages", "/v1/messages"),
        ("vertex", f"{PLACE}/claude-haiku-4-5@20251001:streamRawPredict"),
        ("bedrock", f"/model/{PROFILE}/invoke-with-response-stream"),
    ],
)
def test_the_clients_title_request_is_one_in_each_form_and_names_its_session(dialect: str, path: str) -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    body = {
        "messages": [{"role": "user", "content": "fix it"}],
        "output_config": {"format": {"type": "json_schema", "schema": schema}},
        "metadata": {"user_id": json.dumps({"session_id": "s-1"})},
    }
    asked = call(dialect, path, body)
    assert asked.kind is Kind.TITLE
    assert asked.request is not None
    assert session_in_metadata(asked.request) == "s-1"


@pytest.mark.parametrize(
    ("dialect", "path"),
    [("vertex", f"{PLACE}/claude-haiku-4-5@20251001:rawPredict"), ("bedrock", f"/model/{PROFILE}/invoke")],
)
def test_the_clients_look_whether_it_may_use_a_model_is_a_probe(dialect: str, path: str) -> None:
    body = {"max_tokens": 1, "messages": [{"role": "user", "content": "."}]}
    assert call(dialect, path, body).kind is Kind.PROBE


def test_a_chat_completion_tells_model_session_and_what_it_is_about() -> None:
    body = {
        "model": "claude-opus-4-8",
        "stream": True,
        "user": "user-7",
        "service_tier": "flex",
        "messages": [
            {"role": "system", "content": "You are a reef.\nPrimary working directory: /src/api"},
            {"role": "user", "content": [{"type": "text", "text": "fix the flaky test"}]},
        ],
    }
    asked = call("openai", "/v1/chat/completions", body)
    assert facts(asked) == (Kind.MESSAGES, "claude-opus-4-8", True)
    assert asked.request is not None
    assert session_in_metadata(asked.request) is None
    clues = session_clues(asked.request)
    assert (clues.title, clues.cwd) == ("fix the flaky test", "/src/api")


@given(
    st.sampled_from(["messages", "vertex", "bedrock", "openai"]),
    st.sampled_from(["GET", "POST", "HEAD", "\udc80"]),
    st.text(max_size=60) | st.sampled_from([PLACE, f"/model/{PROFILE}/", "/model/%ff/invoke"]),
    st.binary(max_size=60),
)
def test_no_request_can_break_the_reading(dialect: str, method: str, path: str, body: bytes) -> None:
    assert parse_request(dialect, method, path, body).kind in Kind
