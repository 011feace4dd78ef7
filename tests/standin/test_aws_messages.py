"""The stand-ins for the Messages API at AWS take what the SDK sends and refuse the rest."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from anthropic import (
    APIStatusError,
    AsyncAnthropicAWS,
    AsyncAnthropicBedrockMantle,
    BadRequestError,
    NotFoundError,
    PermissionDeniedError,
)

from tests.standin.aws_messages import WORKSPACE, BedrockMessages, ClaudeAws, Mantle

ASKED: dict[str, Any] = {"max_tokens": 64, "messages": [{"role": "user", "content": "hi"}]}
OPUS = "anthropic.claude-opus-4-8"


@pytest.fixture
async def mantle() -> AsyncIterator[Mantle]:
    async with Mantle() as place:
        yield place


@pytest.fixture
async def claude_aws() -> AsyncIterator[ClaudeAws]:
    async with ClaudeAws() as place:
        yield place


def _keys(place: Mantle | ClaudeAws) -> dict[str, Any]:
    access_key, secret_key, token = place.issue()
    names = ("aws_access_key", "aws_secret_key", "aws_session_token")
    return {**dict(zip(names, (access_key, secret_key, token), strict=True)), "aws_region": place.region}


async def test_mantle_takes_the_sdks_signature_and_names_without_profile(mantle: Mantle) -> None:
    async with AsyncAnthropicBedrockMantle(base_url=mantle.base_url, max_retries=0, **_keys(mantle)) as sdk:
        answer = await sdk.messages.create(model=OPUS, **ASKED)
        assert answer.content[0].type == "text"
        counted = await sdk.messages.count_tokens(model=OPUS, messages=ASKED["messages"])
        assert counted.input_tokens == 2095
        for wrong in ("claude-opus-4-8", "us.anthropic.claude-opus-4-8", "anthropic.claude-haiku-4-5-20251001-v1:0"):
            with pytest.raises(NotFoundError):
                await sdk.messages.create(model=wrong, **ASKED)


async def test_mantle_takes_an_api_key_in_both_fields_and_no_other(mantle: Mantle) -> None:
    mantle.bearer_keys.add("bedrock-api-key-1")
    in_field = {"default_headers": {"x-api-key": "bedrock-api-key-1"}, "skip_auth": True}
    for given in ({"api_key": "bedrock-api-key-1"}, in_field):
        async with AsyncAnthropicBedrockMantle(base_url=mantle.base_url, max_retries=0, **given) as sdk:  # type: ignore[arg-type]
            assert (await sdk.messages.create(model=OPUS, **ASKED)).content
    async with AsyncAnthropicBedrockMantle(base_url=mantle.base_url, max_retries=0, api_key="candela") as sdk:
        with pytest.raises(PermissionDeniedError):
            await sdk.messages.create(model=OPUS, **ASKED)


async def test_a_signature_for_another_service_or_a_changed_body_is_refused(mantle: Mantle) -> None:
    async with BedrockMessages() as runtime:
        sdk = AsyncAnthropicBedrockMantle(base_url=runtime.base_url, max_retries=0, **_keys(runtime))
        async with sdk:
            with pytest.raises(APIStatusError, match="correct service: 'bedrock'"):
                await sdk.messages.create(model="us.anthropic.claude-opus-4-8", **ASKED)
    keys = _keys(mantle)
    mantle.expire_keys()
    async with AsyncAnthropicBedrockMantle(base_url=mantle.base_url, max_retries=0, **keys) as sdk:
        with pytest.raises(APIStatusError, match="expired"):
            await sdk.messages.create(model=OPUS, **ASKED)


async def test_claude_on_aws_requires_a_known_workspace(claude_aws: ClaudeAws) -> None:
    url, keys = claude_aws.base_url, _keys(claude_aws)
    async with AsyncAnthropicAWS(base_url=url, workspace_id=WORKSPACE, max_retries=0, **keys) as sdk:
        assert (await sdk.messages.create(model="claude-opus-4-8", **ASKED)).content
        assert (await sdk.messages.count_tokens(model="claude-opus-4-8", messages=ASKED["messages"])).input_tokens
        assert [model.id async for model in sdk.models.list()] == sorted(claude_aws.models)
    async with AsyncAnthropicAWS(base_url=url, workspace_id="wrkspc_other", max_retries=0, **keys) as sdk:
        with pytest.raises(NotFoundError):
            await sdk.messages.create(model="claude-opus-4-8", **ASKED)
    claude_aws.bearer_keys.add("aws-external-anthropic-api-key-1")
    async with AsyncAnthropicAWS(
        base_url=url, api_key="aws-external-anthropic-api-key-1", workspace_id=WORKSPACE, max_retries=0
    ) as sdk:
        assert (await sdk.messages.create(model="claude-opus-4-8", **ASKED)).content
    async with AsyncAnthropicAWS(base_url=url, skip_auth=True, max_retries=0, default_headers={}) as sdk:
        with pytest.raises(PermissionDeniedError):
            await sdk.messages.create(model="claude-opus-4-8", **ASKED)
    no_workspace = {"Authorization": "Bearer aws-external-anthropic-api-key-1"}
    async with AsyncAnthropicAWS(base_url=url, skip_auth=True, max_retries=0, default_headers=no_workspace) as sdk:
        with pytest.raises(BadRequestError, match="anthropic-workspace-id"):
            await sdk.messages.create(model="claude-opus-4-8", **ASKED)
