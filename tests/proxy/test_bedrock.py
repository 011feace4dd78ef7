"""Clients that speak Messages, through candela to Bedrock."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession
from anthropic import AsyncAnthropic

from candela_tui.exchange import Difference, Outcome
from candela_tui.providers.bedrock.access import bedrock_endpoint
from candela_tui.proxy import answer_writer
from tests.proxy.running import RunningProxy, WireClient, running
from tests.standin import CLOSE, STALL, Gate, Provider, message, text, thinking, tool_use, whole_message
from tests.standin.answers import usage
from tests.standin.bedrock import TEAM_PROFILE, Bedrock
from tests.standin.event_frames import METRICS, chunk, corrupted, error, exception

ROUTE = "/proxy/anthropic-bedrock"
SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1%3A0"
ASKED: dict[str, Any] = {
    "model": "claude-opus-4-8",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "hi"}],
}


async def _post(
    client: ClientSession, proxy: RunningProxy, path: str = "/v1/messages", headers: Any = None, **body: Any
) -> ClientResponse:
    return await client.post(proxy.origin + ROUTE + path, data=json.dumps(ASKED | body), headers=headers)


def _without_pings(events: bytes) -> bytes:
    return b"".join(part + b"\n\n" for part in events.split(b"\n\n") if part and not part.startswith(b"event: ping"))


async def test_a_stream_has_the_same_bytes_as_on_the_direct_route(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    answer = message(thinking("h", "m…"), text("Hel", "lo \u2028 é"), tool_use("Bash", {"command": "ls -l"}))
    bedrock.answer(answer)
    over = await _post(client, over_bedrock, stream=True)
    script = b"".join(step for step in answer.steps if isinstance(step, bytes))
    assert await over.read() == _without_pings(script)
    assert over.headers["Content-Type"] == "text/event-stream; charset=utf-8"


@pytest.mark.parametrize("stream", [True, False])
async def test_anthropics_sdk_gets_the_message_of_the_direct_route(
    over_bedrock: RunningProxy, bedrock: Bedrock, tmp_path_factory: pytest.TempPathFactory, stream: bool
) -> None:
    answer = (message if stream else whole_message)(thinking("hm"), text("Hello"), tool_use("Bash", {"command": "ls"}))

    async def asked(base_url: str) -> Any:
        async with AsyncAnthropic(base_url=base_url, api_key="k", max_retries=0) as sdk:
            if not stream:
                return await sdk.messages.create(**ASKED)
            async with sdk.messages.stream(**ASKED) as events:
                return [event async for event in events], await events.get_final_message()

    bedrock.answer(answer)
    async with Provider() as provider, running(provider, tmp_path_factory.mktemp("direct")) as direct:
        provider.answer(answer)
        assert await asked(over_bedrock.origin + ROUTE) == await asked(direct.url)


async def test_what_goes_out_is_signed_and_has_nothing_of_the_clients_key(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    headers = {
        "x-api-key": "sk-ant-not-for-amazon",
        "Authorization": "Bearer not-for-amazon",
        "Cookie": "not=for-amazon",
        "anthropic-beta": "context-1m-2025-08-07,claude-code-20250219",
        "X-Amzn-Bedrock-GuardrailIdentifier": "g1",
        "anthropic-user-profile-id": "up_1",
        "Accept-Encoding": "gzip",
    }
    answer = await _post(client, over_bedrock, headers=headers, model="claude-sonnet-4-5[1m]", stream=True)
    assert answer.status == 200
    sent = await bedrock.invocation()
    assert sent.path == f"/model/{SONNET}/invoke-with-response-stream"
    assert "not-for-amazon" not in str(sent.headers)
    assert sent.json == {
        "anthropic_version": "bedrock-2023-05-31",
        "anthropic_beta": ["context-1m-2025-08-07"],
        "user_profile_id": "up_1",
        **{name: value for name, value in ASKED.items() if name != "model"},
    }
    fields = ("accept", "accept-encoding", "content-type", "x-amzn-bedrock-guardrailidentifier")
    assert [sent.header(name) for name in fields] == [
        "application/vnd.amazon.eventstream",
        "identity",
        "application/json",
        "g1",
    ]


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("claude-opus-4-8", "us.anthropic.claude-opus-4-8"),
        ("global.anthropic.claude-opus-4-8", "global.anthropic.claude-opus-4-8"),
        (TEAM_PROFILE, TEAM_PROFILE.replace(":", "%3A").replace("/", "%2F")),
        ("ours", TEAM_PROFILE.replace(":", "%3A").replace("/", "%2F")),
    ],
)
async def test_names_profiles_and_arns_reach_their_model(
    bedrock: Bedrock, client: ClientSession, tmp_path: Path, model: str, path: str
) -> None:
    sections = {"aws": {"base_url": bedrock.url}, "models": {"ours": {"bedrock": TEAM_PROFILE}}}
    async with running(bedrock, tmp_path, sections=sections) as proxy:
        assert (await _post(client, proxy, model=model)).status == 200
    assert (await bedrock.invocation()).path == f"/model/{path}/invoke"


async def test_both_sides_are_recorded(over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession) -> None:
    answer = await _post(client, over_bedrock, stream=True)
    await answer.read()
    exchange = await over_bedrock.exchange()
    sent = bedrock.invocations[0]
    request_id = dict(answer.headers)["request-id"]
    assert request_id == dict(exchange.provider_response_headers)["x-amzn-RequestId"] == exchange.request_id
    assert (exchange.provider, exchange.region, exchange.model_sent, exchange.provider_status, exchange.outcome) == (
        "bedrock",
        "us-east-1",
        "us.anthropic.claude-opus-4-8",
        200,
        Outcome.OK,
    )
    assert exchange.provider_metrics == tuple((name, str(value)) for name, value in METRICS.items())
    assert exchange.usage is not None
    assert exchange.usage.output_tokens == 15
    recorded = dict(exchange.provider_request_headers)
    assert recorded["Authorization"] == "AWS4-HMAC-SHA256 [redacted]"
    assert recorded["X-Amz-Security-Token"] == "[redacted]"
    assert (sent.header("x-amz-security-token") or "?") not in repr(exchange)


async def test_a_refused_flag_that_is_not_named_is_found_and_the_others_are_sent_again(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    bedrock.betas = {"context-1m-2025-08-07", "tool-search-tool-2025-10-19"}
    flags = "context-1m-2025-08-07,context-management-2025-06-27,tool-search-tool-2025-10-19"
    more: dict[str, Any] = {
        "headers": {"anthropic-beta": flags},
        "context_management": {"edits": []},
        "tools": [{"name": "a", "input_schema": {}, "defer_loading": True}],
    }
    for _ in range(4):
        assert (await _post(client, over_bedrock, **more)).status == 200
    exchanges = sorted(await over_bedrock.ended(4), key=lambda exchange: exchange.id)
    assert [len(sent.json.get("anthropic_beta", ())) for sent in bedrock.invocations] == [3, 0, 1, 0, 2, 2]
    last = bedrock.invocations[-1].json
    assert last["anthropic_beta"] == ["context-1m-2025-08-07", "tool-search-tool-2025-10-19"]
    assert last["tools"][0]["defer_loading"] is True
    (retry,) = [change.why for change in exchanges[0].adaptations if change.what == "retry"]
    assert "refused a flag without naming it (invalid beta flag)" in retry
    assert "`candela providers --forget us.anthropic.claude-opus-4-8` forgets it" in retry
    assert "this may be the one" in exchanges[1].adaptations[0].why
    assert [(change.name, "forgets it" in change.why) for change in exchanges[3].adaptations] == [
        ("context-management-2025-06-27", True),
        ("context_management", False),
    ]


async def test_a_new_flag_that_is_refused_costs_no_other(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    bedrock.betas = {"context-1m-2025-08-07"}
    for flags in ("context-1m-2025-08-07", "context-1m-2025-08-07,context-management-2025-06-27"):
        headers = {"anthropic-beta": flags}
        assert (await _post(client, over_bedrock, headers=headers)).status == 200
    assert [len(sent.json["anthropic_beta"]) for sent in bedrock.invocations] == [1, 2, 1]


async def test_what_one_model_refused_another_one_still_gets(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    bedrock.betas = set()
    headers = {"anthropic-beta": "context-1m-2025-08-07"}
    assert (await _post(client, over_bedrock, headers=headers)).status == 200
    bedrock.betas = {"context-1m-2025-08-07"}
    assert (await _post(client, over_bedrock, headers=headers, model="claude-haiku-4-5")).status == 200
    assert ["anthropic_beta" in sent.json for sent in bedrock.invocations] == [True, False, True]


@pytest.mark.parametrize(
    ("served", "tier", "at_least", "differences"),
    [
        ("priority", "priority", True, ()),
        ("default", "standard", False, (Difference("service_tier", "priority", "standard"),)),
        (None, None, True, ()),
    ],
)
async def test_the_service_tier_reaches_amazon_and_the_one_that_served_is_recorded_and_priced(
    over_bedrock: RunningProxy,
    bedrock: Bedrock,
    client: ClientSession,
    served: str | None,
    tier: str | None,
    at_least: bool,
    differences: tuple[Difference, ...],
) -> None:
    field = "X-Amzn-Bedrock-Service-Tier"
    answer = message(text("ok"), model="claude-opus-4-8", usage={**usage(12), "service_tier": "standard"})
    bedrock.answer(answer.but(headers=((field, served),)) if served else answer)
    await (await _post(client, over_bedrock, headers={field: "priority"}, stream=True)).read()
    assert bedrock.invocations[0].header(field) == "priority"
    exchange = await over_bedrock.exchange()
    assert exchange.usage is not None
    assert exchange.cost is not None
    assert (exchange.usage.service_tier, exchange.cost.at_least) == (tier, at_least)
    assert exchange.differences == differences


async def test_a_mark_for_the_whole_request_that_is_refused_is_left_out(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    bedrock.refused_fields = {"cache_control"}
    assert (await _post(client, over_bedrock, cache_control={"type": "ephemeral"})).status == 200
    assert ["cache_control" in sent.json for sent in bedrock.invocations][-1] is False


async def test_what_counting_refuses_a_message_still_has(
    bedrock: Bedrock, client: ClientSession, tmp_path: Path
) -> None:
    bedrock.refused_fields = {"top_k"}
    # Called without a profile, a model has the same id for both.
    bedrock.on_demand = {"anthropic.claude-sonnet-4-5-20250929-v1:0"}
    sections = {"aws": {"base_url": bedrock.url, "inference_profile": "none"}}
    asked: dict[str, Any] = {"model": "claude-sonnet-4-5", "top_k": 3}
    async with running(bedrock, tmp_path, sections=sections) as proxy:
        assert (await _post(client, proxy, "/v1/messages/count_tokens", **asked)).status == 200
        bedrock.refused_fields = set()
        assert (await _post(client, proxy, **asked)).status == 200
    assert bedrock.invocations[-1].json["top_k"] == 3


async def test_a_long_conversation_arrives_whole(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    turns = [{"role": role, "content": f"{role} é " * 20000} for role in ("user", "assistant")]
    assert (await _post(client, over_bedrock, messages=turns)).status == 200
    assert (await bedrock.invocation()).json["messages"] == turns


async def test_a_field_that_is_refused_is_left_out_once_and_remembered(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    bedrock.refused_fields = {"metadata", "top_k"}
    more: dict[str, Any] = {"metadata": {"user_id": "me"}, "top_k": 3}
    refused = await _post(client, over_bedrock, **more)
    assert (refused.status, len(bedrock.invocations)) == (400, 2)
    assert (await refused.json())["error"]["message"].startswith("top_k: Extra inputs are not permitted")
    assert (await _post(client, over_bedrock, **more)).status == 200
    assert len(bedrock.invocations) == 3


def _refused(bedrock: Bedrock) -> None:
    bedrock.without_access = {"anthropic.claude-opus-4-8"}


def _throttled(bedrock: Bedrock) -> None:
    bedrock.answer(bedrock.throttled())


def _unavailable(bedrock: Bedrock) -> None:
    bedrock.answer(bedrock.aws_error(503, "ServiceUnavailableException", "Bedrock is unable to process your request."))


def _ahead(bedrock: Bedrock) -> None:
    bedrock.clock_ahead = timedelta(minutes=42)


def _unknown(bedrock: Bedrock) -> None:
    bedrock.models.remove("anthropic.claude-opus-4-8")


def _other_region(bedrock: Bedrock) -> None:
    bedrock.region = "eu-central-1"


@pytest.mark.parametrize(
    ("happens", "status", "kind", "words"),
    [
        (_throttled, 429, "rate_limit_error", ["Too many requests, please wait before trying again."]),
        (_unavailable, 529, "overloaded_error", ["Bedrock is unable to process your request."]),
        (_refused, 403, "permission_error", ["You don't have access to the model", "modelaccess"]),
        (_ahead, 401, "authentication_error", ["Signature expired", "clock is 42 minutes behind"]),
        (_unknown, 400, "invalid_request_error", ["The provided model identifier is invalid.", "bedrock under"]),
        (_other_region, 401, "authentication_error", ["Credential should be scoped to a valid region."]),
    ],
)
async def test_amazons_refusals_come_in_messages_form_with_its_words(
    over_bedrock: RunningProxy,
    bedrock: Bedrock,
    client: ClientSession,
    happens: Callable[[Bedrock], None],
    status: int,
    kind: str,
    words: list[str],
) -> None:
    happens(bedrock)
    answer = await _post(client, over_bedrock, stream=True)
    document = await answer.json()
    assert (answer.status, document["type"], document["error"]["type"]) == (status, "error", kind)
    assert all(part in document["error"]["message"] for part in words), document["error"]["message"]
    assert document["request_id"] == answer.headers["request-id"] == answer.headers["x-amzn-RequestId"]
    assert ("retry-after" in answer.headers) == (status == 429)
    assert len(bedrock.invocations) == 1


async def test_expired_keys_are_renewed_once_for_all_who_wait(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    assert (await _post(client, over_bedrock)).status == 200
    bedrock.expire_keys()
    bedrock.put_keys()
    answers = await asyncio.gather(*(_post(client, over_bedrock, stream=True) for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    assert bedrock.times_asked_for_keys == 2
    exchanges = await over_bedrock.ended(21)
    retried = [exchange for exchange in exchanges if any(change.what == "retry" for change in exchange.adaptations)]
    assert retried
    assert all("is expired" in change.why for exchange in retried for change in exchange.adaptations)


async def test_expired_keys_without_new_ones_are_told_with_the_command_that_mends_it(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    bedrock.expire_keys()
    answer = await _post(client, over_bedrock)
    words = (await answer.json())["error"]["message"]
    assert (answer.status, answer.headers["x-should-retry"]) == (401, "false")
    assert words.startswith("The security token included in the request is expired")
    assert "`candela auth login --provider aws`" in words
    assert len(bedrock.invocations) == 1


async def test_an_api_key_of_bedrock_goes_before_signing_keys(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "ABSKmine")
    bedrock.bearer_keys = {"ABSKmine"}
    assert (await _post(client, over_bedrock)).status == 200
    bedrock.bearer_keys.clear()
    answer = await _post(client, over_bedrock)
    assert answer.status == 401
    assert "AWS_BEARER_TOKEN_BEDROCK" in (await answer.json())["error"]["message"]
    assert bedrock.times_asked_for_keys == 0


@pytest.mark.parametrize(
    ("last", "kind", "words"),
    [
        (exception("throttlingException", "Too many tokens"), "overloaded_error", "Too many tokens"),
        (exception("modelStreamErrorException", "It broke"), "api_error", "It broke"),
        (error("InternalFailure", "No shape for it"), "api_error", "No shape for it"),
        (corrupted(chunk({"type": "ping"})), "api_error", "corrupt"),
    ],
)
async def test_what_breaks_in_mid_stream_is_an_error_event(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession, last: bytes, kind: str, words: str
) -> None:
    steps = [*message(text("Hel", "lo")).steps[:-3], last, STALL]
    bedrock.answer(message().but(steps=steps))
    answer = await _post(client, over_bedrock, stream=True)
    *_, before, name_and_data = (await answer.read()).removesuffix(b"\n\n").split(b"\n\n")
    name, _, data = name_and_data.partition(b"\ndata: ")
    assert (b"text_delta" in before, name) == (True, b"event: error")
    document = json.loads(data)
    assert document["error"]["type"] == kind
    assert words in document["error"]["message"]
    exchange = await over_bedrock.exchange()
    assert exchange.outcome == Outcome.ERROR
    await bedrock.invocations[0].left()


async def test_a_stream_that_ends_early_ends_early(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    bedrock.answer(message(text("Hel", CLOSE, "lo")))
    async with WireClient(over_bedrock.port) as wire:
        await wire.post(f"{ROUTE}/v1/messages")
        got = await wire.rest()
    assert b"Hel" in got
    assert b"message_stop" not in got
    assert not got.endswith(b"0\r\n\r\n")
    assert (await over_bedrock.exchange()).outcome == Outcome.CUT


async def test_a_client_that_leaves_ends_the_request_to_amazon(over_bedrock: RunningProxy, bedrock: Bedrock) -> None:
    bedrock.answer(message(text("Hel", Gate(), "lo")))
    async with WireClient(over_bedrock.port) as wire:
        await wire.post(f"{ROUTE}/v1/messages")
        await wire.until(b"Hel")
    await (await bedrock.invocation()).left()
    assert (await over_bedrock.exchange()).outcome == Outcome.CANCELLED


async def test_each_event_arrives_when_its_frame_does_and_pings_while_none_does(
    over_bedrock: RunningProxy, bedrock: Bedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_writer, "_IDLE_S", 0.01)
    gate = Gate()
    bedrock.answer(message(text("Hel", gate, "lo")))
    async with WireClient(over_bedrock.port) as wire:
        await wire.post(f"{ROUTE}/v1/messages")
        assert b"Hel" in await wire.until(b'event: ping\ndata: {"type": "ping"}\n\n')
        gate.open()
        assert b"lo" in await wire.until(b"message_stop")


@pytest.mark.parametrize("path", ["/v1/messages/count_tokens", "/v1/messages/count_tokens?beta=true"])
async def test_tokens_are_counted_by_the_foundation_model(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession, path: str
) -> None:
    body = {"model": "claude-sonnet-4-5", "messages": ASKED["messages"]}
    answer = await client.post(over_bedrock.origin + ROUTE + path, data=json.dumps(body))
    assert (answer.status, await answer.json()) == (200, {"input_tokens": 2095})
    sent = await bedrock.invocation()
    assert sent.path == "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/count-tokens"


async def test_where_a_model_cannot_count_the_client_gets_an_estimate_only_if_it_takes_one(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    bedrock.cannot_count = {"anthropic.claude-sonnet-4-5-20250929-v1:0"}
    path = "/v1/messages/count_tokens"
    answer = await _post(client, over_bedrock, path, model="claude-sonnet-4-5")
    words = (await answer.json())["error"]["message"]
    assert answer.status == 400
    assert words.startswith("The provided model doesn't support counting tokens.")
    assert "x-candela-estimate: accept" in words
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 9000}}
    content = [{"role": "user", "content": [image, {"type": "text", "text": "x" * 3500}]}]
    accepts = {"x-candela-estimate": "accept"}
    answer = await _post(client, over_bedrock, path, accepts, messages=content, model="claude-sonnet-4-5")
    assert (answer.status, answer.headers["x-candela-estimated"]) == (200, "true")
    assert 2600 < (await answer.json())["input_tokens"] < 2700
    bedrock.cannot_count = set()
    answer = await _post(client, over_bedrock, path, accepts, model="claude-sonnet-4-5")
    assert "x-candela-estimated" not in answer.headers


async def test_without_a_region_the_words_name_the_places_to_set_it(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_REGION")
    answer = await _post(client, over_bedrock)
    words = (await answer.json())["error"]["message"]
    assert answer.status == 400
    assert all(place in words for place in ("[aws] region", "AWS_REGION", "profile"))
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert (await _post(client, over_bedrock)).status == 200


async def test_without_keys_the_words_name_the_command_to_get_some(
    over_bedrock: RunningProxy,
    bedrock: Bedrock,
    client: ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "nothing"))
    answer = await _post(client, over_bedrock)
    assert answer.status == 401
    assert "`candela auth login --provider aws`" in (await answer.json())["error"]["message"]
    assert not bedrock.requests


@pytest.mark.parametrize(
    ("body", "words"), [({"model": ""}, "model"), ({"model": ".."}, "model"), ({"model": 3}, "model")]
)
async def test_what_is_no_model_is_refused_before_it_becomes_a_path(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession, body: dict[str, Any], words: str
) -> None:
    answer = await _post(client, over_bedrock, **body)
    assert answer.status == 400
    assert words in (await answer.json())["error"]["message"]
    assert not bedrock.requests


async def test_what_bedrock_has_not_is_told_and_the_look_for_the_proxy_answered(
    over_bedrock: RunningProxy, bedrock: Bedrock, client: ClientSession
) -> None:
    assert (await client.head(over_bedrock.origin + ROUTE + "/")).status == 200
    answer = await client.post(over_bedrock.origin + ROUTE + "/v1/messages/batches", data=b"{}")
    assert answer.status == 404
    assert "POST /v1/messages" in (await answer.json())["error"]["message"]
    assert not bedrock.requests


@pytest.mark.parametrize(
    ("region", "control", "url"),
    [
        ("us-east-1", False, "https://bedrock-runtime.us-east-1.amazonaws.com"),
        ("us-gov-west-1", True, "https://bedrock.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", False, "https://bedrock-runtime.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", True, "https://bedrock.eusc-de-east-1.amazonaws.eu"),
        ("us-iso-east-1", False, "https://bedrock-runtime.us-iso-east-1.c2s.ic.gov"),
    ],
)
def test_a_region_has_its_hosts(region: str, control: bool, url: str) -> None:
    assert bedrock_endpoint(region, control=control) == url


@pytest.mark.parametrize("region", ["", "global", "us-east-1.evil.example/", "evil.example#-a-1", "US-EAST-1"])
def test_what_is_no_region_never_becomes_a_host(region: str) -> None:
    with pytest.raises(ValueError, match="is not an AWS region"):
        bedrock_endpoint(region)
