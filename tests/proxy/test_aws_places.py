"""The Messages API at AWS, through candela: Bedrock's own endpoint, and Claude Platform on AWS."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from aiohttp import ClientSession
from anthropic import AnthropicAWS, AnthropicBedrockMantle, AsyncAnthropicBedrockMantle
from yarl import URL

from candela_tui.config import MantleSettings, change_setting
from candela_tui.credentials.sign_in.live_check import LiveCheck
from candela_tui.exchange import Outcome
from candela_tui.providers.identity import Provider
from candela_tui.providers.mantle.upstreams import endpoint_url, is_runtime
from tests.proxy.hints import HINTS
from tests.proxy.running import RunningProxy, running
from tests.standin import message, text
from tests.standin.aws_messages import WORKSPACE, AwsMessages, BedrockMessages, ClaudeAws, Mantle

OPUS_AT_MANTLE = "anthropic.claude-opus-4-8"
OPUS = "claude-opus-4-8"
ASKED: dict[str, Any] = {"max_tokens": 64, "messages": [{"role": "user", "content": "hi"}]}
COST_AT_ANTHROPIC = Decimal("0.029363")
"""Of the usual answer of the stand-ins."""
HEADERS = {"anthropic-version": "2023-06-01", "Content-Type": "application/json"}


@pytest.fixture
async def over_mantle(mantle: Mantle, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    async with running(mantle, tmp_path, sections={"mantle": {"base_url": mantle.base_url}}) as proxy:
        yield proxy


@pytest.fixture
async def over_claude_aws(claude_aws: ClaudeAws, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    sections = {"claude_aws": {"base_url": claude_aws.base_url, "workspace": WORKSPACE}}
    async with running(claude_aws, tmp_path, sections=sections) as proxy:
        yield proxy


def _body(model: str, **more: Any) -> bytes:
    return json.dumps({"model": model, **ASKED, **more}).encode()


def _use(client: Any, model: str) -> tuple[str, str, int]:
    """What the SDK hears: a whole answer, a stream, and a count."""
    with client:
        whole = client.messages.create(model=model, **ASKED)
        with client.messages.stream(model=model, **ASKED) as stream:
            streamed = stream.get_final_text()
        counted = client.messages.count_tokens(model=model, messages=ASKED["messages"])
        return whole.content[0].text, streamed, counted.input_tokens


async def test_the_sdk_for_mantle_is_served_under_candelas_signature(
    over_mantle: RunningProxy, mantle: Mantle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "sk-ant-oat01-not-for-amazon")
    sdk = AnthropicBedrockMantle(
        base_url=f"{over_mantle.origin}/proxy/anthropic-mantle",
        aws_region="eu-west-3",
        aws_access_key="their",
        aws_secret_key="own",
        max_retries=0,
    )
    heard = await asyncio.to_thread(_use, sdk, OPUS_AT_MANTLE)
    assert heard == ("Hi there", "Hi there", 2095)
    assert {request.path for request in mantle.requests} == {
        "/anthropic/v1/messages",
        "/anthropic/v1/messages/count_tokens",
    }
    exchange = (await over_mantle.ended(3))[0]
    assert (exchange.provider, exchange.region, exchange.dialect, exchange.outcome, exchange.model) == (
        "mantle",
        "us-east-1",
        "messages",
        Outcome.OK,
        OPUS_AT_MANTLE,
    )


async def test_the_sdk_for_claude_on_aws_is_served_in_its_workspace(
    over_claude_aws: RunningProxy, claude_aws: ClaudeAws
) -> None:
    sdk = AnthropicAWS(
        base_url=f"{over_claude_aws.origin}/proxy/claude-aws",
        aws_region="eu-west-3",
        aws_access_key="their",
        aws_secret_key="own",
        workspace_id="wrkspc_02Other",
        max_retries=0,
    )
    claude_aws.workspaces.add("wrkspc_02Other")
    assert await asyncio.to_thread(_use, sdk, OPUS) == ("Hi there", "Hi there", 2095)
    assert {request.header("anthropic-workspace-id") for request in claude_aws.requests} == {"wrkspc_02Other"}
    exchange = (await over_claude_aws.ended(3))[0]
    assert (exchange.provider, exchange.region, exchange.outcome) == ("claude_aws", "us-east-1", Outcome.OK)


async def test_bytes_and_fields_cross_unchanged_and_credentials_for_others_do_not(
    over_mantle: RunningProxy, mantle: Mantle, client: ClientSession
) -> None:
    body = b'{ "model":"anthropic.claude-opus-4-8", "max_tokens": 64.0, "user_profile_id":"u1",' + (
        b'"messages":[{"role":"user","content":"\\u00e9"},{"role":"system","content":"be brief"}]}'
    )
    headers = {
        **HEADERS,
        "Authorization": "Bearer sk-ant-oat01-not-for-amazon",
        "x-api-key": "candela",
        "X-Amz-Date": "20260101T000000Z",
        "anthropic-beta": "effort-2025-11-24",
        "X-Own": "1",
        **HINTS,
    }
    url = f"{over_mantle.origin}/proxy/anthropic-mantle/v1/messages?beta=true"
    answer = await client.post(url, data=body, headers=headers)
    assert answer.status == 200
    sent = await mantle.messages_request()
    assert (sent.target, sent.body) == ("/anthropic/v1/messages?beta=true", body)
    assert await answer.read() == sent.sent
    assert [sent.header(name) for name in ("anthropic-beta", "X-Own", "x-api-key")] == ["effort-2025-11-24", "1", None]
    assert "not-for-amazon" not in str(sent.headers)
    assert not [name for name in HINTS if sent.header(name)]


@pytest.mark.parametrize("form", ["messages", "aws"])
async def test_keys_that_expired_are_renewed_once(
    over_mantle: RunningProxy, mantle: Mantle, client: ClientSession, form: Literal["messages", "aws"]
) -> None:
    mantle.form = form
    url = f"{over_mantle.origin}/proxy/anthropic-mantle/v1/messages"
    assert (await client.post(url, data=_body(OPUS_AT_MANTLE), headers=HEADERS)).status == 200
    mantle.expire_keys()
    mantle.put_keys()
    assert (await client.post(url, data=_body(OPUS_AT_MANTLE), headers=HEADERS)).status == 200
    assert (len(mantle.messages), mantle.times_asked_for_keys) == (3, 2)
    mantle.expire_keys()
    answer = await client.post(url, data=_body(OPUS_AT_MANTLE), headers=HEADERS)
    said = (await answer.json())["error"]["message"]
    assert answer.status == 401
    assert said.startswith("The security token included in the request is expired")
    assert "the keys of the profile default" in said


async def test_a_wrong_clock_is_told_as_aws_tells_it(
    over_mantle: RunningProxy, mantle: Mantle, client: ClientSession
) -> None:
    mantle.clock_ahead = timedelta(hours=1)
    url = f"{over_mantle.origin}/proxy/anthropic-mantle/v1/messages"
    answer = await client.post(url, data=_body(OPUS_AT_MANTLE), headers=HEADERS)
    assert "Signature expired" in (await answer.json())["error"]["message"]
    assert (len(mantle.messages), mantle.times_asked_for_keys) == (1, 1)


async def test_an_api_key_of_bedrock_serves_mantle_but_not_claude_on_aws(
    mantle: Mantle, claude_aws: ClaudeAws, tmp_path: Path, client: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-1")
    mantle.bearer_keys.add("bedrock-api-key-1")
    sections = {
        "mantle": {"base_url": mantle.base_url},
        "claude_aws": {"base_url": claude_aws.base_url, "workspace": WORKSPACE},
    }
    async with running(mantle, tmp_path, sections=sections) as proxy:
        for route, model in (("anthropic-mantle", OPUS_AT_MANTLE), ("claude-aws", OPUS)):
            url = f"{proxy.origin}/proxy/{route}/v1/messages"
            assert (await client.post(url, data=_body(model), headers=HEADERS)).status == 200
    assert mantle.messages[0].header("authorization") == "Bearer bedrock-api-key-1"
    assert (claude_aws.messages[0].header("authorization") or "").startswith("AWS4-HMAC-SHA256")


async def test_a_command_may_print_the_api_key_of_bedrock(
    mantle: Mantle, tmp_path: Path, client: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-of-the-environment")
    mantle.bearer_keys.add("bedrock-api-key-1")
    (tmp_path / "key").write_text("bedrock-api-key-1")
    section = {"base_url": mantle.base_url, "key_command": f"cat {tmp_path / 'key'}"}
    async with running(mantle, tmp_path, sections={"mantle": section}) as proxy:
        url = f"{proxy.origin}/proxy/anthropic-mantle/v1/messages"
        assert (await client.post(url, data=_body(OPUS_AT_MANTLE), headers=HEADERS)).status == 200
        mantle.bearer_keys = {"bedrock-api-key-2"}
        (tmp_path / "key").write_text("bedrock-api-key-2")
        assert (await client.post(url, data=_body(OPUS_AT_MANTLE), headers=HEADERS)).status == 200
    assert len(mantle.messages) == 3


@pytest.mark.parametrize("by", ["variable", "command"])
async def test_an_api_key_of_the_workspace_goes_before_aws_keys_and_is_renewed_by_its_command(
    claude_aws: ClaudeAws, tmp_path: Path, client: ClientSession, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    key, section = "aws-external-anthropic-api-key-1", {"base_url": claude_aws.base_url, "workspace": WORKSPACE}
    claude_aws.bearer_keys.add(key)
    (tmp_path / "key").write_text(key)
    if by == "command":
        section["key_command"] = f"cat {tmp_path / 'key'}"
    else:
        monkeypatch.setenv("ANTHROPIC_AWS_API_KEY", key)
    async with running(claude_aws, tmp_path, sections={"claude_aws": section}) as proxy:
        url = f"{proxy.origin}/proxy/claude-aws/v1/messages"
        assert (await client.post(url, data=_body(OPUS), headers=HEADERS)).status == 200
        claude_aws.bearer_keys = {"aws-external-anthropic-api-key-2"}
        (tmp_path / "key").write_text("aws-external-anthropic-api-key-2")
        answer = await client.post(url, data=_body(OPUS), headers=HEADERS)
    assert claude_aws.messages[0].header("authorization") == f"Bearer {key}"
    assert answer.status == (200 if by == "command" else 401)
    if by == "variable":
        assert "refused the API key in ANTHROPIC_AWS_API_KEY: set it" in (await answer.json())["error"]["message"]


async def test_without_a_workspace_the_client_is_told_where_to_set_it(
    claude_aws: ClaudeAws, tmp_path: Path, client: ClientSession
) -> None:
    async with running(claude_aws, tmp_path, sections={"claude_aws": {"base_url": claude_aws.base_url}}) as proxy:
        url = f"{proxy.origin}/proxy/claude-aws/v1/messages"
        answer = await client.post(url, data=_body(OPUS), headers=HEADERS)
        assert (answer.status, claude_aws.requests) == (400, [])
        assert "[claude_aws] workspace" in (await answer.json())["error"]["message"]
        empty = {**HEADERS, "anthropic-workspace-id": ""}
        assert (await client.post(url, data=_body(OPUS), headers=empty)).status == 400
        own = {**HEADERS, "anthropic-workspace-id": WORKSPACE}
        assert (await client.post(url, data=_body(OPUS), headers=own)).status == 200


async def test_an_empty_workspace_of_the_client_is_filled_in(
    over_claude_aws: RunningProxy, claude_aws: ClaudeAws, client: ClientSession
) -> None:
    url = f"{over_claude_aws.origin}/proxy/claude-aws/v1/messages"
    empty = {**HEADERS, "Anthropic-Workspace-Id": " "}
    assert (await client.post(url, data=_body(OPUS), headers=empty)).status == 200
    assert claude_aws.messages[0].header("anthropic-workspace-id") == WORKSPACE


@pytest.mark.parametrize(
    "path", ["/v2/messages", "/v1/../v2", "/openai/v1/responses", "/v1/%2e%2e/x", "/v1/%252e.%25252Fx"]
)
async def test_candelas_keys_open_nothing_but_the_messages_api(
    over_mantle: RunningProxy, mantle: Mantle, client: ClientSession, path: str
) -> None:
    url = URL(f"{over_mantle.origin}/proxy/anthropic-mantle{path}", encoded=True)
    assert (await client.post(url, data=_body(OPUS_AT_MANTLE), headers=HEADERS)).status == 404
    assert mantle.requests == []


async def test_the_query_of_a_path_may_have_dots(
    over_mantle: RunningProxy, mantle: Mantle, client: ClientSession
) -> None:
    url = URL(f"{over_mantle.origin}/proxy/anthropic-mantle/v1/messages?from=/../x", encoded=True)
    assert (await client.post(url, data=_body(OPUS_AT_MANTLE), headers=HEADERS)).status == 200


async def test_bedrock_runtime_is_signed_for_bedrock_and_asked_for_messages_only(
    tmp_path: Path, client: ClientSession, monkeypatch: pytest.MonkeyPatch, mantle: Mantle
) -> None:
    # The stand-in is at a loopback address, and only a host's name says that it is bedrock-runtime.
    monkeypatch.setattr("candela_tui.providers.mantle.upstreams.is_runtime", lambda _: True)
    async with BedrockMessages() as runtime:
        for name, value in runtime.environment(tmp_path).items():
            monkeypatch.setenv(name, value)
        async with running(runtime, tmp_path, sections={"mantle": {"base_url": runtime.base_url}}) as proxy:
            base = f"{proxy.origin}/proxy/anthropic-mantle"
            body = _body("us.anthropic.claude-opus-4-8")
            assert (await client.post(f"{base}/v1/messages", data=body, headers=HEADERS)).status == 200
            counted = await client.post(f"{base}/v1/messages/count_tokens", data=body, headers=HEADERS)
            assert (counted.status, len(runtime.requests)) == (404, 1)
            assert "bedrock-mantle has it" in (await counted.json())["error"]["message"]
            lines = [line async for line in LiveCheck(f"127.0.0.1:{proxy.port}", Provider.MANTLE).lines()]
            assert [line.state for line in lines] == ["warn", "warn"]
            assert "only a message shows whether it answers" in lines[1].words


async def _cost(
    proxy: RunningProxy, place: AwsMessages, route: str, model: str, client: ClientSession
) -> Decimal | None:
    place.answer(message(text("Hi"), model=OPUS))
    url = f"{proxy.origin}/proxy/{route}/v1/messages"
    await (await client.post(url, data=_body(model, stream=True), headers=HEADERS)).read()
    cost = (await proxy.exchange()).cost
    return cost.total if cost is not None else None


async def test_bedrock_costs_a_tenth_more_in_a_region(
    over_mantle: RunningProxy, mantle: Mantle, client: ClientSession
) -> None:
    cost = await _cost(over_mantle, mantle, "anthropic-mantle", OPUS_AT_MANTLE, client)
    assert cost == COST_AT_ANTHROPIC * Decimal("1.1")


async def test_claude_on_aws_costs_what_anthropic_charges(
    over_claude_aws: RunningProxy, claude_aws: ClaudeAws, client: ClientSession
) -> None:
    assert await _cost(over_claude_aws, claude_aws, "claude-aws", OPUS, client) == COST_AT_ANTHROPIC


@pytest.mark.parametrize(
    ("url", "runtime"),
    [
        ("https://bedrock-runtime.us-east-1.amazonaws.com/anthropic", True),
        ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com/anthropic", True),
        ("https://vpce-0123-abcd.bedrock-runtime.us-east-1.vpce.amazonaws.com/anthropic", True),
        ("https://bedrock-mantle.us-east-1.api.aws/anthropic", False),
        ("https://gateway.example/bedrock-runtime.us/anthropic", False),
        (None, False),
    ],
)
def test_the_host_says_which_endpoint_of_bedrock_it_is(url: str | None, runtime: bool) -> None:
    assert is_runtime(MantleSettings(base_url=url)) is runtime


@pytest.mark.parametrize(
    "url",
    [
        "https://bedrock-runtime.eu-west-1.amazonaws.com/anthropic",
        "https://vpce-0123-abcd.bedrock-mantle.eu-west-1.vpce.amazonaws.com/anthropic",
        "https://bedrock-mantle.eu-west-1.api.aws/anthropic",
    ],
)
def test_an_endpoint_of_aws_in_another_region_is_refused_because_no_signature_fits(url: str) -> None:
    settings = MantleSettings(base_url=url)
    assert endpoint_url(settings, "eu-west-1") == url
    with pytest.raises(
        ValueError, match=r"\[mantle\] base_url is an endpoint in eu-west-1, and the region is us-east-1"
    ):
        endpoint_url(settings, "us-east-1")
    elsewhere = "https://gateway.eu-west-1.example/anthropic"
    assert endpoint_url(MantleSettings(base_url=elsewhere), "us-east-1") == elsewhere


@pytest.mark.parametrize("cannot_list", [False, True])
async def test_the_check_of_a_sign_in_asks_for_models_by_their_names_there(
    over_mantle: RunningProxy, mantle: Mantle, cannot_list: bool
) -> None:
    mantle.cannot_list = cannot_list
    lines = [line async for line in LiveCheck(f"127.0.0.1:{over_mantle.port}", Provider.MANTLE).lines()]
    assert [line.state for line in lines] == ["warn" if cannot_list else "ok", "ok"]
    assert lines[1].words.startswith("Bedrock Messages counted one word for anthropic.claude-haiku-4-5")


async def test_the_native_route_of_bedrock_serves_the_messages_api_of_bedrock_runtime(
    tmp_path: Path, client: ClientSession, mantle: Mantle, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with BedrockMessages() as runtime:
        for name, value in runtime.environment(tmp_path).items():
            monkeypatch.setenv(name, value)
        async with running(runtime, tmp_path, sections={"aws": {"base_url": runtime.url}}) as proxy:
            sdk = AsyncAnthropicBedrockMantle(
                base_url=f"{proxy.origin}/bedrock/anthropic", api_key="sk-ant-api03-not-for-amazon", max_retries=0
            )
            async with sdk, sdk.messages.stream(model="us.anthropic.claude-opus-4-8", **ASKED) as stream:
                assert await stream.get_final_text() == "Hi there"
            exchange = await proxy.exchange()
            assert (exchange.provider, exchange.dialect, exchange.model, exchange.outcome) == (
                "mantle",
                "messages",
                "us.anthropic.claude-opus-4-8",
                Outcome.OK,
            )
            assert exchange.cost is not None
            assert exchange.cost.total == COST_AT_ANTHROPIC * Decimal("1.1")
            counted = await client.post(f"{proxy.origin}/bedrock/anthropic/v1/messages/count_tokens", headers=HEADERS)
            assert (counted.status, len(runtime.requests)) == (404, 1)
            dotted = URL(f"{proxy.origin}/bedrock/anthropic/v1/../../model/x/invoke", encoded=True)
            assert (await client.post(dotted, headers=HEADERS)).status == 404
            assert len(runtime.requests) == 1


async def test_a_workspace_that_a_sign_in_writes_is_used_at_once(
    claude_aws: ClaudeAws, tmp_path: Path, client: ClientSession
) -> None:
    sections = {"claude_aws": {"base_url": claude_aws.base_url}}
    async with running(claude_aws, tmp_path, sections=sections) as proxy:
        url = f"{proxy.origin}/proxy/claude-aws/v1/messages"
        assert (await client.post(url, data=_body(OPUS), headers=HEADERS)).status == 400
        change_setting(proxy.paths.config, ("claude_aws", "base_url"), claude_aws.base_url)
        change_setting(proxy.paths.config, ("claude_aws", "workspace"), WORKSPACE)
        assert (await client.post(url, data=_body(OPUS), headers=HEADERS)).status == 200
