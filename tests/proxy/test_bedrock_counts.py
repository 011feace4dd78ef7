"""Tokens that bedrock-mantle counts, for models that bedrock-runtime does not count."""

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientResponse, ClientSession

from candela_tui.config import Settings
from candela_tui.credentials.sign_in.live_check import LiveCheck
from candela_tui.exchange import Outcome
from candela_tui.network.origins import Origins
from candela_tui.providers.attempts import Attempts
from candela_tui.providers.bedrock.credentials.aws import AwsCredentials
from candela_tui.providers.bedrock.upstream import Bedrock as BedrockUpstream
from candela_tui.providers.identity import Provider as ProviderId
from candela_tui.providers.refusal_memory import Refusals
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply
from tests.proxy.running import RunningProxy, running
from tests.standin.bedrock import Bedrock

PATH = "/proxy/anthropic-bedrock/v1/messages/count_tokens"
HI = [{"role": "user", "content": "hi"}]


async def _post(
    client: ClientSession, proxy: RunningProxy, headers: dict[str, str] | None = None, **body: Any
) -> ClientResponse:
    asked = {"model": "claude-opus-4-8", "messages": HI, **body}
    return await client.post(proxy.origin + PATH, data=json.dumps(asked), headers=headers)


OPUS_ARN = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3"


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("claude-opus-4-8", {}),
        ("claude-opus-4-8[1m]", {}),
        ("us.anthropic.claude-opus-4-8", {}),
        ("claude-opus-4-8", {"claude-opus-4-8": {"bedrock": OPUS_ARN}}),
        ("my-opus", {"my-opus": {"bedrock": "global.anthropic.claude-opus-4-8"}}),
    ],
    ids=["name", "suffix", "profile", "own ARN", "own name"],
)
async def test_a_model_with_cross_region_inference_only_is_counted_at_mantle(
    bedrock: Bedrock, client: ClientSession, tmp_path: Path, model: str, names: dict[str, Any]
) -> None:
    sections = {"aws": {"base_url": bedrock.url}, "models": names}
    messages = b'[{"role":"user","content":"\\u00e9 \xc3\xa9"}]'
    body = b'{"model":"%b","messages":%b,"context_management":{"edits":[]}}' % (model.encode(), messages)
    headers = {
        "anthropic-beta": "context-management-2025-06-27,prompt-caching-scope-2026-01-05",
        "x-api-key": "sk-ant-x",
    }
    async with running(bedrock, tmp_path, sections=sections) as proxy:
        answer = await client.post(f"{proxy.origin}{PATH}?beta=true", data=body, headers=headers)
        assert (answer.status, await answer.json()) == (200, {"input_tokens": 2096})
        exchange = await proxy.exchange()
    [sent] = bedrock.counts_at_mantle
    assert sent.json["model"] == "anthropic.claude-opus-4-8"
    assert messages in sent.body
    assert sent.header("anthropic-version") == "2023-06-01"
    assert sent.header("anthropic-beta") == "context-management-2025-06-27"
    assert sent.header("x-api-key") is None
    assert (exchange.provider, exchange.region, exchange.outcome) == ("bedrock", "us-east-1", Outcome.OK)


@pytest.mark.parametrize("why", ["no access", "no model"])
async def test_without_access_to_mantle_the_client_gets_an_estimate_if_it_takes_one(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession, why: str
) -> None:
    if why == "no access":
        bedrock.mantle_access = False
    else:
        bedrock.mantle_models = set()
    answer = await _post(client, over_bedrock)
    words = (await answer.json())["error"]["message"]
    assert answer.status == 400
    assert words.startswith(
        "User: arn" if why == "no access" else "The model 'anthropic.claude-opus-4-8' does not exist"
    )
    assert "x-candela-estimate: accept" in words
    answer = await _post(client, over_bedrock, {"x-candela-estimate": "accept"})
    assert (answer.status, answer.headers["x-candela-estimated"]) == (200, "true")


async def test_the_check_of_a_sign_in_only_warns_of_tokens_that_are_not_counted(
    over_bedrock: RunningProxy, bedrock: Bedrock
) -> None:
    bedrock.mantle_access = False
    bedrock.models = {"anthropic.claude-opus-4-8"}
    *_, last = [line async for line in LiveCheck(f"127.0.0.1:{over_bedrock.port}", ProviderId.BEDROCK).lines()]
    assert last.state == "warn"
    assert "does not count the tokens of claude-opus-4-8" in last.words


async def test_what_mantle_refuses_is_left_out_and_the_tokens_counted_again(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    bedrock.refused_fields = {"output_config"}
    answer = await _post(client, over_bedrock, output_config={"effort": "low"})
    assert answer.status == 200
    assert ["output_config" in sent.json for sent in bedrock.counts_at_mantle] == [True, False]


async def test_refused_keys_are_renewed_for_mantle_too(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    assert (await _post(client, over_bedrock)).status == 200
    bedrock.forget_keys()
    bedrock.put_keys()
    assert (await _post(client, over_bedrock)).status == 200
    assert len(bedrock.counts_at_mantle) == 3


RUNTIME = "https://bedrock-runtime.eu-west-1.amazonaws.com"
PRIVATE = "https://vpce-0a1b.bedrock-runtime.eu-west-1.vpce.amazonaws.com"
PUBLIC = "https://bedrock-mantle.eu-west-1.api.aws/anthropic/v1/messages/count_tokens"


@pytest.mark.parametrize(
    ("aws", "mantle", "url"),
    [
        ({}, {"base_url": f"{RUNTIME}/anthropic"}, PUBLIC),
        ({"base_url": PRIVATE}, {"region": "eu-west-1"}, PUBLIC),
        ({"base_url": PRIVATE}, {"base_url": "https://m.example/a"}, "https://m.example/a/v1/messages/count_tokens"),
        ({"base_url": PRIVATE}, {}, None),
        ({"base_url": PRIVATE}, {"base_url": f"{PRIVATE}/anthropic"}, None),
    ],
)
async def test_bedrock_runtime_is_not_asked_to_count_as_mantle_does(
    bedrock: Bedrock, aws: dict[str, str], mantle: dict[str, str], url: str | None
) -> None:
    settings = Settings.model_validate({"aws": {"region": "eu-west-1", **aws}, "mantle": mantle})
    step = await _count_step(settings, "claude-opus-5-5")
    if url is not None:
        assert isinstance(step, Attempt)
        assert step.request.url == url
    else:
        assert isinstance(step, Reply)
        assert b"[aws] base_url is bedrock-runtime: set [mantle] base_url or region." in step.body


async def _count_step(settings: Settings, model: str) -> Attempt | Reply:
    async with aiohttp.ClientSession() as session:
        upstream = BedrockUpstream(settings, AwsCredentials(settings.aws), Attempts(session, Origins(0)), Refusals())
        body = json.dumps({"model": model, "messages": HI}).encode()
        step = await upstream.attempt(ClientRequest("POST", "/v1/messages/count_tokens", [], body))
        await upstream.close()
        return step


@pytest.mark.parametrize(
    ("region", "mantle", "url"),
    [
        ("eu-west-1", {}, "https://bedrock-mantle.eu-west-1.api.aws/anthropic/v1/messages/count_tokens"),
        ("us-gov-west-1", {}, "https://bedrock-mantle.us-gov-west-1.api.aws/anthropic/v1/messages/count_tokens"),
        ("ca-central-1", {}, None),
        ("ap-northeast-2", {}, None),
        (
            "ap-northeast-2",
            {"region": "ap-northeast-1"},
            "https://bedrock-mantle.ap-northeast-1.api.aws/anthropic/v1/messages/count_tokens",
        ),
        (
            "ap-northeast-2",
            {"base_url": "https://mantle.example/anthropic"},
            "https://mantle.example/anthropic/v1/messages/count_tokens",
        ),
    ],
)
async def test_mantle_is_asked_in_the_region_if_the_region_has_it(
    bedrock: Bedrock, region: str, mantle: dict[str, str], url: str | None
) -> None:
    settings = Settings.model_validate({"aws": {"region": region}, "mantle": mantle})
    step = await _count_step(settings, "claude-opus-5-5")
    if url is not None:
        assert isinstance(step, Attempt)
        assert (step.request.url, step.region) == (url, mantle.get("region", region))
    else:
        assert isinstance(step, Reply)
        assert step.status == 400
        assert f"anthropic.claude-opus-5-5 at bedrock-mantle only, which {region} lacks".encode() in step.body
