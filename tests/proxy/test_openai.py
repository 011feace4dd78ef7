"""OpenAI's own client, and Anthropic's, on the route that speaks both: Claude on Vertex AI answers."""

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionChunk
from pydantic import BaseModel

from candela_tui.exchange import Outcome
from candela_tui.protocol.bedrock.answers import InvokeStream
from candela_tui.protocol.kind import Kind
from candela_tui.providers.chat_completions import OpenAi
from candela_tui.providers.upstream import Attempt, ClientRequest, ProviderRequest
from tests.proxy.running import RunningProxy, running
from tests.standin import CLOSE, Gate, message, text, thinking, tool_use, usage, whole_message
from tests.standin.answers import Answer, error_event
from tests.standin.event_frames import EVENT_STREAM, chunks
from tests.standin.vertex import Vertex

MODEL = "claude-opus-4-8"
KEY = "sk-a-key-for-openai"
HI: Any = {"role": "user", "content": "hi"}
LOOK: Any = {
    "type": "function",
    "function": {
        "name": "look",
        "parameters": {"type": "object", "properties": {"at": {"type": "string"}}},
    },
}


@pytest.fixture
async def sdk(over_vertex: RunningProxy) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(api_key=KEY, base_url=over_vertex.origin + "/proxy/anthropic/v1", max_retries=0) as client:
        yield client


async def chunks_of(sdk: AsyncOpenAI, **request: Any) -> list[ChatCompletionChunk]:
    stream = await sdk.chat.completions.create(model=MODEL, messages=[HI], stream=True, **request)
    return [chunk async for chunk in stream]


def said(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


@pytest.mark.parametrize("below", ["", "/v1", "/v1/"])
async def test_a_question_is_answered_whatever_the_base_url_ends_in(
    over_vertex: RunningProxy, vertex: Vertex, below: str
) -> None:
    vertex.answer(whole_message(text("Hello"), usage=usage(3, read=5, write_5m=7), output_tokens=11))
    async with AsyncOpenAI(api_key=KEY, base_url=over_vertex.origin + "/proxy/anthropic" + below) as sdk:
        completion = await sdk.chat.completions.create(model=MODEL, messages=[HI])
    assert completion.choices[0].message.content == "Hello"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (15, 11)
    assert completion.usage.prompt_tokens_details is not None
    assert completion.usage.prompt_tokens_details.cached_tokens == 5


async def test_text_is_there_before_the_answer_is_complete(sdk: AsyncOpenAI, vertex: Vertex) -> None:
    gate = Gate()
    vertex.answer(message(thinking("hm"), text("one", gate, " two")))
    stream = await sdk.chat.completions.create(model=MODEL, messages=[HI], stream=True)
    chunks = []
    async for chunk in stream:
        chunks.append(chunk)
        if said(chunks) == "one":
            await gate.reached()
            gate.open()
    assert said(chunks) == "one two"
    assert "".join(getattr(chunk.choices[0].delta, "reasoning_content", "") for chunk in chunks) == "hm"
    assert chunks[-1].choices[0].finish_reason == "stop"


async def test_a_stream_tells_its_usage_where_that_is_asked_for(sdk: AsyncOpenAI, vertex: Vertex) -> None:
    vertex.answer(message(text("x"), usage=usage(3, read=5), output_tokens=11))
    chunks = await chunks_of(sdk, stream_options={"include_usage": True})
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 19


async def test_a_tool_is_called_and_its_result_brought_back(sdk: AsyncOpenAI, vertex: Vertex) -> None:
    vertex.answer(
        message(text("Let me see."), tool_use("look", {"at": "Ä"}, id="toolu_1"), tool_use("look", {}, id="toolu_2")),
        whole_message(text("A tree.")),
    )
    asked: list[Any] = [{"role": "system", "content": "Be brief."}, HI]
    async with sdk.chat.completions.stream(model=MODEL, messages=asked, tools=[LOOK]) as stream:
        first = (await stream.get_final_completion()).choices[0]
    assert first.finish_reason == "tool_calls"
    assert first.message.tool_calls is not None
    assert [call.function.arguments for call in first.message.tool_calls] == ['{"at": "\\u00c4"}', "{}"]
    results = [{"role": "tool", "tool_call_id": call.id, "content": "a tree"} for call in first.message.tool_calls]
    answered = first.message.model_dump(exclude_none=True)
    second = await sdk.chat.completions.create(model=MODEL, messages=[*asked, answered, *results], tools=[LOOK])
    assert second.choices[0].message.content == "A tree."
    request = (await vertex.prediction(1)).json
    assert [turn["role"] for turn in request["messages"]] == ["user", "assistant", "user"]
    assert [block.get("input") for block in request["messages"][1]["content"]] == [None, {"at": "Ä"}, {}]
    assert [block["tool_use_id"] for block in request["messages"][2]["content"]] == ["toolu_1", "toolu_2"]


async def test_vertex_is_asked_in_its_own_form_and_never_sees_the_clients_key(sdk: AsyncOpenAI, vertex: Vertex) -> None:
    await sdk.chat.completions.create(model="claude-sonnet-4-5-20250929", messages=[HI])
    request = await vertex.prediction()
    assert request.path.endswith("/models/claude-sonnet-4-5@20250929:rawPredict")
    marked = {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}
    assert request.json == {
        "max_tokens": 32_000,
        "messages": [{"role": "user", "content": [marked]}],
        "anthropic_version": "vertex-2023-10-16",
    }
    assert (request.header("authorization") or "").startswith("Bearer ya29.")
    assert KEY not in str(request.headers)


async def test_cache_breakpoints_can_be_switched_off(vertex: Vertex, tmp_path: Path) -> None:
    sections = {"vertex": {"base_url": vertex.url}, "openai": {"cache_breakpoints": False}}
    async with (
        running(vertex, tmp_path / "off", sections=sections) as candela,
        AsyncOpenAI(api_key=KEY, base_url=f"{candela.origin}/proxy/anthropic/v1", max_retries=0) as sdk,
    ):
        await sdk.chat.completions.create(model=MODEL, messages=[HI])
    assert b"cache_control" not in (await vertex.prediction()).body


async def test_an_answer_to_a_schema_is_parsed(sdk: AsyncOpenAI, vertex: Vertex) -> None:
    class Place(BaseModel):
        name: str

    vertex.answer(whole_message(text('{"name": "Rome"}')))
    completion = await sdk.chat.completions.parse(model=MODEL, messages=[HI], response_format=Place)
    assert completion.choices[0].message.parsed == Place(name="Rome")
    schema = (await vertex.prediction()).json["output_config"]["format"]["schema"]
    assert schema["properties"]["name"]["type"] == "string"


async def test_a_schema_that_vertex_would_not_keep_to_is_refused_and_not_forgotten(
    sdk: AsyncOpenAI, vertex: Vertex
) -> None:
    schema: Any = {"name": "x", "strict": True, "schema": {"type": "object"}}
    wanted: Any = {"type": "json_schema", "json_schema": schema}
    vertex.refused_fields.add("output_config")
    for _ in range(2):
        with pytest.raises(openai.BadRequestError, match="structured outputs") as caught:
            await sdk.chat.completions.create(model=MODEL, messages=[HI], response_format=wanted)
        assert caught.value.param == "response_format"
    assert len(vertex.predictions) == 1


async def test_a_request_that_claude_can_not_answer_is_refused_before_it_goes_anywhere(
    sdk: AsyncOpenAI, vertex: Vertex
) -> None:
    with pytest.raises(openai.BadRequestError, match="one choice") as caught:
        await sdk.chat.completions.create(model=MODEL, messages=[HI], n=2)
    assert caught.value.param == "n"
    assert caught.value.type == "invalid_request_error"
    assert vertex.predictions == []


async def test_a_quota_that_is_used_up_is_a_rate_limit(sdk: AsyncOpenAI, vertex: Vertex) -> None:
    vertex.answer(vertex.throttled())
    with pytest.raises(openai.RateLimitError, match="Quota exceeded") as caught:
        await sdk.chat.completions.create(model=MODEL, messages=[HI])
    assert caught.value.code == "rate_limit_exceeded"


async def test_a_prompt_that_is_too_long_has_the_code_that_clients_look_for(sdk: AsyncOpenAI, vertex: Vertex) -> None:
    vertex.answer(vertex.model_error(400, "prompt is too long: 1000001 tokens > 1000000 maximum"))
    with pytest.raises(openai.BadRequestError, match="prompt is too long") as caught:
        await chunks_of(sdk)
    assert caught.value.code == "context_length_exceeded"


@pytest.mark.parametrize("model", ["claude-none", "gpt-4o"])
async def test_a_model_that_vertex_does_not_have_is_not_found(sdk: AsyncOpenAI, model: str) -> None:
    with pytest.raises(openai.NotFoundError, match=model):
        await sdk.chat.completions.create(model=model, messages=[HI])


async def test_an_error_in_mid_stream_is_raised(sdk: AsyncOpenAI, vertex: Vertex) -> None:
    steps = [*list(message(text("one")).steps)[:4], error_event("overloaded_error", "Overloaded")]
    vertex.answer(message(text("one")).but(steps=steps))
    with pytest.raises(openai.APIError, match="Overloaded") as caught:
        await chunks_of(sdk)
    assert caught.value.type == "overloaded_error"


async def test_a_stream_that_google_breaks_off_breaks_off(sdk: AsyncOpenAI, vertex: Vertex) -> None:
    vertex.answer(message(text("one", CLOSE)))
    with pytest.raises(openai.APIConnectionError):
        await chunks_of(sdk)


async def test_a_stream_that_ends_early_is_broken_off(
    over_vertex: RunningProxy, sdk: AsyncOpenAI, vertex: Vertex
) -> None:
    """A client takes a stream that ends in good order for a whole one, with or without [DONE]."""
    vertex.answer(message(text("one")).but(steps=list(message(text("one")).steps)[:4]))
    with pytest.raises(openai.APIConnectionError):
        await chunks_of(sdk)
    exchange = await over_vertex.exchange()
    assert exchange.outcome is Outcome.CUT
    assert exchange.cost is not None
    assert exchange.cost.at_least


GZIP = (("Content-Type", "application/json"), ("Content-Encoding", "gzip"))


def _document(**changes: Any) -> Answer:
    return whole_message(text("one")).but(**changes)


@pytest.mark.parametrize(
    ("answer", "outcome", "words"),
    [
        (_document(steps=[b'{"type":"message","id":"m","mod']), Outcome.CUT, "in the middle of its JSON"),
        (_document(steps=[gzip.compress(b"{}")[:-3]], headers=GZIP), Outcome.CUT, "gzip encoding is cut short"),
        (_document(steps=[b"<title>Sign in</title>"]), Outcome.ERROR, "Sign in"),
        (_document(steps=[b'{"success":false,"msg":"no quota"}']), Outcome.ERROR, "no quota"),
        (_document(steps=[b'{"error":{"message":"busy"}}']), Outcome.ERROR, "busy"),
    ],
)
async def test_an_answer_that_is_not_whole_never_arrives_as_one(
    over_vertex: RunningProxy, sdk: AsyncOpenAI, vertex: Vertex, answer: Answer, outcome: Outcome, words: str
) -> None:
    vertex.answer(answer)
    with pytest.raises(openai.APIConnectionError):
        await sdk.chat.completions.create(model=MODEL, messages=[HI])
    exchange = await over_vertex.exchange()
    assert exchange.error is not None
    assert exchange.outcome is outcome
    assert words in exchange.error.message
    assert exchange.unread is not None or outcome is Outcome.ERROR


async def test_a_token_that_google_refuses_is_renewed_and_the_question_asked_again(
    sdk: AsyncOpenAI, vertex: Vertex
) -> None:
    await sdk.chat.completions.create(model=MODEL, messages=[HI])
    vertex.revoke_tokens()
    assert said(await chunks_of(sdk)) == "Hi there"
    assert vertex.tokens_issued == 2


async def test_what_vertex_does_not_know_is_left_out_and_the_question_asked_again(
    sdk: AsyncOpenAI, vertex: Vertex, over_vertex: RunningProxy
) -> None:
    vertex.refused_fields.add("metadata")
    await sdk.chat.completions.create(model=MODEL, messages=[HI], user="u-1", seed=5)
    assert ["metadata" in request.json for request in vertex.predictions] == [True, False]
    adaptations = [(adaptation.what, adaptation.name) for adaptation in (await over_vertex.exchange()).adaptations]
    assert adaptations[0] == ("field", "seed")
    assert ("retry", "metadata") in adaptations


async def test_the_exchange_tells_both_sides(sdk: AsyncOpenAI, vertex: Vertex, over_vertex: RunningProxy) -> None:
    vertex.answer(message(text("one"), usage=usage(3, read=5), output_tokens=11, model=MODEL))
    await chunks_of(sdk, temperature=0.5)
    exchange = await over_vertex.exchange()
    assert (exchange.route, exchange.dialect, exchange.provider) == ("anthropic", "openai", "vertex")
    assert (exchange.kind, exchange.model, exchange.streamed) == (Kind.MESSAGES, MODEL, True)
    assert (exchange.outcome, exchange.stop_reason) == (Outcome.OK, "end_turn")
    assert exchange.usage is not None
    assert (exchange.usage.prompt_tokens, exchange.usage.output_tokens) == (8, 11)
    assert exchange.cost is not None
    assert [adaptation.name for adaptation in exchange.adaptations] == ["temperature", "cache_control"]
    recording = over_vertex.feed.recording(exchange.id)
    assert recording is not None
    assert recording.provider is not None
    assert json.loads(recording.request)["temperature"] == 0.5
    assert json.loads(recording.provider.request)["anthropic_version"] == "vertex-2023-10-16"
    assert b"".join(recording.provider.chunks) == vertex.predictions[0].sent
    assert b"".join(recording.chunks).endswith(b"data: [DONE]\n\n")


async def test_both_sdks_list_the_same_models(sdk: AsyncOpenAI, over_vertex: RunningProxy) -> None:
    for_openai = (await sdk.models.list()).data
    async with AsyncAnthropic(api_key=KEY, base_url=over_vertex.origin + "/proxy/anthropic") as anthropic:
        for_anthropic = (await anthropic.models.list()).data
    assert [model.id for model in for_openai] == [model.id for model in for_anthropic]
    assert MODEL in {model.id for model in for_openai}
    assert {(model.object, model.owned_by) for model in for_openai} == {("model", "anthropic")}
    assert (await sdk.models.retrieve(MODEL)).id == MODEL
    async with aiohttp.ClientSession() as http, http.get(f"{over_vertex.origin}/proxy/anthropic/v1/models") as answer:
        assert (await answer.json())["object"] == "list"


async def test_messages_pass_on_the_same_route(over_vertex: RunningProxy, vertex: Vertex) -> None:
    async with AsyncAnthropic(api_key=KEY, base_url=over_vertex.origin + "/proxy/anthropic") as anthropic:
        question: Any = {"model": MODEL, "max_tokens": 9, "messages": [HI]}
        answer = await anthropic.messages.create(**question)
        counted = await anthropic.messages.count_tokens(model=MODEL, messages=[HI])
    assert answer.content[0].type == "text"
    assert answer.content[0].text == "Hi there"
    assert counted.input_tokens == 2095
    assert (await vertex.prediction()).json["messages"] == [HI]


async def test_other_apis_of_openai_are_said_not_to_be_there(sdk: AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="chat/completions"):
        await sdk.embeddings.create(model="x", input="x")
    with pytest.raises(openai.NotFoundError, match="chat/completions"):
        await sdk.responses.create(model=MODEL, input="hi")


class _Bedrock:
    """An upstream whose answers are no Messages stream by themselves."""

    async def attempt(self, asked: ClientRequest) -> Attempt:
        return Attempt(
            request=ProviderRequest("POST", "http://bedrock.test", asked.headers, asked.body),
            translate=lambda _, headers: InvokeStream(headers),
        )

    async def close(self) -> None:
        pass


async def test_an_answer_that_another_upstream_translates_is_translated_on() -> None:
    body = json.dumps({"model": MODEL, "messages": [HI], "stream": True}).encode()
    step = await OpenAi(_Bedrock()).attempt(ClientRequest("POST", "/v1/chat/completions", [], body))
    assert isinstance(step, Attempt)
    assert step.translate is not None
    translation = step.translate(200, [("Content-Type", EVENT_STREAM), ("x-amzn-RequestId", "r-1")])
    events = [json.loads(step.split(b"data: ")[1]) for step in message(text("one")).steps if isinstance(step, bytes)]
    out = b"".join(translation.feed(frame) for frame in chunks(events)) + translation.finish()
    assert b'"content":"one"' in out
    assert out.endswith(b"data: [DONE]\n\n")
    assert translation.over
    assert ("outputTokenCount", "15") in translation.metrics
    assert ("x-request-id", "r-1") in translation.headers
