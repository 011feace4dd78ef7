"""Clients that speak Bedrock's invoke API themselves, through candela."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import boto3
import pytest
from aiohttp import ClientSession
from anthropic import AsyncAnthropic, AsyncAnthropicBedrock
from yarl import URL

from candela_tui.config import Settings
from candela_tui.exchange import Outcome
from candela_tui.providers.bedrock.credentials.aws import AwsCredentials
from candela_tui.providers.bedrock.native import BedrockNative
from candela_tui.providers.upstream import Attempt, ClientRequest
from tests.proxy.hints import HINTS
from tests.proxy.running import RunningProxy, running
from tests.standin import Gate, Provider, message, text, thinking, tool_use
from tests.standin.bedrock import TEAM_PROFILE, Bedrock
from tests.standin.event_frames import METRICS, chunk, corrupted

SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
SONNETS_PATH = f"/model/{SONNET.replace(':', '%3A')}"
BODY = (
    b'{ "anthropic_version":"bedrock-2023-05-31", "max_tokens": 64.0,"messages":[{"role":"user","content":"\\u00e9"}]}'
)
ASKED: dict[str, Any] = {"max_tokens": 64, "messages": [{"role": "user", "content": "hi"}]}


def _url(proxy: RunningProxy, path: str = f"{SONNETS_PATH}/invoke") -> URL:
    return URL(f"{proxy.origin}/bedrock{path}", encoded=True)


async def test_anthropics_bedrock_sdk_gets_the_message_of_the_direct_route(
    over_bedrock: RunningProxy, bedrock: Bedrock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    answer = message(thinking("hm"), text("Hel", "lo"), tool_use("Bash", {"command": "ls"}), ping=False)
    bedrock.answer(answer)
    sdk = AsyncAnthropicBedrock(
        base_url=f"{over_bedrock.origin}/bedrock",
        aws_region="eu-west-3",
        aws_access_key="any",
        aws_secret_key="thing",
        max_retries=0,
    )
    events = []
    async with sdk, await sdk.messages.create(model=SONNET, stream=True, **ASKED) as stream:
        async for event in stream:
            (event.__pydantic_extra__ or {}).pop("amazon-bedrock-invocationMetrics", None)
            events.append(event)
    async with Provider() as provider, running(provider, tmp_path_factory.mktemp("direct")) as direct:
        provider.answer(answer)
        sdk_ = AsyncAnthropic(base_url=direct.url, api_key="k")
        async with sdk_, await sdk_.messages.create(model="claude-sonnet-4-5", stream=True, **ASKED) as stream_:
            assert events == [event async for event in stream_]
    exchange = await over_bedrock.exchange()
    assert (exchange.provider, exchange.region, exchange.dialect, exchange.outcome) == (
        "bedrock",
        "us-east-1",
        "bedrock",
        Outcome.OK,
    )
    assert exchange.usage is not None
    assert exchange.usage.output_tokens == 15


@pytest.mark.parametrize("model", [SONNET, TEAM_PROFILE])
async def test_boto3_streams_by_ids_and_arns(over_bedrock: RunningProxy, bedrock: Bedrock, model: str) -> None:
    def streamed() -> list[Any]:
        client = boto3.client(
            "bedrock-runtime",
            endpoint_url=f"{over_bedrock.origin}/bedrock",
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="thing",
        )
        answer = client.invoke_model_with_response_stream(modelId=model, body=BODY)
        return [json.loads(event["chunk"]["bytes"]) for event in answer["body"]]

    events = await asyncio.to_thread(streamed)
    assert "".join(event["delta"].get("text", "") for event in events if "delta" in event) == "Hi there"
    assert events[-1]["amazon-bedrock-invocationMetrics"] == METRICS
    sent = await bedrock.invocation()
    assert sent.path == f"/model/{model.replace(':', '%3A').replace('/', '%2F')}/invoke-with-response-stream"


async def test_path_query_and_body_cross_byte_for_byte_under_candelas_signature(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    path = f"{SONNETS_PATH}/invoke-with-response-stream?x=%7E&y"
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=theirs/20260101/eu-west-3/bedrock/aws4_request, SignedHeaders=h",
        "X-Amz-Date": "20260101T000000Z",
        "X-Amz-Security-Token": "theirs",
        "X-Amz-Content-SHA256": "0" * 64,
        "X-Amzn-Bedrock-Trace": "ENABLED",
        "X-Own": "1",
        "x-api-key": "sk-ant-not-for-amazon",
        "Content-Type": "application/json",
        **HINTS,
    }
    answer = await client.post(_url(over_bedrock, path), data=BODY, headers=headers)
    assert answer.status == 200
    sent = await bedrock.invocation()
    assert (sent.target, sent.body) == (path, BODY)
    assert await answer.read() == sent.sent
    assert [sent.header(name) for name in ("X-Own", "X-Amzn-Bedrock-Trace", "x-api-key")] == ["1", "ENABLED", None]
    assert "theirs" not in str(sent.headers)
    assert not [name for name in HINTS if sent.header(name)]


async def test_a_corrupt_frame_crosses_as_it_came(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    broken = corrupted(chunk({"type": "ping"}))
    bedrock.answer(message(text("Hi")).but(steps=[broken]))
    answer = await client.post(_url(over_bedrock, f"{SONNETS_PATH}/invoke-with-response-stream"), data=BODY)
    assert await answer.read() == broken


async def test_an_api_key_of_bedrock_goes_on_as_the_clients_own(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    bedrock.bearer_keys = {"ABSKtheirs"}
    answer = await client.post(_url(over_bedrock), data=BODY, headers={"Authorization": "Bearer ABSKtheirs"})
    assert answer.status == 200
    assert bedrock.invocations[0].header("x-amz-date") is None
    answer = await client.post(_url(over_bedrock), data=BODY, headers={"Authorization": "Bearer sk-ant-for-anthropic"})
    assert answer.status == 200, "a token for Anthropic is no key of Bedrock's"
    assert "sk-ant" not in str(bedrock.invocations[1].headers)


async def test_refused_keys_of_candelas_are_renewed_and_the_request_sent_again(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    assert (await client.post(_url(over_bedrock), data=BODY)).status == 200
    bedrock.forget_keys()
    bedrock.put_keys()
    assert (await client.post(_url(over_bedrock), data=BODY)).status == 200
    assert (len(bedrock.invocations), bedrock.times_asked_for_keys) == (3, 2)


async def test_errors_pass_as_they_came(over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession) -> None:
    bedrock.answer(bedrock.throttled())
    answer = await client.post(_url(over_bedrock), data=BODY)
    assert (answer.status, await answer.read()) == (429, bedrock.invocations[0].sent)
    assert answer.headers["x-amzn-ErrorType"].startswith("ThrottlingException")
    exchange = await over_bedrock.exchange()
    assert exchange.error is not None
    assert exchange.error.message == "Too many requests, please wait before trying again."


async def test_the_client_finds_its_profiles_at_the_control_plane(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    path = "/inference-profiles?type=SYSTEM_DEFINED&nextToken=page%2F%2B%3D3"
    answer = await client.get(_url(over_bedrock, path))
    assert (answer.status, bedrock.requests[0].target) == (200, path)
    assert (await answer.json())["inferenceProfileSummaries"][0]["inferenceProfileId"].startswith("us.anthropic.")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/custom-models"),
        ("POST", "/inference-profiles"),
        ("DELETE", "/inference-profiles/abc123def456"),
        ("POST", "/model/../guardrails/x"),
        ("POST", "/model/%2E%2E/invoke"),
        ("POST", "/model/a%2f..%2F..%2fguardrails/invoke"),
    ],
)
async def test_nothing_else_at_amazon_is_reached_with_candelas_keys(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession, method: str, path: str
) -> None:
    assert (await client.request(method, _url(over_bedrock, path), data=b"{}")).status == 404
    assert not bedrock.requests


async def test_without_a_base_url_the_region_names_the_host(bedrock: Bedrock, tmp_path: Path) -> None:
    settings = Settings.model_validate({"aws": {"region": "eu-central-1"}})
    credentials = AwsCredentials(settings.aws)
    native = BedrockNative(settings, credentials)
    urls = []
    for method, path in (("POST", f"{SONNETS_PATH}/invoke"), ("GET", "/inference-profiles?type=APPLICATION")):
        attempt = await native.attempt(ClientRequest(method, path, [], b""))
        assert isinstance(attempt, Attempt)
        urls.append(attempt.request.url)
    await credentials.close()
    assert urls == [
        f"https://bedrock-runtime.eu-central-1.amazonaws.com{SONNETS_PATH}/invoke",
        "https://bedrock.eu-central-1.amazonaws.com/inference-profiles?type=APPLICATION",
    ]


async def test_a_client_that_leaves_ends_the_request_to_amazon(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    gate = Gate()
    bedrock.answer(message(text("Hel", gate, "lo")))
    answer = await client.post(_url(over_bedrock, f"{SONNETS_PATH}/invoke-with-response-stream"), data=BODY)
    assert isinstance(answer, aiohttp.ClientResponse)
    await gate.reached()
    answer.close()
    await bedrock.invocations[0].left()
    assert (await over_bedrock.exchange()).outcome == Outcome.CANCELLED
