"""What arrives at a provider of the credentials that a client sends, on every route. Which forms belong to whom is in
tests/credentials/test_owner.py."""

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from anthropic import AsyncAnthropicBedrock, AsyncAnthropicVertex

from candela_tui.providers.anthropic.upstream import Direct
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply
from tests.proxy.running import BODY, RunningProxy
from tests.standin import Provider, ReceivedRequest
from tests.standin.bedrock import Bedrock
from tests.standin.vertex import Vertex

ANTHROPICS, GOOGLES, AMAZONS = "sk-ant-oat01-0a1B2c3D", "ya29.a0AeXample_0a1B2c3D", "ABSKQmVkcm9ja0FQSUtleQ=="
SIGNATURE = "AWS4-HMAC-SHA256 Credential=AKIA/20261128/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=ab"
MESSAGES: dict[str, Any] = {"max_tokens": 64, "messages": [{"role": "user", "content": "hi"}]}
CHAT = json.dumps({"model": "claude-opus-4-8", "messages": MESSAGES["messages"]}).encode()
VERTEX_BODY = json.dumps({"anthropic_version": "vertex-2023-10-16", **MESSAGES}).encode()
BEDROCK_BODY = json.dumps({"anthropic_version": "bedrock-2023-05-31", **MESSAGES}).encode()
RAW_PREDICT = "/vertex/v1/projects/test-project/locations/global/publishers/anthropic/models/claude-opus-4-8:rawPredict"
INVOKE = "/bedrock/model/us.anthropic.claude-opus-4-8/invoke"
ALL_AT_ONCE = {
    "Authorization": f"Bearer {ANTHROPICS}",
    "x-api-key": ANTHROPICS,
    "api-key": AMAZONS,
    "X-Goog-Api-Key": "x",
}


def given_to(request: ReceivedRequest) -> dict[str, str]:
    """The credentials that a provider got, by the field's name in lower case."""
    fields = {"authorization", "x-api-key", "api-key", "x-goog-api-key", "x-amz-security-token"}
    return {name.lower(): value for name, value in request.headers if name.lower() in fields}


async def ask(
    client: aiohttp.ClientSession, proxy: RunningProxy, path: str, body: bytes, headers: dict[str, str]
) -> int:
    async with client.post(proxy.origin + path, data=body, headers=headers) as answer:
        await answer.read()
        return answer.status


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {ANTHROPICS}"},
        {"authorization": f"bearer {ANTHROPICS}", "x-api-key": ANTHROPICS},
        {"Authorization": "Bearer candela"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {AMAZONS}"},
        {"Authorization": SIGNATURE, "X-Amz-Security-Token": "theirs"},
        {"x-api-key": "candela"},
        {},
    ],
    ids=str,
)
async def test_google_gets_candelas_token_instead_of_what_is_not_for_it(
    over_vertex: RunningProxy, vertex: Vertex, client: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    assert await ask(client, over_vertex, RAW_PREDICT, VERTEX_BODY, headers) == 200
    assert given_to(vertex.predictions[0]) == {"authorization": "Bearer ya29.stand-in-1"}


@pytest.mark.parametrize("own", [GOOGLES, "of-a-gateway"])
async def test_google_gets_a_clients_own_token_alone(
    over_vertex: RunningProxy, vertex: Vertex, client: aiohttp.ClientSession, own: str
) -> None:
    headers = {"Authorization": f"Bearer {vertex.issue(own)}", "x-api-key": ANTHROPICS}
    assert await ask(client, over_vertex, RAW_PREDICT, VERTEX_BODY, headers) == 200
    assert given_to(vertex.predictions[0]) == {"authorization": f"Bearer {own}"}
    assert vertex.tokens_issued == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {ANTHROPICS}"},
        {"Authorization": "Bearer candela", "x-api-key": ANTHROPICS},
        {"Authorization": "BEARER candela"},
        {"Authorization": f"Bearer {GOOGLES}"},
        {"Authorization": SIGNATURE, "X-Amz-Security-Token": "theirs"},
        {"x-api-key": "candela"},
        {},
    ],
    ids=str,
)
async def test_amazon_gets_candelas_signature_instead_of_what_is_not_for_it(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    assert await ask(client, over_bedrock, INVOKE, BEDROCK_BODY, headers) == 200
    got = given_to(bedrock.invocations[0])
    assert got["authorization"].startswith("AWS4-HMAC-SHA256 Credential=ASIASTANDIN")
    assert got["x-amz-security-token"] != "theirs"
    assert set(got) == {"authorization", "x-amz-security-token"}


@pytest.mark.parametrize("own", [AMAZONS, "bedrock-api-key-YmVkcm9jaw==", "of-a-gateway"])
async def test_amazon_gets_a_clients_own_key_alone(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: aiohttp.ClientSession, own: str
) -> None:
    bedrock.bearer_keys = {own}
    headers = {"Authorization": f"Bearer {own}", "x-api-key": ANTHROPICS, "X-Amz-Date": "20261128T000000Z"}
    assert await ask(client, over_bedrock, INVOKE, BEDROCK_BODY, headers) == 200
    assert given_to(bedrock.invocations[0]) == {"authorization": f"Bearer {own}"}
    assert bedrock.times_asked_for_keys == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/proxy/anthropic-vertex/v1/messages", BODY),
        ("/proxy/anthropic/v1/messages", BODY),
        ("/proxy/anthropic/v1/chat/completions", CHAT),
    ],
)
async def test_of_a_mapped_request_google_gets_no_credential_of_the_clients(
    over_vertex: RunningProxy, vertex: Vertex, client: aiohttp.ClientSession, path: str, body: bytes
) -> None:
    for headers in (ALL_AT_ONCE, {"Authorization": f"Bearer {GOOGLES}"}):
        assert await ask(client, over_vertex, path, body, headers) == 200
    assert [given_to(sent) for sent in vertex.predictions] == [{"authorization": "Bearer ya29.stand-in-1"}] * 2


async def test_of_a_mapped_request_amazon_gets_no_credential_of_the_clients(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: aiohttp.ClientSession
) -> None:
    for headers in (ALL_AT_ONCE, {"Authorization": f"Bearer {AMAZONS}"}):
        assert await ask(client, over_bedrock, "/proxy/anthropic-bedrock/v1/messages", BODY, headers) == 200
    for sent in bedrock.invocations:
        assert set(given_to(sent)) == {"authorization", "x-amz-security-token"}
        assert given_to(sent)["authorization"].startswith("AWS4-HMAC-SHA256 ")


async def test_a_gateway_in_anthropics_place_gets_what_the_client_sends(
    provider: Provider, candela: RunningProxy, client: aiohttp.ClientSession
) -> None:
    for headers in (ALL_AT_ONCE, {"Authorization": f"Bearer {GOOGLES}", "x-api-key": "candela"}):
        assert await ask(client, candela, "/proxy/anthropic-direct/v1/messages", BODY, headers) == 200
    first, second = (given_to(sent) for sent in provider.requests)
    assert first == {name.lower(): value for name, value in ALL_AT_ONCE.items()}
    assert second == {"authorization": f"Bearer {GOOGLES}"}


async def direct(headers: dict[str, str]) -> Attempt | Reply:
    upstream = Direct("https://api.anthropic.com", None)
    return await upstream.attempt(ClientRequest("POST", "/v1/messages", list(headers.items()), b"{}"))


@pytest.mark.parametrize("theirs", [GOOGLES, AMAZONS, "skip-foundry-auth"])
async def test_anthropic_gets_no_credential_of_another_provider(theirs: str) -> None:
    both = await direct({"Authorization": f"Bearer {theirs}", "x-api-key": "sk-ant-api03-own"})
    assert isinstance(both, Attempt)
    assert both.request.headers == [("x-api-key", "sk-ant-api03-own")]
    alone = await direct({"x-api-key": theirs, "X-Other": "1"})
    assert isinstance(alone, Reply)
    assert (alone.status, b"candela auth login" in alone.body) == (401, True)


async def test_anthropic_gets_a_clients_own_login_and_a_key_of_unknown_form() -> None:
    for value in (f"Bearer {ANTHROPICS}", "Bearer own"):
        step = await direct({"Authorization": value, "X-Other": "1"})
        assert isinstance(step, Attempt)
        assert step.request.headers == [("Authorization", value), ("X-Other", "1")]
        assert not step.own_credentials


@pytest.mark.parametrize("token", ["candela", ANTHROPICS])
async def test_anthropics_sdk_for_vertex_may_have_a_token_that_is_not_googles(
    over_vertex: RunningProxy, vertex: Vertex, token: str
) -> None:
    sdk = AsyncAnthropicVertex(
        base_url=f"{over_vertex.origin}/vertex/v1",
        region="global",
        project_id=vertex.project,
        access_token=token,
        max_retries=0,
    )
    async with sdk:
        assert (await sdk.messages.create(model="claude-opus-4-8", **MESSAGES)).content
        assert (await sdk.messages.count_tokens(model="claude-opus-4-8", messages=MESSAGES["messages"])).input_tokens
    assert {given_to(sent)["authorization"] for sent in vertex.predictions} == {"Bearer ya29.stand-in-1"}


@pytest.mark.parametrize("key", ["candela", ANTHROPICS, AMAZONS])
async def test_anthropics_sdk_for_bedrock_may_have_a_key_that_is_not_amazons(
    over_bedrock: RunningProxy, bedrock: Bedrock, key: str
) -> None:
    bedrock.bearer_keys = {AMAZONS}
    sdk = AsyncAnthropicBedrock(
        base_url=f"{over_bedrock.origin}/bedrock", aws_region="us-east-1", api_key=key, max_retries=0
    )
    async with sdk:
        assert (await sdk.messages.create(model="us.anthropic.claude-opus-4-8", **MESSAGES)).content
    got = given_to(bedrock.invocations[0])["authorization"]
    assert got == f"Bearer {AMAZONS}" if key == AMAZONS else got.startswith("AWS4-HMAC-SHA256 ")


@pytest.mark.parametrize("value", [f"Bearer {ANTHROPICS}", f"Bearer {GOOGLES}", AMAZONS])
async def test_a_credential_that_was_withheld_is_nowhere_in_the_records(
    over_vertex: RunningProxy, client: aiohttp.ClientSession, value: str, tmp_path: Path
) -> None:
    await ask(client, over_vertex, RAW_PREDICT, VERTEX_BODY, {"Authorization": value, "x-api-key": value})
    exchange = await over_vertex.exchange()
    secret = value.removeprefix("Bearer ")
    assert secret not in str(exchange.request_headers) + str(exchange.provider_request_headers)
    await over_vertex.stop(0)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path
