"""What a broken provider, or a gateway before it, does on the routes to the clouds."""

import json
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession

from candela_tui.exchange import Outcome
from candela_tui.providers import attempts
from tests.proxy.running import RunningProxy
from tests.standin import CLOSE, STALL, Answer, json_answer, message, text, whole_message
from tests.standin.bedrock import Bedrock, in_frames
from tests.standin.vertex import Vertex

ASKED: dict[str, Any] = {
    "model": "claude-opus-4-8",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "hi"}],
}
MESSAGES, CHAT = "/v1/messages", "/v1/chat/completions"


async def _post(client: ClientSession, url: str, **body: Any) -> ClientResponse:
    headers = {"x-api-key": "sk-ant-for-anthropic-only"}
    return await client.post(url, data=json.dumps(ASKED | body), headers=headers, allow_redirects=False)


@pytest.mark.parametrize("ending", [CLOSE, STALL])
async def test_an_error_whose_words_do_not_come_is_still_that_error(
    over_bedrock: RunningProxy,
    bedrock: Bedrock,
    client: ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    ending: Any,
) -> None:
    monkeypatch.setattr(attempts, "_ERROR_BODY_S", 0.2)
    cut = Answer([b'{"message":"Too ma', ending], 429, framing="length", declared_length=500)
    bedrock.respond = lambda request: cut
    response = await _post(client, f"{over_bedrock.origin}/proxy/anthropic-bedrock{MESSAGES}")
    assert response.status == 429
    assert (await response.json())["error"]["type"] == "rate_limit_error"
    assert (await over_bedrock.exchange()).outcome is Outcome.ERROR


@pytest.mark.parametrize("status", [301, 307])
@pytest.mark.parametrize("route", ["anthropic-vertex", "anthropic"])
async def test_no_client_is_sent_elsewhere_with_the_key_that_it_has_for_anthropic(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession, status: int, route: str
) -> None:
    moved = Answer(
        [b"moved"],
        status,
        (("Location", "https://me:pw@login.example:8443/hotel/t0ken?token=1#token"),),
        framing="length",
    )
    vertex.answer(moved)
    path = CHAT if route == "anthropic" else MESSAGES
    response = await _post(client, f"{over_vertex.origin}/proxy/{route}{path}")
    assert (response.status, response.headers.get("Location")) == (502, None)
    words = (await response.json())["error"]["message"]
    assert "a redirect to https://login.example:8443, which" in words
    exchange = await over_vertex.exchange()
    assert (exchange.outcome, exchange.provider_status) == (Outcome.ERROR, status)
    assert exchange.error is not None
    assert exchange.error.message == words


async def test_a_compressed_event_stream_is_read_though_none_was_asked_for(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    compressed = in_frames(message(text("Hel", "lo"))).but(encoding="gzip")
    bedrock.respond = lambda request: compressed
    response = await _post(client, f"{over_bedrock.origin}/proxy/anthropic-bedrock{MESSAGES}", stream=True)
    assert "Content-Encoding" not in response.headers
    assert b"event: message_stop" in await response.read()
    exchange = await over_bedrock.exchange()
    assert (exchange.outcome, exchange.stop_reason) == (Outcome.OK, "end_turn")


async def test_a_compressed_message_is_read_though_none_was_asked_for(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    bedrock.answer(whole_message(text("Hello")).but(encoding="gzip"))
    response = await _post(client, f"{over_bedrock.origin}/proxy/anthropic-bedrock{MESSAGES}")
    assert (await response.json())["content"][0]["text"] == "Hello"


async def test_a_compressed_chat_is_read_though_none_was_asked_for(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    vertex.answer(message(text("Hello")).but(encoding="gzip"))
    response = await _post(client, f"{over_vertex.origin}/proxy/anthropic{CHAT}", stream=True)
    assert b'"content":"Hello"' in await response.read()


async def test_a_compressed_refusal_is_read(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    bedrock.respond = lambda request: json_answer({"message": "So it is."}, 400).but(encoding="gzip")
    response = await _post(client, f"{over_bedrock.origin}/proxy/anthropic-bedrock{MESSAGES}")
    assert (await response.json())["error"]["message"] == "So it is."


async def test_a_count_of_tokens_without_end_is_not_collected(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    bedrock.respond = lambda request: Answer([b"x" * 100_000, STALL], headers=(("Content-Type", "application/json"),))
    response = await _post(client, f"{over_bedrock.origin}/proxy/anthropic-bedrock{MESSAGES}/count_tokens")
    assert await response.read()
    await (await bedrock.request(0)).left()


async def test_a_list_of_models_without_end_is_not_collected(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    usual, endless = vertex.respond, Answer([b"x" * 2**20] * 8 + [STALL])
    assert usual is not None
    vertex.respond = lambda request: endless if "models?" in request.target else usual(request)
    response = await client.get(f"{over_vertex.origin}/proxy/anthropic-vertex/v1/models")
    assert response.status == 502
    assert "without a list" in (await response.json())["error"]["message"]
