"""Requests of programs that name no session are grouped by program and conversation."""

import json
from typing import Any

import aiohttp
import anthropic
import msgspec
import openai

from candela_tui.ledger.ledger import Ledger
from candela_tui.ledger.names import session_title
from candela_tui.protocol.kind import Kind
from candela_tui.proxy.capture.conversations import Conversations
from candela_tui.reports.records import session_record
from tests.proxy.running import RunningProxy
from tests.standin import Provider, text, whole_message
from tests.standin.vertex import Vertex

MODEL = "claude-opus-4-8"


def turn(*spoken: str) -> list[dict[str, Any]]:
    return [{"role": ("user", "assistant")[place % 2], "content": words} for place, words in enumerate(spoken)]


async def ask(client: anthropic.AsyncAnthropic, *spoken: str) -> None:
    await client.messages.create(model=MODEL, max_tokens=64, messages=turn(*spoken))  # type: ignore[arg-type]


async def test_conversations_of_one_program_are_sessions_of_their_own(
    candela: RunningProxy, provider: Provider
) -> None:
    for words in "abcde":
        provider.answer(whole_message(text(words), model=MODEL))
    async with anthropic.AsyncAnthropic(api_key="sk-ant-test-0", base_url=candela.url) as client:
        await ask(client, "fix the parser")
        await ask(client, "write the docs")
        await ask(client, "fix the parser", "a", "and its tests")
        await ask(client, "write the docs", "b", "shorter")
        await ask(client, "fix the parser", "a", "and its tests", "c", "thanks")
    exchanges = await candela.ended(5)
    first, second = (each.id for each in exchanges[:2])
    assert [each.session_id for each in exchanges] == [first, second, first, second, first]
    assert all(each.inferred == ("session_id",) for each in exchanges)
    titles = {each.session_id: session_title(each) for each in Ledger.of(exchanges).sessions()}
    assert titles == {
        first: "AsyncAnthropic/Python · fix the parser",
        second: "AsyncAnthropic/Python · write the docs",
    }
    assert {str(session_record(each)["title"]) for each in Ledger.of(exchanges).sessions()} == set(titles.values())


async def test_the_same_words_of_two_programs_are_two_conversations(candela: RunningProxy, provider: Provider) -> None:
    for _ in range(2):
        provider.answer(whole_message(text("hello"), model=MODEL))
    async with aiohttp.ClientSession() as client:
        for program in ("curl/8.14.1", "HTTPie/3.2.4"):
            body = {"model": MODEL, "max_tokens": 64, "messages": turn("hi")}
            async with client.post(f"{candela.url}/v1/messages", json=body, headers={"User-Agent": program}) as answer:
                assert answer.status == 200
    exchanges = await candela.ended(2)
    assert len({each.session_id for each in exchanges}) == 2
    assert sorted(session_title(each) for each in Ledger.of(exchanges).sessions()) == ["HTTPie · hi", "curl · hi"]


async def test_lists_counts_and_probes_belong_to_no_conversation(candela: RunningProxy, provider: Provider) -> None:
    async with aiohttp.ClientSession() as client:
        body = {"model": MODEL, "messages": turn("hi")}
        async with client.post(f"{candela.url}/v1/messages/count_tokens", json=body) as answer:
            await answer.read()
        async with client.get(f"{candela.url}/v1/models") as answer:
            await answer.read()
        async with client.head(f"{candela.url}/") as answer:
            await answer.read()
    exchanges = await candela.ended(3)
    assert {each.kind for each in exchanges} == {Kind.COUNT_TOKENS, Kind.MODELS, Kind.PROBE}
    assert all(each.session_id is None and each.inferred == () for each in exchanges)
    assert Ledger.of(exchanges).sessions() == []


async def test_chat_completions_are_conversations_too(over_vertex: RunningProxy, vertex: Vertex) -> None:
    said: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "fix the parser"}]
    base_url = f"{over_vertex.origin}/proxy/anthropic/v1"
    async with openai.AsyncOpenAI(api_key="not-used", base_url=base_url) as client:
        for words in ("done", "gladly"):
            vertex.answer(whole_message(text(words)))
            answer = await client.chat.completions.create(model=MODEL, messages=said)
            said += [{"role": "assistant", "content": answer.choices[0].message.content}]
            said += [{"role": "user", "content": "go on"}]
    exchanges = await over_vertex.ended(2)
    assert [each.session_id for each in exchanges] == [exchanges[0].id] * 2
    assert session_title(Ledger.of(exchanges).sessions()[0]) == "AsyncOpenAI/Python · fix the parser"


async def test_claude_codes_own_session_is_not_touched(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    provider.answer(whole_message(text("hello"), model=MODEL))
    body = {"model": MODEL, "messages": turn("hi"), "metadata": {"user_id": json.dumps({"session_id": "s-1"})}}
    async with client.post(f"{candela.url}/v1/messages", json=body) as answer:
        await answer.read()
    exchange = await candela.exchange()
    assert (exchange.session_id, exchange.inferred) == ("s-1", ())


def test_only_so_many_conversations_are_remembered() -> None:
    conversations = Conversations()
    for number in range(10_001):
        conversations.join("curl/8", [msgspec.Raw(b'{"role":"user","content":"%d"}' % number)], str(number))
    assert len(conversations._known) == 10_000
    first = [msgspec.Raw(b'{"role":"user","content":"0"}')]
    assert conversations.join("curl/8", first, "again") == "again"
