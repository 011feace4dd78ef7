"""A recorded request is sent again with candela's own credentials, and is recorded as what it is."""

import dataclasses
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from candela_tui.api_root import API_ROOT
from candela_tui.audit.actor import own_user
from candela_tui.audit.log import LocalAuditLog
from candela_tui.exchange import Exchange, Outcome
from candela_tui.providers.identity import RouteName
from candela_tui.proxy.replay.request import NotReplayable, replayed_request
from tests.keys.made import make, store_in
from tests.proxy.running import BODY, RunningProxy, WireClient, running
from tests.standin import Provider, error, message, text, usage
from tests.standin.vertex import Vertex
from tests.store.recording import exchange

END = b"0\r\n\r\n"
KEY = "sk-ant-test-of-the-client"


@pytest.fixture
async def program(candela: RunningProxy) -> AsyncIterator[aiohttp.ClientSession]:
    """A program that has the token."""
    token = candela.paths.token.read_text().strip()
    base = f"{candela.origin}{API_ROOT}/"
    async with aiohttp.ClientSession(base, headers={"Authorization": f"Bearer {token}"}) as session:
        yield session


async def recorded(candela: RunningProxy, path: str = "/proxy/anthropic-direct/v1/messages?beta=true") -> str:
    """Let a client send a request, and return its id."""
    async with WireClient(candela.port) as client:
        await client.post(path, headers=f"x-api-key: {KEY}\r\nX-Claude-Code-Session-Id: s-1\r\nX-Own: 1\r\n")
        await client.until(END)
    found = (await candela.exchange()).id
    await candela.stored(found)
    return found


async def replay(program: aiohttp.ClientSession, exchange_id: str, **how: str) -> tuple[int, Any]:
    """Send it again; the status and what is said."""
    async with program.post(f"requests/{exchange_id}/replay", params=how) as response:
        return response.status, await response.json()


async def test_the_same_bytes_go_out_without_the_clients_key_and_the_answer_is_recorded(
    candela: RunningProxy, provider: Provider, program: aiohttp.ClientSession
) -> None:
    provider.answer(message(text("one")), message(text("two")))
    first = await recorded(candela)
    status, said = await replay(program, first)
    assert status == 200
    again = await candela.exchange(lambda each: each.id == said["id"] and not each.live)
    asked, sent = provider.requests
    assert (sent.body, sent.target) == (asked.body, asked.target)
    assert (sent.header("x-api-key"), sent.header("x-own")) == (None, "1")
    assert KEY not in str(sent.headers)
    assert (again.replayed, again.outcome, again.session_id) == (first, Outcome.OK, "s-1")
    await candela.stored(again.id)
    assert candela.reader.response_body(again.id) == sent.sent
    assert candela.reader.exchange(again.id).replayed == first  # type: ignore[union-attr]


async def test_the_key_that_a_request_was_sent_with_is_asked_again(provider: Provider, tmp_path: Path) -> None:
    provider.answer(message(text("one")), message(text("two")))
    key, own = make(tmp_path, models=("claude-opus-*",))
    sections = {"anthropic": {"base_url": provider.url, "key_command": "echo sk-ant-api03-own"}}
    async with running(provider, tmp_path, sections=sections) as candela:
        async with WireClient(candela.port) as client:
            await client.post(headers=f"x-api-key: {own}\r\n")
            await client.until(END)
        first = (await candela.exchange()).id
        await candela.stored(first)
        token = candela.paths.token.read_text().strip()
        base = f"{candela.origin}{API_ROOT}/"
        async with aiohttp.ClientSession(base, headers={"Authorization": f"Bearer {token}"}) as program:
            _, other = await replay(program, first, model="claude-haiku-4-5")
            _, said = await replay(program, first)
            again = await candela.exchange(lambda each: each.id == said["id"] and not each.live)
            store_in(tmp_path).change(dataclasses.replace(key, revoked_at=again.started_at))
            refused, revoked = await replay(program, first)

    assert other["error"]["message"] == "the key ci may not use claude-haiku-4-5, only claude-opus-*"
    assert again.key == "ci"
    assert (refused, revoked["error"]["message"]) == (400, "the key ci was revoked")
    assert len(provider.requests) == 2


async def test_what_another_user_asked_is_sent_again_at_the_cost_of_who_does_that(
    provider: Provider, tmp_path: Path
) -> None:
    provider.answer(message(text("one")), message(text("two")))
    _, hers = make(tmp_path, "hers", user="grace", models=("claude-opus-*",))
    sections = {"anthropic": {"base_url": provider.url, "key_command": "echo sk-ant-api03-own"}}
    async with running(provider, tmp_path, sections=sections) as candela:
        async with WireClient(candela.port) as client:
            await client.post(headers=f"x-api-key: {hers}\r\n")
            await client.until(END)
        first = (await candela.exchange()).id
        await candela.stored(first)
        token = candela.paths.token.read_text().strip()
        base = f"{candela.origin}{API_ROOT}/"
        async with aiohttp.ClientSession(base, headers={"Authorization": f"Bearer {token}"}) as program:
            _, said = await replay(program, first)
            again = await candela.exchange(lambda each: each.id == said["id"] and not each.live)
            [entry] = LocalAuditLog(candela.paths.audit, "", "").entries()
            candela.paths.audit.unlink()
            candela.paths.audit.mkdir()
            unrecorded, _ = await replay(program, first)

    assert (again.key, again.outcome) == (None, Outcome.OK)
    assert (entry.actor, entry.action, entry.subject) == (own_user(), "request.replay", first)
    assert entry.after is not None
    assert (entry.after["key"], entry.after["user"]) == ("hers", "grace")
    assert unrecorded == 400
    assert len(provider.requests) == 2


async def test_who_reads_what_another_user_asked_is_recorded_once(provider: Provider, tmp_path: Path) -> None:
    sections = {"anthropic": {"base_url": provider.url, "key_command": "echo sk-ant-api03-own"}}
    async with running(provider, tmp_path, sections=sections) as candela:
        ids = []
        for name, user in (("hers", "grace"), ("own", own_user()), ("nobodys", None)):
            _, text_of_key = make(tmp_path, name, user=user)
            async with WireClient(candela.port) as client:
                await client.post(headers=f"x-api-key: {text_of_key}\r\n")
                await client.until(END)
            ids.append((await candela.exchange(lambda each, name=name: each.key == name)).id)
        token = candela.paths.token.read_text().strip()
        base = f"{candela.origin}{API_ROOT}/"
        async with aiohttp.ClientSession(base, headers={"Authorization": f"Bearer {token}"}) as program:
            for exchange_id in ids:
                for part in ("request", "response", "request"):
                    async with program.get(f"requests/{exchange_id}/{part}") as answer:
                        assert answer.status == 200
            [read] = LocalAuditLog(candela.paths.audit, "", "").entries()
            candela.paths.audit.unlink()
            candela.paths.audit.mkdir()
            _, other = make(tmp_path, "other", user="grace")
            async with WireClient(candela.port) as client:
                await client.post(headers=f"x-api-key: {other}\r\n")
                await client.until(END)
            last = (await candela.exchange(lambda each: each.key == "other")).id
            async with program.get(f"requests/{last}/request") as answer:
                unrecorded = answer.status

    assert (read.actor, read.via, read.action, read.subject) == (own_user(), "local API", "body.read", ids[0])
    assert read.after is not None
    assert (read.after["key"], read.after["user"]) == ("hers", "grace")
    assert unrecorded == 503


async def test_another_model_takes_the_place_of_the_first_and_nothing_else_changes(
    candela: RunningProxy, provider: Provider, program: aiohttp.ClientSession
) -> None:
    provider.answer(message(text("one")), message(text("two"), model="claude-haiku-4-5"))
    _, said = await replay(program, await recorded(candela), model="claude-haiku-4-5")
    again = await candela.exchange(lambda each: each.id == said["id"] and not each.live)
    assert provider.requests[1].body == BODY.replace(b"claude-opus-4-8", b"claude-haiku-4-5")
    assert again.model == "claude-haiku-4-5"
    assert not again.differences


async def test_another_route_maps_it_for_its_provider(vertex: Vertex, provider: Provider, tmp_path: Path) -> None:
    provider.answer(message(text("one")))
    vertex.answer(message(text("two")))
    async with running(provider, tmp_path, sections={"vertex": {"base_url": vertex.url}}) as candela:
        token = candela.paths.token.read_text().strip()
        base = f"{candela.origin}{API_ROOT}/"
        async with aiohttp.ClientSession(base, headers={"Authorization": f"Bearer {token}"}) as program:
            _, said = await replay(program, await recorded(candela), route="anthropic-vertex")
            again = await candela.exchange(lambda each: each.id == said["id"] and not each.live)
    assert (again.provider, again.outcome) == ("vertex", Outcome.OK)
    assert vertex.requests[-1].path.endswith(":streamRawPredict")


async def test_an_error_is_recorded_as_the_answer(
    candela: RunningProxy, provider: Provider, program: aiohttp.ClientSession
) -> None:
    provider.answer(message(text("one")), error(529, "busy"))
    _, said = await replay(program, await recorded(candela))
    again = await candela.exchange(lambda each: each.id == said["id"] and not each.live)
    assert (again.outcome, again.status) == (Outcome.ERROR, 529)


async def test_what_it_may_cost_is_said_before(
    candela: RunningProxy, provider: Provider, program: aiohttp.ClientSession
) -> None:
    provider.answer(message(text("one"), usage=usage(10, read=900_000, write_5m=100_000), output_tokens=0))
    first = await recorded(candela)
    async with program.get(f"requests/{first}/replay") as response:
        same = await response.json()
    async with program.get(f"requests/{first}/replay", params={"model": "claude-haiku-4-5"}) as response:
        other = await response.json()
    # A million tokens: read for $0.50; or 900,000 input for $4.50, and 100,000 written for $0.625. Haiku takes a fifth.
    assert 0.5 <= float(same["low_usd"]) < 0.51
    assert 5.125 <= float(same["high_usd"]) < 5.13
    assert other["low_usd"] == other["high_usd"]
    assert 1.025 <= float(other["high_usd"]) < 1.03
    assert len(provider.requests) == 1


async def test_without_credentials_nothing_is_sent_and_what_to_do_is_said(provider: Provider, tmp_path: Path) -> None:
    provider.answer(message(text("one")))
    async with running(provider, tmp_path) as candela:
        first = await recorded(candela)
        token = candela.paths.token.read_text().strip()
        base = f"{candela.origin}{API_ROOT}/"
        async with aiohttp.ClientSession(base, headers={"Authorization": f"Bearer {token}"}) as program:
            status, said = await replay(program, first, route="claude-aws")
    assert status == 400
    assert "candela auth login" in said["error"]["message"]
    assert len(provider.requests) == 1


async def test_token_counts_are_never_sent_again(
    candela: RunningProxy, provider: Provider, program: aiohttp.ClientSession
) -> None:
    async with WireClient(candela.port) as client:
        await client.post("/proxy/anthropic-direct/v1/messages/count_tokens")
        await client.until(b"\r\n\r\n")
    first = (await candela.exchange()).id
    status, said = await replay(program, first)
    assert (status, len(provider.requests)) == (400, 1)
    assert "not token counts" in said["error"]["message"]


@pytest.mark.parametrize("query", [{"route": "nowhere"}, {"rute": "x"}])
async def test_a_wrong_parameter_is_named(
    candela: RunningProxy, provider: Provider, program: aiohttp.ClientSession, query: dict[str, str]
) -> None:
    provider.answer(message(text("one")))
    status, said = await replay(program, await recorded(candela), **query)
    assert status == 400
    assert "no" in said["error"]["message"]


def ended(**facts: Any) -> Exchange:
    """A request whose answer is over."""
    return exchange(1, outcome=Outcome.OK, **facts)


def test_a_native_request_keeps_its_model_and_its_route() -> None:
    native = ended(route="bedrock", dialect="bedrock", path="/model/claude/invoke")
    with pytest.raises(NotReplayable, match="keeps its model"):
        replayed_request(native, b"{}", model="claude-haiku-4-5", route=None)
    with pytest.raises(NotReplayable, match="can't go to"):
        replayed_request(native, b"{}", model=None, route=RouteName.DIRECT)


def test_a_body_that_is_not_recorded_can_not_be_sent() -> None:
    with pytest.raises(NotReplayable, match="body can't be sent"):
        replayed_request(ended(), None, model=None, route=None)


def test_only_the_model_of_the_document_changes() -> None:
    body = json.dumps({"messages": [{"model": "x"}], "model": "a", "n": 1.0}).encode()
    again = replayed_request(ended(), body, model='b"', route=None)
    assert again.body == body.replace(b'"model": "a"', b'"model": "b\\""')
