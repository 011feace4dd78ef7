"""Clients that speak Messages, answered by Claude on Vertex AI."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from anthropic import AsyncAnthropic

from candela_tui.exchange import Outcome
from tests.proxy.hints import HINTS
from tests.proxy.running import RunningProxy, running
from tests.standin import CLOSE, STALL, Answer, Gate, Provider, error, message, text, thinking, tool_use, whole_message
from tests.standin.vertex import Vertex

PLACE = "/v1/projects/test-project/locations/global/publishers/anthropic/models"
ASKED: dict[str, Any] = {
    "model": "claude-opus-4-8",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "hi"}],
}
BODY = json.dumps({**ASKED, "stream": True}).encode()
BLOCKS = (thinking("Let me", " see"), text("Grüße", " 🕯"), tool_use("Bash", {"command": "ls -la"}))


def _url(proxy: RunningProxy, path: str = "/v1/messages?beta=true") -> str:
    return f"{proxy.origin}/proxy/anthropic-vertex{path}"


@pytest.fixture
async def direct(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[RunningProxy, Provider]]:
    """candela towards Anthropic itself."""
    async with Provider() as provider, running(provider, tmp_path_factory.mktemp("direct")) as proxy:
        yield proxy, provider


async def _message(base_url: str, *, streamed: bool) -> Any:
    async with AsyncAnthropic(base_url=base_url, api_key="sk-ant-test-000", max_retries=0) as sdk:
        if not streamed:
            return await sdk.messages.create(**ASKED)
        async with sdk.messages.stream(**ASKED) as stream:
            return await stream.get_final_message()


@pytest.mark.parametrize("streamed", [True, False])
async def test_the_sdk_gets_the_message_that_the_direct_route_gives(
    over_vertex: RunningProxy, vertex: Vertex, direct: tuple[RunningProxy, Provider], streamed: bool
) -> None:
    answer = (message if streamed else whole_message)(*BLOCKS)
    vertex.answer(answer)
    over_vertex_ = await _message(f"{over_vertex.origin}/proxy/anthropic-vertex", streamed=streamed)
    proxy, provider = direct
    provider.answer(answer)
    assert over_vertex_ == await _message(proxy.url, streamed=streamed)
    assert [block.type for block in over_vertex_.content] == ["thinking", "text", "tool_use"]
    exchange, other = await over_vertex.exchange(), await proxy.exchange()
    assert (exchange.provider, exchange.region, exchange.outcome) == ("vertex", "global", Outcome.OK)
    assert (exchange.usage, exchange.stop_reason) == (other.usage, other.stop_reason)


@pytest.mark.parametrize(("streamed", "method"), [(True, "streamRawPredict"), (False, "rawPredict")])
async def test_google_gets_its_own_form_and_no_key_of_the_clients(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession, streamed: bool, method: str
) -> None:
    messages = b'"messages":[{"role":"user","content":"\\u00fc"}]'
    stream = b"true" if streamed else b"false"
    body = b'{"model":"claude-sonnet-4-5-20250929", "max_tokens":64,"stream":%b,%b}' % (stream, messages)
    headers = {
        "x-api-key": "sk-ant-test-000",
        "Authorization": "Bearer of-the-client",
        "Cookie": "a=b",
        "User-Agent": "claude-cli/2.1.197 (external, sdk-cli)",
        "Accept-Encoding": "gzip, br",
        "X-Vertex-AI-LLM-Request-Type": "dedicated",
        "anthropic-beta": "context-1m-2025-08-07,oauth-2025-04-20",
        **HINTS,
    }
    answer = await client.post(_url(over_vertex), data=body, headers=headers)
    assert answer.status == 200
    sent = await vertex.prediction()
    assert sent.target == f"{PLACE}/claude-sonnet-4-5@20250929:{method}"
    assert sent.json["anthropic_version"] == "vertex-2023-10-16"
    assert "model" not in sent.json
    assert messages in sent.body
    fields = {name.lower(): value for name, value in sent.headers}
    assert fields["authorization"] == "Bearer ya29.stand-in-1"
    assert fields["user-agent"] == headers["User-Agent"]
    assert fields["accept-encoding"] == "gzip, br"
    assert fields["x-vertex-ai-llm-request-type"] == "dedicated"
    assert fields["anthropic-beta"] == "context-1m-2025-08-07"
    assert not fields.keys() & {"x-api-key", "cookie", "anthropic-version", "x-goog-user-project", *HINTS}
    assert not any("of-the-client" in value or "sk-ant" in value for value in fields.values())
    exchange = await over_vertex.exchange()
    assert [(change.what, change.name) for change in exchange.adaptations] == [("beta", "oauth-2025-04-20")]
    assert exchange.model_sent == "claude-sonnet-4-5@20250929"


@pytest.mark.parametrize("encoding", ["", "gzip", "br"])
async def test_the_stream_crosses_untouched_as_it_comes(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession, encoding: str
) -> None:
    gate = Gate()
    vertex.answer(message(thinking("hm"), text("Hel", gate, "lo"), encoding=encoding))
    answer = await client.post(_url(over_vertex), data=BODY)
    await gate.reached()
    sent = await vertex.prediction()
    received = b""
    while len(received) < len(sent.sent):
        received += await answer.content.readany()
    gate.open()
    assert received + await answer.read() == sent.sent
    assert answer.headers.get("Content-Encoding", "") == encoding
    assert (await over_vertex.exchange()).stop_reason == "end_turn"


async def test_a_client_that_leaves_ends_the_request_at_google(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    vertex.answer(message(text("part", STALL)))
    answer = await client.post(_url(over_vertex), data=BODY)
    await answer.content.readany()
    answer.close()
    await (await vertex.prediction()).left()
    assert (await over_vertex.exchange()).outcome is Outcome.CANCELLED


async def test_a_stream_that_ends_early_ends_early(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    vertex.answer(message(text("part", CLOSE)))
    answer = await client.post(_url(over_vertex), data=BODY)
    with pytest.raises(Exception, match=r"(?i)payload|closed|disconnected"):
        await answer.read()
    assert (await over_vertex.exchange()).outcome is Outcome.CUT
    assert len(vertex.predictions) == 1


async def test_twenty_requests_with_an_expired_token_cause_one_refresh(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    assert (await client.post(_url(over_vertex), data=BODY)).status == 200
    vertex.revoke_tokens()
    gate = Gate()
    vertex.before_token = [gate]
    asking = [asyncio.create_task(client.post(_url(over_vertex), data=BODY)) for _ in range(20)]
    await vertex.prediction(20)
    gate.open()
    answers = await asyncio.gather(*asking)
    assert {answer.status for answer in answers} == {200}
    assert (vertex.tokens_issued, len(vertex.predictions)) == (2, 41)


async def test_the_first_twenty_requests_share_one_token(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    answers = await asyncio.gather(*(client.post(_url(over_vertex), data=BODY) for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    assert vertex.tokens_issued == 1


async def test_a_token_that_is_refused_twice_is_told_with_what_to_do(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    vertex.tokens_are_dead = True
    answer = await client.post(_url(over_vertex), data=BODY)
    words = (await answer.json())["error"]
    assert (answer.status, words["type"]) == (401, "authentication_error")
    assert "invalid authentication credentials" in words["message"]
    assert "gcloud auth application-default login" in words["message"]
    assert len(vertex.predictions) == 2


async def test_credentials_that_can_not_be_had_are_told_with_what_to_do(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nix.json"))
    answer = await client.post(_url(over_vertex), data=BODY)
    words = (await answer.json())["error"]
    assert (answer.status, words["type"]) == (401, "authentication_error")
    assert "nix.json" in words["message"]
    assert answer.headers.getall("x-should-retry") == ["false"]
    assert vertex.requests == []


async def test_a_token_endpoint_that_is_out_of_reach_for_a_while_is_no_reason_to_give_up(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession, tmp_path: Path, unused_tcp_port: int
) -> None:
    vertex.service_account(tmp_path, token_uri=f"http://127.0.0.1:{unused_tcp_port}/token")
    answer = await client.post(_url(over_vertex), data=BODY)
    assert (answer.status, "x-should-retry" in answer.headers) == (502, False)
    assert "could not reach" in (await answer.json())["error"]["message"]
    vertex.service_account(tmp_path)
    assert (await client.post(_url(over_vertex), data=BODY)).status == 200


async def test_a_refused_token_without_another_is_told_with_googles_words_and_what_mends_it(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession, tmp_path: Path
) -> None:
    assert (await client.post(_url(over_vertex), data=BODY)).status == 200
    vertex.revoke_tokens()
    (tmp_path / "service-account.json").unlink()
    answer = await client.post(_url(over_vertex), data=BODY)
    words = (await answer.json())["error"]["message"]
    assert (answer.status, answer.headers["x-should-retry"]) == (401, "false")
    assert "invalid authentication credentials" in words
    assert "gcloud auth application-default login" in words


async def test_a_missing_project_is_told_with_where_to_set_it(
    vertex: Vertex, client: ClientSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_VERTEX_PROJECT_ID")
    vertex.service_account(tmp_path, project_id=None)
    async with running(vertex, tmp_path, sections={"vertex": {"base_url": vertex.url}}) as proxy:
        answer = await client.post(_url(proxy), data=BODY)
        assert answer.status == 400
        message_ = (await answer.json())["error"]["message"]
    for place in ("[vertex] project", "ANTHROPIC_VERTEX_PROJECT_ID", "GOOGLE_CLOUD_PROJECT", "set-quota-project"):
        assert place in message_


async def test_the_quota_project_pays_where_it_is_another(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "payer")
    assert (await client.post(_url(over_vertex), data=BODY)).status == 200
    assert vertex.predictions[0].header("x-goog-user-project") == "payer"


@pytest.mark.parametrize("as_list", [False, True])
@pytest.mark.parametrize("inside_google", [False, True])
async def test_a_refused_beta_is_left_out_at_once_and_remembered(
    vertex: Vertex, client: ClientSession, tmp_path: Path, inside_google: bool, as_list: bool
) -> None:
    vertex.inside_google, vertex.as_list = inside_google, as_list
    sections = {"vertex": {"base_url": vertex.url, "betas": {"brand-new-2026-11-01": True}}}
    headers = {"anthropic-beta": "brand-new-2026-11-01,context-1m-2025-08-07"}
    async with running(vertex, tmp_path, sections=sections) as proxy:
        assert (await client.post(_url(proxy), data=BODY, headers=headers)).status == 200
        exchange = await proxy.exchange()
        assert (await client.post(_url(proxy), data=BODY, headers=headers)).status == 200
    sent = [request.header("anthropic-beta") for request in vertex.predictions]
    assert sent == ["brand-new-2026-11-01,context-1m-2025-08-07", "context-1m-2025-08-07", "context-1m-2025-08-07"]
    retry = next(change for change in exchange.adaptations if change.what == "retry")
    assert retry.name == "brand-new-2026-11-01"
    assert "Unexpected value(s) `brand-new-2026-11-01`" in retry.why


async def test_a_refused_field_is_left_out_at_once_and_a_second_one_the_next_time(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    vertex.refused_fields = {"metadata", "top_k"}
    body = json.dumps({**ASKED, "metadata": {"user_id": "u"}, "top_k": 5}).encode()
    answer = await client.post(_url(over_vertex), data=body)
    assert (answer.status, (await answer.json())["error"]["type"]) == (400, "invalid_request_error")
    assert len(vertex.predictions) == 2
    assert (await client.post(_url(over_vertex), data=body)).status == 200
    assert len(vertex.predictions) == 3
    assert vertex.predictions[2].json.keys() == {"anthropic_version", "max_tokens", "messages"}


async def test_what_one_model_refused_another_one_still_gets(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    vertex.refused_fields = {"metadata"}
    for model in ("claude-opus-4-8", "claude-haiku-4-5-20251001"):
        body = json.dumps({**ASKED, "model": model, "metadata": {"user_id": "u"}}).encode()
        assert (await client.post(_url(over_vertex), data=body)).status == 200
    assert ["metadata" in request.json for request in vertex.predictions] == [True, False, True, False]


async def test_what_counting_refuses_a_message_still_has(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    counted = json.dumps({"model": ASKED["model"], "messages": ASKED["messages"], "top_k": 5}).encode()
    assert (await client.post(_url(over_vertex, "/v1/messages/count_tokens"), data=counted)).status == 200
    assert ["top_k" in request.json for request in vertex.predictions] == [True, False]
    assert (await client.post(_url(over_vertex), data=json.dumps({**ASKED, "top_k": 5}).encode())).status == 200
    assert vertex.predictions[2].json["top_k"] == 5


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (429, "rate_limit_error", "Quota exceeded for aiplatform.googleapis.com"),
        (403, "permission_error", "Permission 'aiplatform.endpoints.predict' denied"),
        (404, "not_found_error", "was not found or your project does not have access to it"),
        (400, "invalid_request_error", "is not servable in region global"),
    ],
)
async def test_googles_refusals_come_in_messages_form_with_its_own_words(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession, status: int, kind: str, words: str
) -> None:
    if status == 429:
        vertex.answer(vertex.throttled())
    elif status == 403:
        vertex.project = "another"
    elif status == 404:
        vertex.models = {"claude-haiku-4-5@20251001": {"global"}}
    else:
        vertex.models = {"claude-opus-4-8": {"us-east5"}}
    answer = await client.post(_url(over_vertex), data=BODY)
    document = await answer.json()
    assert (answer.status, document["type"], document["error"]["type"]) == (status, "error", kind)
    assert words in document["error"]["message"]
    assert len(vertex.predictions) == 1
    exchange = await over_vertex.exchange()
    assert (exchange.outcome, exchange.provider_status) == (Outcome.ERROR, status)


@pytest.mark.parametrize("encoding", ["", "gzip"])
async def test_the_models_own_errors_pass_as_they_came(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession, encoding: str
) -> None:
    own = error(529, "Overloaded", headers=[("request-id", "req_vrtx_1")])
    vertex.answer(own.but(encoding=encoding, framing="close" if encoding else own.framing))
    answer = await client.post(_url(over_vertex), data=BODY)
    assert (answer.status, answer.headers["request-id"]) == (529, "req_vrtx_1")
    assert await answer.read() == vertex.predictions[0].sent


async def test_a_compressed_refusal_is_read_too(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    refusal: Answer = vertex.throttled().but(encoding="gzip", framing="close")
    vertex.answer(refusal)
    answer = await client.post(_url(over_vertex), data=BODY)
    assert (answer.status, (await answer.json())["error"]["type"]) == (429, "rate_limit_error")
    assert "Content-Encoding" not in answer.headers


async def test_a_long_conversation_arrives_whole(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    turns = [
        {"role": role, "content": f"{role} {number} é " * 2000}
        for number in range(10)
        for role in ("user", "assistant")
    ]
    body = json.dumps({**ASKED, "messages": turns}).encode()
    assert (await client.post(_url(over_vertex), data=body)).status == 200
    assert vertex.predictions[0].json["messages"] == turns


async def test_tokens_are_counted(over_vertex: RunningProxy, vertex: Vertex) -> None:
    async with AsyncAnthropic(base_url=f"{over_vertex.origin}/proxy/anthropic-vertex", api_key="k") as sdk:
        counted = await sdk.messages.count_tokens(
            model="claude-sonnet-4-5-20250929", messages=[{"role": "user", "content": "hi"}]
        )
    assert counted.input_tokens == 2095
    sent = vertex.predictions[0]
    assert sent.target == f"{PLACE}/count-tokens:rawPredict"
    assert sent.json["model"] == "claude-sonnet-4-5@20250929"


@pytest.mark.parametrize(
    ("name", "asked", "note"),
    [
        ("X-Vertex-AI-LLM-Shared-Request-Type", "flex", "flex tier"),
        ("X-Vertex-AI-LLM-Request-Type", "dedicated", "dedicated tier"),
        ("X-Vertex-AI-LLM-Request-Type", "shared", ""),
    ],
)
async def test_the_request_type_reaches_google_and_its_price_says_what_is_not_known(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession, name: str, asked: str, note: str
) -> None:
    await (await client.post(_url(over_vertex), data=BODY, headers={name: asked})).read()
    assert vertex.predictions[0].header(name) == asked
    notes = (await over_vertex.exchange()).cost_notes
    assert [each.partition(":")[0] for each in notes] == ([note] if note else [])


async def test_where_google_counts_no_tokens_the_words_are_not_about_the_model(
    vertex: Vertex, client: ClientSession, tmp_path: Path
) -> None:
    vertex.counting_regions = {"us-east5"}
    async with running(vertex, tmp_path, sections={"vertex": {"base_url": vertex.url}}) as proxy:
        body = json.dumps({"model": ASKED["model"], "messages": ASKED["messages"]}).encode()
        answer = await client.post(_url(proxy, "/v1/messages/count_tokens"), data=body)
        assert (await client.post(_url(proxy), data=BODY)).status == 200
    words = (await answer.json())["error"]["message"]
    assert answer.status == 404
    assert "counts tokens in us-east5" in words
    assert "now global" in words
    assert "Enable the model" not in words
    assert "(model:" not in words, "Claude Code would go on with another model"


async def test_the_client_finds_the_base_url_alive(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession
) -> None:
    assert (await client.head(_url(over_vertex, "/"))).status == 200
    assert (await client.get(_url(over_vertex, "/"))).status == 200
    assert vertex.requests == []


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/messages/batches"), ("GET", "/v1/messages")])
async def test_what_vertex_ai_does_not_have_is_said(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession, method: str, path: str
) -> None:
    answer = await client.request(method, _url(over_vertex, path))
    words = (await answer.json())["error"]
    assert (answer.status, words["type"]) == (404, "not_found_error")
    assert path in words["message"]
    assert vertex.requests == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"messages":[]}'])
async def test_a_body_that_is_no_message_is_refused_here(
    over_vertex: RunningProxy, vertex: Vertex, client: ClientSession, body: bytes
) -> None:
    answer = await client.post(_url(over_vertex), data=body)
    assert (answer.status, (await answer.json())["error"]["type"]) == (400, "invalid_request_error")
    assert vertex.predictions == []


async def test_a_region_of_the_environment_that_is_not_one_is_refused_here(
    vertex: Vertex, client: ClientSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUD_ML_REGION", "evil.example/")
    async with running(vertex, tmp_path, sections={"vertex": {"base_url": vertex.url}}) as proxy:
        answer = await client.post(_url(proxy), data=BODY)
        assert answer.status == 400
        assert "'evil.example/' is no location of Vertex AI" in (await answer.json())["error"]["message"]
    assert vertex.predictions == []
