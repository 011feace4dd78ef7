"""Requests that cost nothing: the sums stay known, and those of a live check open no session."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from candela_tui.credentials.sign_in.live_check import LiveCheck
from candela_tui.exchange import Exchange
from candela_tui.ledger.ledger import Dimension, Ledger
from candela_tui.providers.identity import Provider as ProviderId
from candela_tui.text.times import Clock
from candela_tui.ui.state.loaded_exchanges import LoadedExchanges
from tests.proxy.running import BODY, RunningProxy
from tests.standin import Answer, Provider

COUNT = json.dumps({"model": "claude-opus-4-8", "messages": [{"role": "user", "content": "hi"}]}).encode()
BY_SESSION = (Dimension.SESSION,)


@pytest.fixture
async def candela(provider: Provider, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    """A candela with a key of its own."""
    own = {"anthropic": {"base_url": provider.url, "key_command": "/bin/echo sk-ant-own"}}
    async with RunningProxy(provider.url, tmp_path, sections=own) as running:
        yield running


async def both_ledgers(candela: RunningProxy, ended: list[Exchange]) -> list[Ledger]:
    """The sums of a dashboard that is open, and those that the database computes."""
    await candela.stop(0)
    return [Ledger.of(ended), candela.reader.totals(by=BY_SESSION)]


async def test_a_live_check_costs_nothing_and_opens_no_session(candela: RunningProxy) -> None:
    lines = [line async for line in LiveCheck(f"127.0.0.1:{candela.port}", ProviderId.ANTHROPIC).lines()]
    assert [line.state for line in lines] == ["ok", "ok"]
    ended = await candela.ended(2)
    for ledger in await both_ledgers(candela, ended):
        totals = ledger.totals
        assert (totals.requests, totals.cost, totals.at_least) == (2, Decimal(0), False)
        assert (totals.known(totals.prompt_tokens), totals.known(totals.output_tokens)) == (0, 0)
        assert ledger.sessions() == []


async def test_a_live_check_leaves_the_dashboard_at_its_welcome(candela: RunningProxy) -> None:
    async for _ in LiveCheck(f"127.0.0.1:{candela.port}", ProviderId.ANTHROPIC).lines():
        pass
    loaded = LoadedExchanges(Clock())
    loaded.merge(await candela.ended(2), from_feed=True)
    assert loaded.empty
    assert loaded.sessions() == []
    assert loaded.ledger.totals.cost == 0


async def test_a_clients_count_beside_a_message_leaves_the_cost_as_it_is(candela: RunningProxy) -> None:
    fields = {"X-Claude-Code-Session-Id": "session-1", "x-api-key": "sk-ant-of-the-client"}
    async with aiohttp.ClientSession(headers=fields) as client:
        for path, body in (("messages/count_tokens", COUNT), ("messages", BODY)):
            async with client.post(f"{candela.url}/v1/{path}", data=body) as answer:
                await answer.read()
    count, message = sorted(await candela.ended(2), key=lambda exchange: exchange.started_at)
    assert (count.free, message.free) == (True, False)
    assert message.cost is not None
    for ledger in await both_ledgers(candela, [count, message]):
        [session] = ledger.sessions()
        assert (session.totals.cost, session.totals.at_least) == (message.cost.total, message.cost.at_least)


async def test_what_a_message_cost_stays_unknown_beside_a_count(candela: RunningProxy, provider: Provider) -> None:
    fields = {"x-api-key": "sk-ant-of-the-client"}
    async with aiohttp.ClientSession(headers=fields) as client:
        async with client.post(f"{candela.url}/v1/messages/count_tokens", data=COUNT) as answer:
            await answer.read()
        provider.answer(Answer([b"{}"]))
        async with client.post(f"{candela.url}/v1/messages", data=BODY) as answer:
            await answer.read()
    ended = await candela.ended(2)
    for ledger in await both_ledgers(candela, ended):
        assert ledger.totals.cost is None
