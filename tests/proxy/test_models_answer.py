"""Lists of models in Anthropic's shape, page by page."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.providers.models_answer import asks_for_models, listed_model, models_reply, newest_first

MODELS = [listed_model(f"claude-opus-4-{number}") for number in range(9)]


def _read(path: str) -> dict[str, Any]:
    reply = models_reply(MODELS, path)
    document: dict[str, Any] = json.loads(reply.body)
    assert reply.status == (400 if "error" in document else 200)
    return document


@given(st.integers(1, 12))
def test_pages_of_any_size_together_are_the_list_in_both_directions(limit: int) -> None:
    forward: list[str] = []
    path = f"/v1/models?limit={limit}"
    while True:
        page = _read(path)
        forward += [row["id"] for row in page["data"]]
        assert (page["first_id"], page["last_id"]) == (page["data"][0]["id"], page["data"][-1]["id"])
        if not page["has_more"]:
            break
        path = f"/v1/models?limit={limit}&after_id={page['last_id']}"
    assert forward == [model.id for model in MODELS]
    backward: list[str] = [MODELS[-1].id]
    while True:
        page = _read(f"/v1/models?limit={limit}&before_id={backward[0]}")
        backward = [row["id"] for row in page["data"]] + backward
        if not page["has_more"]:
            break
    assert backward == forward


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=many", "after_id=claude-nix", "before_id=claude-nix"]
)
def test_a_page_that_can_not_be_is_refused(query: str) -> None:
    assert _read(f"/v1/models?{query}")["error"]["type"] == "invalid_request_error"


def test_an_empty_list_has_no_first_and_no_last() -> None:
    expected = {"data": [], "has_more": False, "first_id": None, "last_id": None}
    assert json.loads(models_reply([], "/v1/models").body) == expected


@pytest.mark.parametrize(
    ("id", "name", "created_at"),
    [
        ("claude-opus-4-8", "Claude Opus 4.8", "1970-01-01T00:00:00Z"),
        ("claude-sonnet-5", "Claude Sonnet 5", "1970-01-01T00:00:00Z"),
        ("claude-sonnet-4-5-20250929", "Claude Sonnet 4.5", "2025-09-29T00:00:00Z"),
        ("claude-3-5-haiku-20241022", "Claude Haiku 3.5", "2024-10-22T00:00:00Z"),
    ],
)
def test_a_model_is_called_as_anthropic_calls_it(id: str, name: str, created_at: str) -> None:
    model = listed_model(id)
    assert (model.display_name, model.created_at) == (name, created_at)


def test_the_newest_generation_comes_first_and_each_model_once() -> None:
    ids = ["claude-3-5-haiku-20241022", "claude-opus-4-8", "claude-sonnet-5", "claude-opus-4-8", "claude-opus-4-10"]
    listed = [model.id for model in newest_first(map(listed_model, ids))]
    assert listed == ["claude-sonnet-5", "claude-opus-4-10", "claude-opus-4-8", "claude-3-5-haiku-20241022"]


@pytest.mark.parametrize(
    ("method", "path", "asks"),
    [
        ("GET", "/v1/models", True),
        ("GET", "/v1/models?limit=1000", True),
        ("GET", "/v1/models/claude-opus-4-8", True),
        ("POST", "/v1/models", False),
        ("GET", "/v1/modelsheet", False),
        ("GET", "/v1/messages", False),
    ],
)
def test_only_questions_for_models_are_taken(method: str, path: str, asks: bool) -> None:
    assert asks_for_models(method, path) is asks
