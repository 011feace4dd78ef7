"""Clients that speak Vertex rawPredict themselves, through candela."""

import json
from typing import Any

import pytest
from aiohttp import ClientSession
from anthropic import AsyncAnthropic, AsyncAnthropicVertex
from yarl import URL

from candela_tui.exchange import Outcome
from candela_tui.providers.vertex.endpoint import vertex_endpoint
from tests.proxy.hints import HINTS
from tests.proxy.running import RunningProxy, running
from tests.standin import CLOSE, Gate, Provider, message, text, thinking, tool_use
from tests.standin.vertex import Vertex

PLACE = "/projects/test-project/locations/us/publishers/anthropic/models"
BODY = (
    b'{ "anthropic_version":"vertex-2023-10-16", "max_tokens": 64.0,"messages":[{"role":"user","content":"\\u00e9"}]}'
)
ASKED: dict[str, Any] = {
    "model": "claude-opus-4-8",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "hi"}],
}


def _url(proxy: RunningProxy, path: str = f"{PLACE}/claude-opus-4-8:rawPredict") -> URL:
    return URL(f"{proxy.origin}/vertex/v1{path}", encoded=True)


async def test_the_sdk_with_its_own_token_gets_the_message_of_the_direct_route(
    over_vertex: RunningProxy, vertex: Vertex, tmp_path_factory: pytest.TempPathFactory
) -> None:
    answer = message(thinking("hm"), text("Hel", "lo"), tool_use("Bash", {"command": "ls"}))
    vertex.answer(answer)
    sdk = AsyncAnthropicVertex(
        base_url=f"{over_vertex.origin}/vertex/v1",
        region="us",
        project_id=vertex.project,
        access_token=vertex.issue("mine"),
        max_retries=0,
    )
    async with sdk, sdk.messages.stream(**ASKED) as stream:
        over_vertex_ = await stream.get_final_message()
    async with Provider() as provider, running(provider, tmp_path_factory.mktemp("direct")) as direct:
        provider.answer(answer)
        async with AsyncAnthropic(base_url=direct.url, api_key="k") as sdk_, sdk_.messages.stream(**ASKED) as stream_:
            assert over_vertex_ == await stream_.get_final_message()
    assert vertex.tokens_issued == 0
    assert vertex.predictions[0].header("authorization") == "Bearer mine"
    exchange = await over_vertex.exchange()
    assert (exchange.provider, exchange.region, exchange.dialect) == ("vertex", "us", "vertex")


@pytest.mark.parametrize("model", ["claude-sonnet-4-5@20250929", "claude-sonnet-4-5%4020250929"])
async def test_path_and_body_cross_byte_for_byte_with_candelas_token(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession, model: str
) -> None:
    path = f"{PLACE.replace('/us/', '/us-east5/')}/{model}:streamRawPredict?alt=sse&x=%7E"
    headers = {"anthropic-beta": "context-1m-2025-08-07", "X-Own": "1", "x-api-key": "sk-ant-not-for-google", **HINTS}
    answer = await client.post(_url(over_vertex, path), data=BODY, headers=headers)
    assert answer.status == 200
    sent = await vertex.prediction()
    assert (sent.target, sent.body) == (f"/v1{path}", BODY)
    assert await answer.read() == sent.sent
    assert [sent.header(name) for name in ("anthropic-beta", "X-Own")] == ["context-1m-2025-08-07", "1"]
    assert sent.header("authorization") == "Bearer ya29.stand-in-1"
    assert sent.header("x-api-key") is None
    assert not [name for name in HINTS if sent.header(name)]


async def test_a_refused_token_of_candelas_is_renewed_and_the_request_sent_again(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    assert (await client.post(_url(over_vertex), data=BODY)).status == 200
    vertex.revoke_tokens()
    assert (await client.post(_url(over_vertex), data=BODY)).status == 200
    assert (len(vertex.predictions), vertex.tokens_issued) == (3, 2)


async def test_a_second_refusal_is_the_clients_in_googles_own_bytes(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    vertex.tokens_are_dead = True
    answer = await client.post(_url(over_vertex), data=BODY)
    assert (answer.status, await answer.read()) == (401, vertex.predictions[1].sent)
    assert len(vertex.predictions) == 2


async def test_a_refused_token_of_the_clients_own_is_its_own_business(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    answer = await client.post(_url(over_vertex), data=BODY, headers={"Authorization": "Bearer old"})
    assert (answer.status, await answer.read()) == (401, vertex.predictions[0].sent)
    assert (len(vertex.predictions), vertex.tokens_issued) == (1, 0)


async def test_errors_of_google_pass_as_they_come(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    vertex.as_list = True
    vertex.answer(vertex.throttled())
    answer = await client.post(_url(over_vertex), data=BODY)
    assert (answer.status, await answer.read()) == (429, vertex.predictions[0].sent)
    assert json.loads(vertex.predictions[0].sent)[0]["error"]["status"] == "RESOURCE_EXHAUSTED"


async def test_a_stream_crosses_as_it_comes_and_breaks_off_as_it_does(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    gate = Gate()
    vertex.answer(message(text("Hel", gate, "lo", CLOSE)))
    answer = await client.post(_url(over_vertex), data=BODY)
    await gate.reached()
    sent = await vertex.prediction()
    received = b""
    while len(received) < len(sent.sent):
        received += await answer.content.readany()
    assert b"Hel" in received
    gate.open()
    with pytest.raises(Exception, match=r"(?i)payload|closed|disconnected"):
        await answer.content.read()
    assert (await over_vertex.exchange()).outcome is Outcome.CUT


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/publishers/anthropic/models",
        "/projects/test-project",
        "/projects/p/locations/evil.example%2F/publishers/anthropic/models/m:rawPredict",
        "/projects/p/locations/evil.example@x/publishers/anthropic/models/m:rawPredict",
        "/projects/p/locations/global/../../../secretmanager",
        "/projects/p/locations/global/%2e%2E/secrets",
        "/projects/p/locations/global/..%2F..%2F..%2Fsecrets",
        "/projects/p/locations/global/x\\..\\..\\..\\secrets",
        "//projects/p/locations/global/x",
    ],
)
async def test_no_other_place_gets_candelas_token(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession, path: str
) -> None:
    answer = await client.post(_url(over_vertex, path), data=BODY)
    assert answer.status in (400, 404)
    assert (await answer.json())["error"]["message"]
    assert vertex.requests == []


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("global", "aiplatform.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
        ("us-east5", "us-east5-aiplatform.googleapis.com"),
    ],
)
def test_each_location_has_its_host(location: str, host: str) -> None:
    assert vertex_endpoint(location) == f"https://{host}"


@pytest.mark.parametrize("location", ["", "evil.example/", "a@b", "US", "us-", "global\n"])
def test_what_is_no_location_never_becomes_a_host(location: str) -> None:
    with pytest.raises(ValueError, match="is no location of Vertex AI"):
        vertex_endpoint(location)
