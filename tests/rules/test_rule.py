"""The door for rules: a failing rule passes requests on, and a rule may watch an answer's events."""

from pathlib import Path

import aiohttp
import pytest

from candela_tui.config import RulesSettings
from candela_tui.ledger.running import Spending
from candela_tui.protocol.sse import ServerSentEvent
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply, Upstream
from candela_tui.rules import table
from candela_tui.rules.rule import Rule, RuleContext
from candela_tui.rules.watching import watched
from tests.proxy.running import BODY, RunningProxy
from tests.standin import Provider
from tests.store.recording import exchange, store_whole, writing


class Fails:
    name = "rules.failing"

    async def attempt(self, request: ClientRequest, upstream: Upstream) -> Attempt | Reply:
        raise RuntimeError


class Watches:
    name = "rules.watching"

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def attempt(self, request: ClientRequest, upstream: Upstream) -> Attempt | Reply:
        return watched(await upstream.attempt(request), self._see)

    fails = False

    def _see(self, event: ServerSentEvent) -> None:
        self.seen.append(event.name)
        if self.fails:
            raise RuntimeError


async def body_through(proxy: RunningProxy) -> bytes:
    async with aiohttp.ClientSession() as client, client.post(f"{proxy.url}/v1/messages", data=BODY) as answer:
        assert answer.status == 200
        return await answer.read()


async def test_a_failing_rule_is_a_notice_and_the_request_passes(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "RULES", (lambda *_: Fails(),))
    async with RunningProxy(provider.url, tmp_path) as proxy:
        assert await body_through(proxy) == provider.requests[0].sent
        await proxy.exchange()
    assert "[rules.failing] failed, and requests pass without it (the log says why)" in proxy.notices


async def test_a_rule_sees_every_event_and_the_bytes_stay_as_they_are(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = Watches()
    monkeypatch.setattr(table, "RULES", (lambda *_: rule,))
    async with RunningProxy(provider.url, tmp_path) as proxy:
        assert await body_through(proxy) == provider.requests[0].sent
        assert (rule.seen[0], rule.seen[-1]) == ("message_start", "message_stop")
        rule.fails = True
        assert await body_through(proxy) == provider.requests[1].sent
    assert rule.seen[-2:] == ["message_stop", "message_start"]


async def test_a_rule_reads_what_was_used_before_this_start_and_since(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(tmp_path / "candela.db") as (writer, _):
        store_whole(writer, exchange(1))
    read: list[Spending] = []

    def rule(_: RulesSettings, context: RuleContext) -> Rule:
        read.append(context.spending)
        return Watches()

    monkeypatch.setattr(table, "RULES", (rule,))
    async with RunningProxy(provider.url, tmp_path) as proxy:
        await body_through(proxy)
        relayed = await proxy.exchange()
    spending = read[0]
    assert spending.complete
    assert spending.session(exchange(1).session_id).requests == 1
    assert relayed.cost is not None
    assert spending.session(relayed.session_id).usd == relayed.cost.total
    assert spending.today().usd == relayed.cost.total
