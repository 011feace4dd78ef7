"""What the store has of a mapped exchange is what the client and the provider themselves saw, byte for byte."""

import asyncio
import json
from decimal import Decimal
from urllib.parse import quote

import aiohttp
from openai import AsyncOpenAI
from yarl import URL

from candela_tui.exchange import Exchange
from candela_tui.network.header_fields import request_fields
from candela_tui.protocol.headers import header
from candela_tui.protocol.kind import Kind
from tests.proxy.running import RunningProxy
from tests.standin import error, message, text, usage
from tests.standin.bedrock import TEAM_PROFILE, Bedrock
from tests.standin.event_frames import METRICS
from tests.standin.vertex import Vertex

BODY = json.dumps(
    {
        "model": "claude-sonnet-4-5-20250929",
        "max_tokens": 64,
        "stream": True,
        "messages": [{"role": "user", "content": "naïve ☕ " * 2000}],
    },
    ensure_ascii=False,
).encode()


async def _ended(candela: RunningProxy) -> Exchange:
    """The exchange as the store has it, everything else forgotten."""
    exchange = await candela.exchange()
    await candela.stop(1)
    stored = await asyncio.to_thread(candela.reader.exchange, exchange.id)
    assert stored == exchange
    return stored


async def test_a_request_that_only_its_body_is_mapped_of(
    over_vertex: RunningProxy, vertex: Vertex, client: aiohttp.ClientSession
) -> None:
    vertex.answer(message(text("Once", " upon"), model="claude-sonnet-4-5-20250929", usage=usage(1_000_000)))
    url = f"{over_vertex.origin}/proxy/anthropic-vertex/v1/messages?beta=true"
    async with client.post(url, data=BODY, headers={"Accept-Encoding": "gzip"}) as answer:
        got = await answer.read()
    exchange = await _ended(over_vertex)
    reader, sent = over_vertex.reader, await vertex.prediction()
    assert reader.request_body(exchange.id) == BODY
    assert reader.provider_request_body(exchange.id) == sent.body != BODY
    assert reader.response_body(exchange.id) == reader.provider_response_body(exchange.id) == got == sent.sent
    assert reader.provider_response_chunks(exchange.id) == reader.response_chunks(exchange.id)
    shown = {name.lower(): value for name, value in exchange.provider_request_headers}
    crossed = {name.lower(): value for name, value in request_fields(list(sent.headers))}
    assert shown.pop("authorization") == "Bearer [redacted]"
    assert crossed.pop("authorization") == "Bearer ya29.stand-in-1"
    assert shown == crossed
    assert exchange.model_sent == "claude-sonnet-4-5@20250929"
    assert exchange.url == f"{vertex.url}{sent.path}"
    assert exchange.cost is not None
    # The global endpoint, a long prompt.
    assert exchange.cost.input == 6


async def test_a_request_that_was_refused_and_sent_again(
    over_vertex: RunningProxy, vertex: Vertex, client: aiohttp.ClientSession
) -> None:
    vertex.betas.discard("context-1m-2025-08-07")
    headers = {"anthropic-beta": "context-1m-2025-08-07"}
    url = f"{over_vertex.origin}/proxy/anthropic-vertex/v1/messages"
    async with client.post(url, data=BODY, headers=headers) as answer:
        assert answer.status == 200
        got = await answer.read()
    exchange = await _ended(over_vertex)
    first, second = vertex.predictions
    assert (first.header("anthropic-beta"), second.header("anthropic-beta")) == ("context-1m-2025-08-07", None)
    assert over_vertex.reader.provider_request_body(exchange.id) == second.body
    assert over_vertex.reader.provider_response_body(exchange.id) == got == second.sent
    assert {each.what for each in exchange.adaptations} == {"beta", "retry"}
    assert exchange.provider_status is None


async def test_an_error_in_the_providers_form_and_in_the_clients(
    over_vertex: RunningProxy, vertex: Vertex, client: aiohttp.ClientSession
) -> None:
    del vertex.models["claude-sonnet-4-5@20250929"]
    url = f"{over_vertex.origin}/proxy/anthropic-vertex/v1/messages"
    async with client.post(url, data=BODY) as answer:
        got = await answer.read()
    exchange = await _ended(over_vertex)
    reader, sent = over_vertex.reader, await vertex.prediction()
    assert reader.response_body(exchange.id) == got
    assert reader.provider_response_body(exchange.id) == sent.sent != got
    assert (exchange.status, exchange.provider_status) == (answer.status, 404)
    assert exchange.provider_response_headers
    assert exchange.error is not None
    assert exchange.error.message == json.loads(got)["error"]["message"]


async def test_a_chat_completion_whose_answer_is_translated_too(over_vertex: RunningProxy, vertex: Vertex) -> None:
    vertex.answer(message(text("Once", " upon"), usage=usage(12, read=1000), output_tokens=34))
    base = over_vertex.origin + "/proxy/anthropic/v1"
    async with AsyncOpenAI(api_key="sk-for-openai", base_url=base, max_retries=0) as sdk:
        asked = sdk.chat.completions.with_raw_response.create(
            model="claude-opus-4-8", messages=[{"role": "user", "content": "hi"}], stream=True, user="user-7"
        )
        got = (await asked).http_response
        crossed = await got.aread()
    exchange = await _ended(over_vertex)
    reader, sent = over_vertex.reader, await vertex.prediction()
    assert reader.provider_request_body(exchange.id) == sent.body
    assert reader.request_body(exchange.id) == got.request.content
    assert reader.provider_response_body(exchange.id) == sent.sent
    assert reader.response_body(exchange.id) == crossed
    assert b"chat.completion.chunk" in crossed
    assert (exchange.dialect, exchange.provider, exchange.session_id) == ("openai", "vertex", exchange.id)
    assert exchange.usage is not None
    assert (exchange.usage.cache_read_tokens, exchange.usage.output_tokens) == (1000, 34)
    assert exchange.cost is not None
    assert exchange.marks.first_token is not None
    assert not json.dumps(exchange.request_headers).count("sk-for-openai")


async def test_an_overloaded_provider_leaves_its_words_and_limits(
    over_vertex: RunningProxy, vertex: Vertex, client: aiohttp.ClientSession
) -> None:
    vertex.answer(error(529, "Overloaded", headers=[("retry-after", "7"), ("request-id", "req_v")]))
    url = f"{over_vertex.origin}/proxy/anthropic-vertex/v1/messages"
    async with client.post(url, data=BODY) as answer:
        assert answer.status == 529
    exchange = await _ended(over_vertex)
    assert (exchange.request_id, exchange.rate_limits) == ("req_v", (("retry-after", "7"),))


async def test_an_answer_that_came_in_amazons_frames(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: aiohttp.ClientSession
) -> None:
    bedrock.answer(message(text("Once", " upon"), model="claude-opus-4-8", usage=usage(12, read=1000)))
    body = BODY.replace(b"claude-sonnet-4-5-20250929", b"claude-opus-4-8")
    async with client.post(f"{over_bedrock.origin}/proxy/anthropic-bedrock/v1/messages", data=body) as answer:
        got = await answer.read()
    exchange = await _ended(over_bedrock)
    reader, sent = over_bedrock.reader, await bedrock.invocation()
    assert reader.request_body(exchange.id) == body
    assert reader.provider_request_body(exchange.id) == sent.body
    assert reader.response_body(exchange.id) == got
    assert reader.provider_response_body(exchange.id) == sent.sent
    assert b"event: message_stop" in got
    assert b"invocationMetrics" not in got
    assert (exchange.status, exchange.provider_status) == (200, 200)
    assert dict(exchange.provider_metrics)["firstByteLatency"] == str(METRICS["firstByteLatency"])
    assert exchange.request_id
    assert exchange.request_id == header(exchange.provider_response_headers, "x-amzn-requestid")
    assert (exchange.provider, exchange.region, exchange.model_sent) == (
        "bedrock",
        "us-east-1",
        "us.anthropic.claude-opus-4-8",
    )
    assert exchange.differences == ()
    assert exchange.cost is not None
    # The inference profile of a region: a tenth more than 12 x 5 + 1000 x 0.5 USD a million.
    assert exchange.cost.input + exchange.cost.cache_read == Decimal("0.000616")
    assert "Signature=" not in json.dumps(exchange.provider_request_headers)


async def test_bedrocks_own_calls_that_candela_signs(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: aiohttp.ClientSession
) -> None:
    body = json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": [], "top_k": 1}).encode()
    bedrock.answer(message(text("Once"), model="claude-opus-4-8", usage=usage(12)))
    path = f"/model/{quote(TEAM_PROFILE, safe='')}/invoke-with-response-stream"
    async with client.post(URL(f"{over_bedrock.origin}/bedrock{path}", encoded=True), data=body) as answer:
        got = await answer.read()
    exchange = await _ended(over_bedrock)
    reader, sent = over_bedrock.reader, await bedrock.invocation()
    assert reader.request_body(exchange.id) == body == sent.body
    assert reader.response_body(exchange.id) == got == sent.sent
    assert reader.provider_request_body(exchange.id) is None
    assert (exchange.model, exchange.model_used, exchange.differences) == (TEAM_PROFILE, "claude-opus-4-8", ())
    assert (exchange.dialect, exchange.kind, exchange.streamed) == ("bedrock", Kind.MESSAGES, True)
    assert exchange.cost is not None
    assert ("Authorization", "AWS4-HMAC-SHA256 [redacted]") in exchange.provider_request_headers
