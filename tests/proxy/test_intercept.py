"""A request that an intercept matches waits until it is let go, edited or not; whatever happens, it can go on."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from candela_tui.api_root import API_ROOT
from candela_tui.exchange import Exchange, Outcome
from candela_tui.proxy.intercept import intercepts as holding
from candela_tui.store.reader import StoreReader
from tests.proxy.running import BODY, PATIENCE_S, RunningProxy, WireClient, running
from tests.standin import Provider, message, text, tool_use

EDITED = json.dumps(json.loads(BODY) | {"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "bye"}]})
END = b"0\r\n\r\n"


@pytest.fixture
async def program(candela: RunningProxy) -> AsyncIterator[aiohttp.ClientSession]:
    """A program that has the token."""
    token = candela.paths.token.read_text().strip()
    base = f"{candela.origin}{API_ROOT}/"
    async with aiohttp.ClientSession(base, headers={"Authorization": f"Bearer {token}"}) as session:
        yield session


@asynccontextmanager
async def intercepting(program: aiohttp.ClientSession, wanted: str) -> AsyncIterator[None]:
    """Hold what the filter matches, from a connection of its own."""
    async with program.post("intercept", json={"filter": wanted}) as response:
        assert response.status == 200
        async with asyncio.timeout(PATIENCE_S):
            assert (await response.content.readuntil(b"\n\n")).startswith(b"event: intercept")
        yield


async def release(program: aiohttp.ClientSession, exchange_id: str, body: str | None = None) -> tuple[int, Any]:
    """Let a request go; the status and what is said."""
    async with program.post(f"held/{exchange_id}", data=body) as response:
        return response.status, await response.json()


async def held(candela: RunningProxy, *but: str) -> Exchange:
    """The next request that is held, besides these."""
    return await candela.exchange(lambda exchange: exchange.held and exchange.id not in but)


def stored(candela: RunningProxy) -> StoreReader:
    return candela.reader


async def test_a_request_waits_until_it_is_let_go_and_then_goes_on_byte_for_byte(
    candela: RunningProxy, provider: Provider, program: aiohttp.ClientSession
) -> None:
    provider.answer(message(text("hello")))
    async with intercepting(program, "model:opus kind:messages"), WireClient(candela.port) as client:
        await client.post()
        waiting = await held(candela)
        assert not provider.requests
        assert waiting.model == "claude-opus-4-8"
        assert await release(program, waiting.id) == (200, {"changed": False})
        await client.until(END)
    ended = await candela.exchange()
    assert ended.id == waiting.id
    assert ended.held_ms is not None
    assert not ended.held
    assert not ended.adaptations
    assert provider.requests[0].body == BODY
    assert candela.feed.recording(ended.id) is None or candela.feed.recording(ended.id).provider is None


async def test_what_was_edited_goes_on_instead_and_both_sides_are_kept(
    candela: RunningProxy, provider: Provider, program: aiohttp.ClientSession
) -> None:
    provider.answer(message(text("hello"), model="claude-haiku-4-5"))
    async with intercepting(program, "model:opus"), WireClient(candela.port) as client:
        await client.post()
        waiting = await held(candela)
        assert await release(program, waiting.id, EDITED) == (200, {"changed": True})
        await client.until(END)
    ended = await candela.exchange()
    assert provider.requests[0].json == json.loads(EDITED)
    assert [(each.what, each.name) for each in ended.adaptations] == [("edit", "model"), ("edit", "messages[0]")]
    assert (ended.model, ended.model_sent, ended.model_used) == (
        "claude-opus-4-8",
        "claude-haiku-4-5",
        "claude-haiku-4-5",
    )
    assert not ended.differences
    await candela.stored(ended.id)
    assert candela.reader.request_body(ended.id) == BODY
    assert candela.reader.provider_request_body(ended.id) == provider.requests[0].body
    assert candela.reader.exchange(ended.id).adaptations == ended.adaptations  # type: ignore[union-attr]


async def test_another_layout_of_the_same_body_changes_nothing(
    candela: RunningProxy, provider: Provider, program: aiohttp.ClientSession
) -> None:
    provider.answer(message(text("hello")))
    async with intercepting(program, "opus"), WireClient(candela.port) as client:
        await client.post()
        waiting = await held(candela)
        assert await release(program, waiting.id, json.dumps(json.loads(BODY), indent=2)) == (200, {"changed": False})
        await client.until(END)
    assert provider.requests[0].body == BODY


async def test_a_compressed_request_is_edited_in_plain_text(
    candela: RunningProxy, provider: Provider, program: aiohttp.ClientSession
) -> None:
    provider.answer(message(text("hello")))
    async with intercepting(program, "model:opus"), WireClient(candela.port) as client:
        await client.post(body=gzip.compress(BODY), headers="Content-Encoding: gzip\r\n")
        await release(program, (await held(candela)).id, EDITED)
        await client.until(END)
    assert provider.requests[0].json == json.loads(EDITED)
    assert provider.requests[0].header("content-encoding") is None


@pytest.mark.parametrize("body", ["{", "[]", '"text"', "null"])
async def test_what_is_no_json_object_is_refused_and_the_request_stays_held(
    candela: RunningProxy, provider: Provider, program: aiohttp.ClientSession, body: str
) -> None:
    provider.answer(message(text("hello")))
    async with intercepting(program, "model:opus"), WireClient(candela.port) as client:
        await client.post()
        waiting = await held(candela)
        status, said = await release(program, waiting.id, body)
        assert (status, said["error"]["message"]) == (400, "the body must be a JSON object")
        await release(program, waiting.id)
        await client.until(END)


async def test_two_requests_are_held_at_once_and_let_go_in_any_order(
    candela: RunningProxy, provider: Provider, program: aiohttp.ClientSession
) -> None:
    provider.answer(message(text("hello")), message(text("hello")))
    async with (
        intercepting(program, "model:opus"),
        WireClient(candela.port) as one,
        WireClient(candela.port) as other,
    ):
        await one.post()
        first = await held(candela)
        await other.post()
        second = await held(candela, first.id)
        async with program.get("intercept") as response:
            state = await response.json()
        assert state["filters"] == ["model:opus"]
        assert state["held"] == [first.id, second.id]
        await release(program, second.id)
        await other.until(END)
        await release(program, first.id)
        await one.until(END)


async def test_what_is_held_goes_on_when_the_connection_of_its_intercept_ends(
    candela: RunningProxy, provider: Provider, program: aiohttp.ClientSession
) -> None:
    provider.answer(message(text("hello")), message(text("hello")))
    async with WireClient(candela.port) as client:
        async with intercepting(program, "model:opus"):
            await client.post()
            waiting = await held(candela)
        await client.until(END)
        assert provider.requests[0].body == BODY
        assert (await release(program, waiting.id))[0] == 404
        await client.post()
        await client.until(END)
    assert (await candela.exchange(lambda each: not each.live and each.id != waiting.id)).held_ms is None


async def test_what_is_held_goes_on_when_candela_stops(
    candela: RunningProxy, provider: Provider, program: aiohttp.ClientSession
) -> None:
    provider.answer(message(text("hello")))
    async with intercepting(program, "model:opus"), WireClient(candela.port) as client:
        await client.post()
        await held(candela)
        stopping = asyncio.create_task(candela.stop(PATIENCE_S))
        await client.until(END)
        await stopping
    (ended,) = await candela.ended(1)
    assert ended.outcome is Outcome.OK


async def test_nothing_is_sent_for_a_client_that_left_meanwhile(
    candela: RunningProxy, provider: Provider, program: aiohttp.ClientSession
) -> None:
    async with intercepting(program, "model:opus"):
        async with WireClient(candela.port) as client:
            await client.post()
            waiting = await held(candela)
        ended = await candela.exchange()
        assert (ended.outcome, ended.held) == (Outcome.CANCELLED, False)
        assert (await release(program, waiting.id))[0] == 404
    assert not provider.requests


async def test_a_request_goes_on_before_its_client_gives_it_up(
    candela: RunningProxy, provider: Provider, program: aiohttp.ClientSession
) -> None:
    candela.proxy._intercepts.longest_s = 0
    provider.answer(message(text("hello")))
    async with intercepting(program, "model:opus"), WireClient(candela.port) as client:
        await client.post()
        await client.until(END)
    await candela.exchange()
    assert any("went on unchanged" in notice for notice in candela.notices)


@pytest.mark.parametrize(("bound", "value"), [("_MOST_HELD", 1), ("_MOST_BYTES", len(BODY) + 1)])
async def test_what_there_is_no_room_for_passes_with_a_notice(
    candela: RunningProxy,
    provider: Provider,
    program: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    bound: str,
    value: int,
) -> None:
    monkeypatch.setattr(holding, bound, value)
    provider.answer(message(text("hello")), message(text("hello")))
    async with (
        intercepting(program, "model:opus"),
        WireClient(candela.port) as one,
        WireClient(candela.port) as other,
    ):
        await one.post()
        waiting = await held(candela)
        await other.post()
        await other.until(END)
        assert any("was not held" in notice for notice in candela.notices)
        await release(program, waiting.id)
        await one.until(END)


async def test_token_counts_and_lists_of_models_are_never_held(
    candela: RunningProxy, provider: Provider, program: aiohttp.ClientSession
) -> None:
    async with intercepting(program, "-model:nothing"), WireClient(candela.port) as client:
        await client.post("/proxy/anthropic-direct/v1/messages/count_tokens")
        await client.until(b"\r\n\r\n")
    assert provider.requests[0].path.endswith("/count_tokens")


async def test_a_sub_agent_is_held_by_the_type_that_the_call_gave_it(
    candela: RunningProxy, provider: Provider, program: aiohttp.ClientSession
) -> None:
    task = {"subagent_type": "Explore", "description": "Look", "prompt": "Find the tests."}
    provider.answer(message(tool_use("Task", task)), message(text("found")))
    session = "X-Claude-Code-Session-Id: s-1\r\n"
    async with WireClient(candela.port) as client:
        await client.post(headers=session)
        await client.until(END)
        await candela.ended(1)
        body = json.dumps(json.loads(BODY) | {"messages": [{"role": "user", "content": "Find the tests."}]}).encode()
        async with intercepting(program, "agent:Explore"):
            await client.post(body=body, headers=f"{session}x-claude-code-agent-id: a-1\r\n")
            waiting = await held(candela)
            assert waiting.agent_id == "a-1"
            await release(program, waiting.id)
            await client.until(END)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("cost>1", "cost is not known before the request is sent"),
        ("model:opus (stop:end_turn or opus)", "stop is not known before the request is sent"),
        ("model:", "needs a value"),
        ("", "the filter is empty"),
    ],
)
async def test_a_filter_that_can_hold_nothing_is_refused(
    candela: RunningProxy, program: aiohttp.ClientSession, wanted: str, words: str
) -> None:
    async with program.post("intercept", json={"filter": wanted}) as response:
        assert response.status == 400
        assert words in (await response.json())["error"]["message"]


async def test_intercepts_are_only_for_those_who_have_the_token(candela: RunningProxy) -> None:
    async with aiohttp.ClientSession() as stranger:
        for path in ("intercept", "held/0"):
            async with stranger.post(f"{candela.origin}{API_ROOT}/{path}", json={"filter": "model:opus"}) as response:
                assert response.status == 401


async def test_a_rule_judges_what_was_edited(provider: Provider, tmp_path: Path) -> None:
    async with running(provider, tmp_path, sections={"rules": {"models": {"deny": ["*haiku*"]}}}) as candela:
        token = candela.paths.token.read_text().strip()
        base = f"{candela.origin}{API_ROOT}/"
        async with (
            aiohttp.ClientSession(base, headers={"Authorization": f"Bearer {token}"}) as program,
            intercepting(program, "model:opus"),
            WireClient(candela.port) as client,
        ):
            await client.post()
            await release(program, (await held(candela)).id, EDITED)
            assert b" 402 " in await client.until(b"\r\n\r\n")
    assert not provider.requests
