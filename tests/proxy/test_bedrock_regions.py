"""The inference profile that a request goes to, by its model and region, at a stand-in that has no others."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from aiohttp import ClientSession

from tests.proxy.running import running
from tests.standin.bedrock import Bedrock

# What ListInferenceProfiles gives in each region.
PROFILES = {
    "ap-northeast-1": {"jp.anthropic.claude-opus-5-5", "global.anthropic.claude-opus-5-5"}
    | {f"global.anthropic.claude-{name}" for name in ("fable-5", "fable-5-1", "opus-5", "sonnet-5-5")},
    "ap-southeast-2": {"au.anthropic.claude-opus-5-5", "global.anthropic.claude-fable-5-1"},
    "ap-northeast-2": {"global.anthropic.claude-opus-5-5"},
    "ca-central-1": {"us.anthropic.claude-opus-5-5", "global.anthropic.claude-opus-5-5"},
    "us-gov-west-1": {f"us-gov.anthropic.claude-{name}" for name in ("opus-4-8", "opus-5-5", "fable-5-1")},
    "eu-central-1": {"eu.anthropic.claude-opus-4-5-20251101-v1:0", "global.anthropic.claude-fable-5-1"},
}


async def ask(
    bedrock: Bedrock, client: ClientSession, data: Path, region: str, model: str
) -> tuple[int, dict[str, Any]]:
    bedrock.region = region
    bedrock.only_profiles = PROFILES.get(region, set())
    bedrock.models |= {id.partition(".")[2] for id in bedrock.only_profiles}
    body = {"model": model, "max_tokens": 8, "messages": [{"role": "user", "content": "hi"}]}
    async with running(bedrock, data, sections={"aws": {"base_url": bedrock.url, "region": region}}) as proxy:
        url = f"{proxy.origin}/proxy/anthropic-bedrock/v1/messages"
        async with client.post(url, json=body) as answer:
            return answer.status, json.loads(await answer.read())


@pytest.mark.parametrize(
    ("region", "model", "profile"),
    [
        ("ap-northeast-1", "claude-opus-5-5", "jp"),
        ("ap-northeast-1", "claude-fable-5-1", "global"),
        ("ap-northeast-1", "claude-fable-5", "global"),
        ("ap-northeast-1", "claude-opus-5", "global"),
        ("ap-northeast-1", "claude-sonnet-5-5", "global"),
        ("ap-southeast-2", "claude-opus-5-5", "au"),
        ("ap-southeast-2", "claude-fable-5-1", "global"),
        ("ap-northeast-2", "claude-opus-5-5", "global"),
        ("ca-central-1", "claude-opus-5-5", "us"),
        ("us-gov-west-1", "claude-opus-4-8", "us-gov"),
        ("us-gov-west-1", "claude-fable-5-1", "us-gov"),
        ("eu-central-1", "claude-opus-4-5", "eu"),
        ("eu-central-1", "claude-fable-5-1", "global"),
    ],
)
async def test_a_model_is_called_by_a_profile_that_there_is(
    bedrock: Bedrock, client: ClientSession, tmp_path: Path, region: str, model: str, profile: str
) -> None:
    assert (await ask(bedrock, client, tmp_path, region, model))[0] == 200
    [sent] = bedrock.invocations
    assert unquote(sent.path).startswith(f"/model/{profile}.anthropic.{model}")


@pytest.mark.parametrize(
    ("region", "model", "example"),
    [
        ("us-gov-west-1", "claude-opus-4-5", "us-east-1"),
        ("us-gov-west-1", "claude-opus-4-6", "us-east-1"),
        ("us-gov-west-1", "claude-opus-4-7", "us-east-1"),
        ("us-gov-west-1", "claude-sonnet-4-6", "us-east-1"),
        ("us-gov-west-1", "claude-haiku-4-5", "us-east-1"),
        ("us-gov-west-1", "claude-fable-5", "us-east-1"),
        ("ap-northeast-2", "claude-mythos-preview", "us-east-1"),
        ("ap-northeast-1", "claude-opus-4-1", "us-east-1"),
        ("ap-southeast-2", "claude-opus-4-1", "us-east-1"),
        ("eu-central-1", "claude-opus-4-1", "us-east-1"),
    ],
)
async def test_a_model_without_a_profile_is_refused_before_anything_is_sent(
    bedrock: Bedrock, client: ClientSession, tmp_path: Path, region: str, model: str, example: str
) -> None:
    status, document = await ask(bedrock, client, tmp_path, region, model)
    assert (status, document["error"]["type"]) == (400, "invalid_request_error")
    for word in (region, model, example, "[aws] region", f'[models."{model}"] bedrock'):
        assert word in document["error"]["message"]
    assert bedrock.requests == []
