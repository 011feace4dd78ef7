"""The list of models on the routes that lead to Vertex AI."""

import asyncio
from pathlib import Path

from aiohttp import ClientSession
from anthropic import AsyncAnthropic

from tests.proxy.running import RunningProxy, running
from tests.standin import Gate
from tests.standin.vertex import Vertex

IDS = ["claude-opus-4-8", "claude-haiku-4-5-20251001", "claude-sonnet-4-5-20250929"]


def _models(proxy: RunningProxy, path: str = "?limit=1000") -> str:
    return f"{proxy.origin}/proxy/anthropic-vertex/v1/models{path}"


async def test_the_sdk_lists_them_page_by_page_with_the_ids_that_messages_takes(over_vertex: RunningProxy) -> None:
    async with AsyncAnthropic(base_url=f"{over_vertex.origin}/proxy/anthropic-vertex", api_key="k") as client:
        listed = [model async for model in client.models.list(limit=2)]
        one = await client.models.retrieve("claude-sonnet-4-5-20250929")
    assert [model.id for model in listed] == IDS
    assert [model.display_name for model in listed] == ["Claude Opus 4.8", "Claude Haiku 4.5", "Claude Sonnet 4.5"]
    assert [model.created_at.year for model in listed] == [1970, 2025, 2025]
    assert one == listed[2]


async def test_the_list_is_asked_for_once_however_many_want_it(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    gate = Gate()
    vertex.before_list = [gate]
    vertex.page_size = 100
    wanting = [asyncio.create_task(client.get(_models(over_vertex))) for _ in range(20)]
    await gate.reached()
    wanting[0].cancel()
    gate.open()
    answers = await asyncio.gather(*wanting[1:])
    assert [[model["id"] for model in (await answer.json())["data"]] for answer in answers] == [IDS] * 19
    assert (await client.get(_models(over_vertex))).status == 200
    assert len(vertex.listings) == 1
    assert vertex.tokens_issued == 1


async def test_a_service_that_may_not_list_gets_googles_refusal_until_it_may(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    vertex.may_list = False
    answer = await client.get(_models(over_vertex))
    error = (await answer.json())["error"]
    assert (answer.status, error["type"]) == (403, "permission_error")
    assert "The caller does not have permission" in error["message"]
    vertex.may_list = True
    assert (await client.get(_models(over_vertex))).status == 200


async def test_the_project_pays_for_the_list_where_google_wants_one_to_pay(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    vertex.needs_quota_project = True
    assert (await client.get(_models(over_vertex))).status == 200
    assert {request.header("x-goog-user-project") for request in vertex.listings} == {None, vertex.project}


async def test_a_refused_token_is_renewed_once(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    vertex.tokens_are_dead = True
    answer = await client.get(_models(over_vertex))
    assert (answer.status, (await answer.json())["error"]["type"]) == (401, "authentication_error")
    assert len(vertex.listings) == 2
    vertex.tokens_are_dead = False
    assert (await client.get(_models(over_vertex))).status == 200


async def test_a_model_is_listed_by_the_name_that_the_user_gave_it(
    vertex: Vertex, client: ClientSession, tmp_path: Path
) -> None:
    sections = {
        "vertex": {"base_url": vertex.url},
        "models": {"claude-mine": {"vertex": "claude-haiku-4-5@20251001"}},
    }
    async with running(vertex, tmp_path, sections=sections) as proxy:
        listed = await (await client.get(_models(proxy))).json()
    assert {model["id"] for model in listed["data"]} == {IDS[0], IDS[2], "claude-mine"}


async def test_a_model_that_is_not_in_the_list_is_not_found(over_vertex: RunningProxy, client: ClientSession) -> None:
    answer = await client.get(_models(over_vertex, "/claude-nix"))
    assert (answer.status, (await answer.json())["error"]) == (
        404,
        {"type": "not_found_error", "message": "model: claude-nix"},
    )


async def test_a_vertex_ai_that_is_not_there_is_said_in_words(
    vertex: Vertex, client: ClientSession, tmp_path: Path, unused_tcp_port: int
) -> None:
    sections = {"vertex": {"base_url": f"http://127.0.0.1:{unused_tcp_port}"}}
    async with running(vertex, tmp_path, sections=sections) as proxy:
        answer = await client.get(_models(proxy))
        assert answer.status == 502
        assert "could not reach http://127.0.0.1" in (await answer.json())["error"]["message"]
