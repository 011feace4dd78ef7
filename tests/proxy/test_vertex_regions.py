"""The location of Vertex AI that a request goes to, by its model."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.proxy.running import RunningProxy, running
from tests.standin.vertex import Vertex

OPUS, HAIKU, OLD = "claude-opus-5-5", "claude-haiku-5-5", "claude-sonnet-4-5"


@pytest.fixture
def served(vertex: Vertex) -> Vertex:
    """The stand-in, which refuses models where Google does not serve them."""
    multi = {"global", "us", "eu"}
    vertex.models = {OPUS: multi, HAIKU: multi, f"{OLD}@20250929": multi | {"us-east5", "europe-west1"}}
    return vertex


def towards(vertex: Vertex, data: Path, models: Mapping[str, Any] | None = None, **section: str) -> RunningProxy:
    return running(vertex, data, sections={"vertex": {"base_url": vertex.url, **section}, "models": models or {}})


async def ask(
    proxy: RunningProxy, client: ClientSession, model: str, path: str = "/v1/messages"
) -> tuple[int, dict[str, Any]]:
    body: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
    if not path.endswith("count_tokens"):
        body["max_tokens"] = 8
    async with client.post(f"{proxy.origin}/proxy/anthropic-vertex{path}", json=body) as answer:
        return answer.status, json.loads(await answer.read())


def locations(vertex: Vertex) -> list[str]:
    return [request.path.split("/locations/")[1].split("/")[0] for request in vertex.predictions]


@pytest.mark.parametrize("model", [OPUS, HAIKU, f"{OPUS}[1m]"])
async def test_a_model_that_no_single_region_serves_is_refused_before_anything_is_sent(
    served: Vertex, tmp_path: Path, client: ClientSession, model: str
) -> None:
    async with towards(served, tmp_path, region="us-east5") as proxy:
        status, document = await ask(proxy, client, model)
    assert (status, document["type"], document["error"]["type"]) == (400, "error", "invalid_request_error")
    said = document["error"]["message"]
    base = model.removesuffix("[1m]")
    for word in (base, "us-east5", "global, us and eu", "[vertex] region", f'[models."{base}"] vertex_region'):
        assert word in said
    assert "VERTEX_REGION_CLAUDE_" in said
    assert served.predictions == []


@pytest.mark.parametrize(("model", "region"), [(OLD, "us-east5"), (OPUS, "global"), (OPUS, "us"), (OPUS, "eu")])
async def test_a_model_goes_to_the_region_that_serves_it(
    served: Vertex, tmp_path: Path, client: ClientSession, model: str, region: str
) -> None:
    async with towards(served, tmp_path, region=region) as proxy:
        assert (await ask(proxy, client, model))[0] == 200
    assert locations(served) == [region]


async def test_a_model_of_the_future_is_left_for_google_to_judge(
    served: Vertex, tmp_path: Path, client: ClientSession
) -> None:
    served.models["claude-opus-9"] = {"us-east5"}
    async with towards(served, tmp_path, region="us-east5") as proxy:
        assert (await ask(proxy, client, "claude-opus-9"))[0] == 200


async def test_an_id_that_the_user_gave_is_not_checked(served: Vertex, tmp_path: Path, client: ClientSession) -> None:
    served.models["claude-opus-5-5@tuned"] = {"us-east5"}
    names = {OPUS: {"vertex": "claude-opus-5-5@tuned"}}
    async with towards(served, tmp_path, names, region="us-east5") as proxy:
        assert (await ask(proxy, client, OPUS))[0] == 200


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
@pytest.mark.parametrize(
    ("own", "variable", "expected"),
    [
        ("eu", "us", "eu"),
        (None, "us", "us"),
        (None, "", "europe-west1"),
    ],
    ids=["setting", "variable", "of all models"],
)
async def test_a_region_for_a_model_alone_comes_first_and_is_recorded(
    served: Vertex,
    tmp_path: Path,
    client: ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    own: str | None,
    variable: str,
    expected: str,
    path: str,
) -> None:
    monkeypatch.setenv("VERTEX_REGION_CLAUDE_4_5_SONNET", variable)
    names = {OLD: {"vertex_region": own}} if own else {}
    async with towards(served, tmp_path, names, region="europe-west1") as proxy:
        assert (await ask(proxy, client, "claude-sonnet-4-5-20250929", path))[0] == 200
        exchange = await proxy.exchange()
    assert locations(served) == [expected]
    assert exchange.region == expected


async def test_each_model_has_its_own_region_and_price(served: Vertex, tmp_path: Path, client: ClientSession) -> None:
    async with towards(served, tmp_path, {OPUS: {"vertex_region": "global"}}, region="us") as proxy:
        for model in (OPUS, HAIKU):
            assert (await ask(proxy, client, model))[0] == 200
        regions = {exchange.model: exchange.region for exchange in await proxy.ended(2)}
    assert sorted(regions.values()) == ["global", "us"]
    assert locations(served) == ["global", "us"]


async def test_tokens_are_counted_where_google_counts_them(
    served: Vertex, tmp_path: Path, client: ClientSession
) -> None:
    served.models[OPUS] = {"global", "us", "eu", "us-east5"}
    async with towards(served, tmp_path, region="us-east5") as proxy:
        assert (await ask(proxy, client, OPUS, "/v1/messages/count_tokens"))[0] == 200
    assert locations(served) == ["us-east5"]
