"""What is recorded of an exchange."""

import contextlib
import gzip
import json
import zlib
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.config import PricingSettings
from candela_tui.exchange import Difference, Outcome
from candela_tui.pricing import Pricer
from candela_tui.protocol.kind import Kind
from candela_tui.providers.upstream import Attempt, ClientRequest, ProviderRequest
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.proxy.capture.record import ExchangeRecord
from tests.proxy.running import BODY, RunningProxy, WireClient, route_speaking
from tests.standin import CLOSE, STALL, Answer, Gate, Provider, message, text, thinking, tool_use, usage, whole_message
from tests.standin.answers import Block

SECRET = "sk-ant-api03-very-secret"
PLAIN_SECRET = "1234-very-secret"
PRICER = Pricer(PricingSettings())


async def test_who_asked_what_and_what_it_cost(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    provider.answer(
        message(
            thinking("hm"),
            tool_use("Bash", {"command": "ls"}),
            model="claude-opus-4-8",
            usage=usage(12, read=4096, write_5m=1024, write_1h=2048),
            output_tokens=15,
            headers=[("request-id", "req_42"), ("anthropic-ratelimit-unified-status", "allowed")],
        )
    )
    headers = {
        "X-Claude-Code-Session-Id": "s-1",
        "x-claude-code-agent-id": "a-1",
        "x-claude-code-parent-agent-id": "a-0",
        "X-Stainless-Retry-Count": "2",
    }
    async with client.post(f"{candela.url}/v1/messages?beta=true", data=BODY, headers=headers) as answer:
        await answer.read()
    exchange = await candela.exchange()
    assert (exchange.session_id, exchange.agent_id, exchange.parent_agent_id) == ("s-1", "a-1", "a-0")
    assert (exchange.kind, exchange.route, exchange.dialect) == (Kind.MESSAGES, "anthropic-direct", "messages")
    assert (exchange.model, exchange.model_used, exchange.stop_reason) == (
        "claude-opus-4-8",
        "claude-opus-4-8",
        "tool_use",
    )
    assert (exchange.request_id, exchange.retry, exchange.status) == ("req_42", 2, 200)
    assert exchange.rate_limits == (("anthropic-ratelimit-unified-status", "allowed"),)
    assert exchange.cost is not None
    # The figure that Claude Code itself prints for this usage.
    assert exchange.cost.total == Decimal("0.029363")
    marks = exchange.marks
    assert marks.connected is not None
    assert marks.first_byte is not None
    assert marks.first_token is not None
    assert marks.end is not None
    assert 0 <= marks.connected <= marks.first_byte <= marks.first_token <= marks.end
    assert (exchange.request_bytes, exchange.response_bytes) == (len(BODY), len((await provider.request(0)).sent))


def test_the_first_token_came_with_the_chunk_that_brought_it_however_many_are_read_at_once() -> None:
    raw = RawExchange(ClientRequest("POST", "/v1/messages", [], BODY))
    raw.answered(200, [("Content-Type", "text/event-stream")])
    for step in message(text("Once", " upon", " a", " time")).steps:
        assert isinstance(step, bytes)
        raw.chunk(step)
    record = ExchangeRecord(raw)
    record.fold()
    record.snapshot(PRICER)
    brought = next(place for place, chunk in enumerate(raw.recording.chunks) if b"Once" in chunk)
    assert not record.behind
    assert record.exchange.marks.first_token == raw.recording.times[brought]


async def test_the_client_leaving_right_after_message_stop_is_an_ordinary_end(
    candela: RunningProxy, provider: Provider
) -> None:
    whole = message(text("done"))
    provider.answer(whole.but(steps=[*whole.steps, STALL]))
    async with WireClient(candela.port) as wire:
        await wire.post()
        await wire.until(b'message_stop"}\n\n')
    await (await provider.request(0)).left()
    assert (await candela.exchange()).outcome is Outcome.OK


async def test_a_live_exchange_is_seen_with_what_has_come(candela: RunningProxy, provider: Provider) -> None:
    gate = Gate()
    provider.answer(message(text("twelve chars", gate, ", more")))
    async with WireClient(candela.port) as wire:
        await wire.post()
        live = await candela.exchange(lambda exchange: exchange.live and exchange.output_characters == 12)
        assert live.cost is not None
        assert live.cost.at_least
        recording = candela.feed.recording(live.id)
        assert recording is not None
        assert b"twelve chars" in b"".join(recording.chunks)
        assert recording.request == BODY
        gate.open()
        await wire.until(b"message_stop")
    ended = await candela.exchange()
    assert ended.cost is not None
    assert not ended.cost.at_least


async def test_no_secret_reaches_the_record_or_the_store(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    headers = {"x-api-key": SECRET, "Authorization": f"Bearer {SECRET}", "Cookie": f"a={SECRET}"}
    provider.answer(message(text("x"), headers=[("Set-Cookie", f"s={SECRET}")]))
    async with client.post(
        f"{candela.url}/v1/messages?key={SECRET}&api_key={PLAIN_SECRET}&x={SECRET}", data=BODY, headers=headers
    ) as answer:
        await answer.read()
    assert (await provider.request(0)).header("x-api-key") == SECRET
    exchange = await candela.exchange()
    assert "very-secret" not in repr(exchange)
    await candela.stop(1)
    assert "very-secret" not in repr(candela.reader.exchange(exchange.id))
    stored = [file.read_bytes() for file in tmp_path.glob("candela.db*")]
    assert stored
    assert not any(b"very-secret" in file for file in stored)


async def test_the_session_gets_its_title_directory_and_branch(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    title = {
        "model": "claude-haiku-4-5",
        "stream": True,
        "system": "Generate a concise, sentence-case title",
        "messages": [{"role": "user", "content": "fix it"}],
        "output_config": {"format": {"type": "json_schema", "schema": {"properties": {"title": {"type": "string"}}}}},
    }
    turn = {
        "model": "claude-opus-4-8",
        "stream": True,
        "system": [
            {"type": "text", "text": "# Environment\n - Primary working directory: /src/api\nCurrent branch: fix"}
        ],
        "messages": [{"role": "user", "content": "<system-reminder>x</system-reminder>please fix the flaky test"}],
        "tools": [{"name": "Bash"}],
    }
    provider.answer(message(text('{"title": "Fix flaky test"}')), message(text("ok")))
    for document in (title, turn):
        headers = {"X-Claude-Code-Session-Id": "s-9"}
        async with client.post(f"{candela.url}/v1/messages", data=json.dumps(document), headers=headers) as answer:
            await answer.read()
    await candela.ended(2)
    asked_title = await candela.exchange(lambda exchange: exchange.kind is Kind.TITLE and not exchange.live)
    asked_turn = await candela.exchange(lambda exchange: exchange.kind is Kind.MESSAGES and not exchange.live)
    assert asked_title.session_title == "Fix flaky test"
    assert asked_turn.clues is not None
    assert (asked_turn.clues.title, asked_turn.clues.cwd, asked_turn.clues.git_branch) == (
        "please fix the flaky test",
        "/src/api",
        "fix",
    )


async def test_a_store_that_cannot_be_written_does_not_touch_the_request(
    provider: Provider, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    (tmp_path / "candela.db").mkdir()
    async with RunningProxy(provider.url, tmp_path, flush_s=0.5) as candela:
        async with client.post(f"{candela.url}/v1/messages", data=BODY) as answer:
            assert await answer.read() == (await provider.request(0)).sent
        assert (await candela.exchange()).outcome is Outcome.OK
    assert any("candela.db" in problem for problem in candela.problems)


async def test_a_sink_that_raises_does_not_touch_the_request_and_is_told(
    provider: Provider, client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    async with RunningProxy(provider.url, tmp_path) as candela:

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        candela._writer.begin = candela._writer.end = full  # type: ignore[assignment,method-assign]
        for _ in range(2):
            async with client.post(f"{candela.url}/v1/messages", data=BODY) as answer:
                assert await answer.read() == provider.requests[-1].sent
        assert {exchange.outcome for exchange in await candela.ended(2)} == {Outcome.OK}
        assert any("StoreSink failed" in notice for notice in candela.notices)


def _recorded(chunks: list[bytes], body: bytes, status: int, headers: list[tuple[str, str]]) -> ExchangeRecord:
    raw = RawExchange(ClientRequest("POST", "/v1/messages", [], body))
    raw.answered(status, headers)
    for chunk in chunks:
        raw.chunk(chunk)
    raw.ended()
    record = ExchangeRecord(raw)
    record.read_request()
    while record.unread:
        record.read_on()
    while record.behind:
        record.fold()
    record.snapshot(PRICER)
    return record


@given(
    st.lists(st.binary(max_size=80), max_size=8),
    st.binary(max_size=200),
    st.sampled_from([100, 200, 204, 400, 529, 999]),
    st.sampled_from(["", "gzip", "br", "zstd", "deflate", "odd, gzip"]),
    st.sampled_from(["text/event-stream", "application/json", "", "\udc80"]),
)
def test_no_bytes_can_crash_the_capture(
    chunks: list[bytes], body: bytes, status: int, encoding: str, content_type: str
) -> None:
    headers = [("content-encoding", encoding), ("content-type", content_type)]
    record = _recorded(chunks, body, status, headers)
    assert not record.exchange.live
    assert record.exchange.response_bytes == sum(map(len, chunks))


STREAM = b"".join(
    step for step in message(thinking("hmm"), text("naïve ☕"), output_tokens=31).steps if isinstance(step, bytes)
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_any_split_of_a_stream_gives_the_same_record(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    chunks = [STREAM[a:b] for a, b in pairwise(edges)]
    headers = [("content-type", "text/event-stream")]
    split = _recorded(chunks, BODY, 200, headers).exchange
    whole = _recorded([STREAM], BODY, 200, headers).exchange
    for name in (
        "outcome",
        "usage",
        "cost",
        "stop_reason",
        "model_used",
        "output_characters",
        "error",
        "response_bytes",
    ):
        assert getattr(split, name) == getattr(whole, name)


@given(st.data(), st.sampled_from(["", "gzip", "deflate"]), st.booleans())
def test_an_answer_is_decoded_by_its_head_whenever_the_capture_looks(
    data: st.DataObject, encoding: str, translated: bool
) -> None:
    """Both the client's bytes and, where candela maps them to chat completions, the provider's."""
    packed = {"": STREAM, "gzip": gzip.compress(STREAM), "deflate": zlib.compress(STREAM)}[encoding]
    half = len(packed) // 2
    headers = [("content-type", "text/event-stream"), *([("content-encoding", encoding)] if encoding else [])]
    path, dialect = ("/v1/chat/completions", "openai") if translated else ("/v1/messages", "messages")
    raw = RawExchange(ClientRequest("POST", path, [], BODY, route_speaking(dialect)))
    attempt = Attempt(request=ProviderRequest("POST", "http://p/v1/messages", [], b"{}"))
    record = ExchangeRecord(raw)
    record.read_request()

    def answered() -> None:
        if translated:
            raw.provider_answered(200, headers)
        raw.answered(200, [("content-type", "text/plain")] if translated else headers)

    def came(part: bytes) -> None:
        if translated:
            raw.received(part)
            raw.chunk(b"data: {}")
        else:
            raw.chunk(part)

    steps = [lambda: raw.attempted(attempt), answered, lambda: came(packed[:half]), lambda: came(packed[half:])]
    for step in [*steps, raw.ended]:
        for _look in range(data.draw(st.integers(0, 2))):
            while record.behind:
                record.fold()
            record.snapshot(PRICER)
        step()
    while record.behind:
        record.fold()
    record.snapshot(PRICER)
    exchange = record.exchange
    assert (exchange.outcome, exchange.error, record.notice) == (Outcome.OK, None, None)
    assert exchange.usage is not None
    assert exchange.usage.output_tokens == 31
    assert exchange.marks.first_token is not None


@pytest.mark.parametrize("kind", ["cut", "whole"])
def test_a_cost_is_at_least_where_the_usage_is_only_the_placeholder(kind: str) -> None:
    data = STREAM if kind == "whole" else STREAM[: STREAM.index(b"event: message_delta")]
    cost = _recorded([data], BODY, 200, [("content-type", "text/event-stream")]).exchange.cost
    assert cost is not None
    assert cost.at_least is (kind == "cut")


async def test_an_answer_that_is_no_http_is_told_in_one_line_that_quotes_neither_it_nor_the_query(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    provider.answer(message(text("never"), headers=[("set cookie", "very-secret")]))
    async with client.post(f"{candela.url}/v1/messages?key={SECRET}", data=BODY) as answer:
        assert answer.status == 502
        words = (await answer.json())["error"]["message"]
    exchange = await candela.exchange()
    assert exchange.error is not None
    assert exchange.error.message == words
    assert "not valid HTTP" in words
    assert "\n" not in words
    assert "very-secret" not in words
    assert "very-secret" not in caplog.text


async def test_an_exchange_that_cannot_be_read_is_recorded_as_the_relay_saw_it(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: ExchangeRecord) -> None:
        raise RuntimeError("a fault of the decoder")

    monkeypatch.setattr(ExchangeRecord, "fold", broken)
    async with client.post(f"{candela.url}/v1/messages", data=BODY) as answer:
        body = await answer.read()
    exchange = await candela.exchange()
    assert (exchange.outcome, exchange.status) == (Outcome.OK, 200)
    await candela.stop(1)
    assert candela.reader.response_body(exchange.id) == body == provider.requests[0].sent
    assert len([notice for notice in candela.notices if "could not be recorded" in notice]) == 1


def _asking(ttl: str | None) -> bytes:
    mark = {"type": "ephemeral"} if ttl is None else {"type": "ephemeral", "ttl": ttl}
    block = {"type": "text", "text": "You are a reef.", "cache_control": mark}
    return json.dumps({**json.loads(BODY), "system": [block]}).encode()


async def test_what_the_cache_saved_and_which_lifetime_was_asked_and_served(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    served = usage(12, read=1_000_000, write_5m=1000)
    provider.answer(message(text("ok"), model="claude-opus-4-8", usage=served))
    async with client.post(f"{candela.url}/v1/messages", data=_asking("1h")) as answer:
        await answer.read()
    exchange = await candela.exchange()
    assert exchange.cache_ttls == ("1h",)
    assert exchange.differences == (Difference("cache_ttl", "1h", "5m"),)
    # 4.5 USD for reading a million tokens, less a quarter more than the input price for writing a thousand.
    assert exchange.saved == Decimal("4.5") - Decimal("0.00125")


async def test_a_cost_that_is_not_sure_says_why(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    provider.answer(message(text("ok"), model="claude-opus-4-8", usage={**usage(12), "service_tier": "priority"}))
    async with client.post(f"{candela.url}/v1/messages", data=BODY) as answer:
        await answer.read()
    (note,) = (await candela.exchange()).cost_notes
    assert "priority tier" in note


async def test_a_delegated_task_is_found_again_in_the_requests_of_the_sub_agent(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    prompt = "<system-reminder>be brief</system-reminder>\nCount the files\n\nhere. " + "Look everywhere. " * 30
    call = {"description": "Count files", "prompt": prompt, "subagent_type": "Explore"}
    provider.answer(
        message(tool_use("Bash", {"command": "ls"}), tool_use("Agent", call), tool_use("Agent", {"prompt": 7})),
        *(message(text("ok")) for _ in range(2)),
    )
    begun = {"role": "user", "content": [{"type": "text", "text": prompt}]}
    of_agent = json.dumps({**json.loads(BODY), "messages": [begun]}).encode()
    session = {"X-Claude-Code-Session-Id": "s-1"}
    for body, more in ((BODY, {}), *((of_agent, {"x-claude-code-agent-id": "a-1"}) for _ in range(2))):
        async with client.post(f"{candela.url}/v1/messages", data=body, headers={**session, **more}) as answer:
            await answer.read()
    main, first, second = sorted(await candela.ended(3), key=lambda each: each.id)
    assert main.tools_called == ("Bash", "Agent")
    (delegation,) = main.delegations
    assert (delegation.agent_type, delegation.description) == ("Explore", "Count files")
    assert delegation.task == first.task
    assert main.task is None
    # The first request of an agent tells it; the others need not be searched again.
    assert second.task is None


@pytest.mark.parametrize(
    ("blocks", "usd", "note"),
    [
        # Anthropic bills no refusal before any output, though its usage has the whole prompt.
        ([], Decimal(0), "refused before any output: not billed"),
        ([text("")], Decimal(0), "refused before any output: not billed"),
        ([text("I will")], Decimal("1.06005"), None),
    ],
)
@pytest.mark.parametrize("streamed", [True, False])
async def test_a_refusal_is_billed_only_amid_output(
    candela: RunningProxy,
    provider: Provider,
    client: aiohttp.ClientSession,
    streamed: bool,
    blocks: list[Block],
    usd: Decimal,
    note: str | None,
) -> None:
    make = message if streamed else whole_message
    refusal = {"usage": usage(106_000), "output_tokens": 1, "stop_reason": "refusal"}
    provider.answer(make(*blocks, model="claude-fable-5", **refusal))
    async with client.post(f"{candela.url}/v1/messages", data=BODY) as answer:
        await answer.read()
    exchange = await candela.exchange()
    assert exchange.cost is not None
    assert (exchange.cost.total, exchange.cost.at_least) == (usd, False)
    assert exchange.cost_notes == ((note,) if note else ())


async def test_an_attempt_that_declined_amid_its_output_is_billed_beside_the_answer(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    attempts = [
        {"type": "message", "model": "claude-fable-5", **usage(50_000, 2_000)},
        {"type": "fallback_message", "model": "claude-opus-4-8", **usage(51_000, 300)},
    ]
    final = {**usage(51_000, 300), "iterations": attempts}
    provider.answer(message(text("ok"), model="claude-fable-5", usage=usage(50_000), final_usage=final))
    async with client.post(f"{candela.url}/v1/messages", data=_of_model("claude-fable-5")) as answer:
        await answer.read()
    exchange = await candela.exchange()
    assert exchange.cost is not None
    assert (exchange.cost.total, exchange.cost.at_least) == (Decimal("0.8625"), False)
    assert exchange.differences == (Difference("model", "claude-fable-5", "claude-opus-4-8"),)


REFUSED = message(model="claude-fable-5", usage=usage(106_000), output_tokens=1, stop_reason="refusal")
CLAUDE_CODE = {"User-Agent": "claude-cli/2.1.332 (external, cli)"}


@pytest.mark.parametrize(
    ("answer", "counted"),
    [
        (REFUSED, "1.06005"),
        # It prices the model that it asked for.
        (message(text("ok"), model="claude-haiku-4-5", usage=usage(100_000), output_tokens=1000), "1.05"),
        (message(text("ok"), model="local-llama", usage=usage(100_000), output_tokens=1000), "1.05"),
        (message(text("ok"), model="claude-fable-5", usage=usage(100_000), output_tokens=1000), None),
        # How it goes on from here decides what it counts.
        (message(text("ok", CLOSE), model="claude-haiku-4-5", usage=usage(100_000)), None),
    ],
)
async def test_what_the_client_counts_is_kept_where_that_is_not_the_bill(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession, answer: Answer, counted: str | None
) -> None:
    provider.answer(answer)
    body = _of_model("claude-fable-5")
    with contextlib.suppress(aiohttp.ClientPayloadError):
        async with client.post(f"{candela.url}/v1/messages", data=body, headers=CLAUDE_CODE) as got:
            await got.read()
    exchange = await candela.exchange()
    assert exchange.client_cost == (None if counted is None else Decimal(counted))
    await candela.stop(0)
    [stored] = candela.reader.exchanges()
    assert stored.client_cost == exchange.client_cost


@pytest.mark.parametrize("in_use", ["true", "false"])
async def test_extra_usage_of_a_subscription_is_a_bill(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession, in_use: str
) -> None:
    provider.answer(message(text("ok"), headers=[("anthropic-ratelimit-unified-overage-in-use", in_use)]))
    token = {"Authorization": "Bearer sk-ant-oat01-0000"}
    async with client.post(f"{candela.url}/v1/messages", data=BODY, headers=token) as got:
        await got.read()
    assert (await candela.exchange()).subscription is (in_use == "false")


async def test_of_another_client_nothing_is_known(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    provider.answer(REFUSED)
    async with client.post(f"{candela.url}/v1/messages", data=_of_model("claude-fable-5")) as got:
        await got.read()
    assert (await candela.exchange()).client_cost is None


def _of_model(name: str) -> bytes:
    return json.dumps({**json.loads(BODY), "model": name}).encode()
