"""[[rules.budgets]] over real sockets: what fits passes, what does not is refused in the client's own form."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from candela_tui.attach.client import Client
from candela_tui.attach.control import Control
from candela_tui.attach.server import LocalServer
from candela_tui.exchange import Outcome
from candela_tui.proxy import spent_elsewhere
from candela_tui.rules.budgets import webhook
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.rules.budgets.state import BudgetStanding, BudgetState
from candela_tui.store.errors import StoreError
from tests.keys.made import make
from tests.proxy.running import RunningProxy, WireClient
from tests.standin import Gate, Provider, error, json_answer, message, text
from tests.standin.answers import Answer, usage

ROUTE = "/proxy/anthropic-direct/v1/messages"


def dollar(*pieces: Any, times: int = 1) -> Answer:
    """An answer that costs $1, or so many, at the list price of Opus 4.8, which is 5 and 25 USD a million."""
    return message(text(*(pieces or ("Hi",))), usage=usage(100_000 * times), output_tokens=20_000 * times)


def budget(**settings: Any) -> dict[str, Any]:
    """A section [rules] with one budget, of 2.50 USD unless it says otherwise."""
    limit = {} if "limit_tokens" in settings else {"limit_usd": 2.5}
    return {"rules": {"budgets": [{"name": "my day", "window": "day", **limit, **settings}]}}


def asking(session: str = "s1", model: str = "claude-opus-4-8", **fields: Any) -> dict[str, Any]:
    document = {"model": model, "max_tokens": 64, "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    return {"json": {**document, **fields}, "headers": {"X-Claude-Code-Session-Id": session}}


async def ask(proxy: RunningProxy, path: str = ROUTE, **request: Any) -> tuple[int, bytes]:
    """The status and body of the answer to a request, once candela has counted it."""
    before = {exchange.id for exchange in proxy._latest.values() if not exchange.live}
    async with (
        aiohttp.ClientSession() as client,
        client.post(proxy.origin + path, **(request or asking())) as answer,
    ):
        body = await answer.read()
    await proxy.exchange(lambda exchange: not exchange.live and exchange.id not in before)
    return answer.status, body


def control(proxy: RunningProxy) -> Control:
    return Control(Client(LocalServer(proxy.port, proxy.paths.token)), lambda _: None)


async def states(proxy: RunningProxy) -> list[BudgetState]:
    return await asyncio.to_thread(control(proxy).budgets)


async def test_what_would_exceed_the_limit_is_refused_with_one_sentence(provider: Provider, tmp_path: Path) -> None:
    provider.respond = lambda _: dollar()
    async with RunningProxy(provider.url, tmp_path, sections=budget()) as proxy:
        assert [(await ask(proxy))[0] for _ in range(2)] == [200, 200]
        status, body = await ask(proxy)
        refused = await proxy.exchange(lambda exchange: exchange.outcome is Outcome.BLOCKED)
        [state] = await states(proxy)
    error = json.loads(body)
    assert (status, error["type"], error["error"]["type"]) == (402, "error", "billing_error")
    assert error["error"]["message"].startswith(
        'candela: the budget "my day" is reached ($2.00 of $2.50 spent, about $1.00 for this request). It resets at '
    )
    assert [(each.rule, each.action) for each in refused.rules] == [("my day", "refuse")]
    assert len(provider.requests) == 2
    assert (state.state, state.spent_usd, state.reserved_usd) == (BudgetStanding.BLOCKED, Decimal("2.00"), 0)


NATIVE = {
    "bedrock": "/bedrock/model/" + quote("us.anthropic.claude-opus-4-8", safe="") + "/invoke",
    "vertex": "/vertex/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-opus-4-8:rawPredict",
    "openai": "/proxy/anthropic/v1/chat/completions",
}


@pytest.mark.parametrize("api", NATIVE)
async def test_each_api_refuses_in_its_own_form(api: str, provider: Provider, tmp_path: Path) -> None:
    async with (
        RunningProxy(provider.url, tmp_path, sections=budget(limit_usd=0)) as proxy,
        aiohttp.ClientSession() as client,
        client.post(proxy.origin + NATIVE[api], **asking()) as answer,
    ):
        document = await answer.json()
    assert answer.status == 402
    said = {"bedrock": lambda: document["message"]}.get(api, lambda: document["error"]["message"])()
    assert said.startswith('candela: the budget "my day" is reached ($0 of $0 spent).')
    match api:
        case "bedrock":
            assert answer.headers["x-amzn-errortype"] == "ServiceQuotaExceededException"
        case "vertex":
            assert (document["error"]["code"], document["error"]["status"]) == (402, "RESOURCE_EXHAUSTED")
        case _:
            assert document["error"]["type"] == "billing_error"
    assert provider.requests == []


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/messages/count_tokens"), ("GET", "/v1/models"), ("HEAD", "/api/hello")]
)
async def test_what_costs_nothing_is_never_refused(method: str, path: str, provider: Provider, tmp_path: Path) -> None:
    async with (
        RunningProxy(provider.url, tmp_path, sections=budget(limit_usd=0)) as proxy,
        aiohttp.ClientSession() as client,
        client.request(method, proxy.origin + path, **(asking() if method == "POST" else {})) as answer,
    ):
        await answer.read()
    assert len(provider.requests) == 1
    assert answer.status != 402


async def test_a_cancelled_request_gives_back_what_was_reserved(provider: Provider, tmp_path: Path) -> None:
    gate = Gate()
    provider.answer(dollar(), dollar("H", gate))
    async with RunningProxy(provider.url, tmp_path, sections=budget()) as proxy:
        await ask(proxy)
        async with WireClient(proxy.port) as client:
            body = json.dumps(asking()["json"]).encode()
            await client.post(body=body, headers="X-Claude-Code-Session-Id: s1\r\n")
            await gate.reached()
            [reserved] = await states(proxy)
        cancelled = await proxy.exchange(lambda exchange: exchange.outcome is Outcome.CANCELLED)
        [left] = await states(proxy)
    assert (reserved.in_flight, reserved.reserved_usd) == (1, Decimal(1))
    assert cancelled.cost is not None
    assert (left.in_flight, left.reserved_usd, left.spent_usd) == (0, 0, 1 + cancelled.cost.total)


async def test_what_fails_costs_nothing_and_gives_back(provider: Provider, tmp_path: Path) -> None:
    provider.answer(dollar(), error(529, "busy"))
    async with RunningProxy(provider.url, tmp_path, sections=budget()) as proxy:
        assert [(await ask(proxy))[0] for _ in range(2)] == [200, 529]
        [state] = await states(proxy)
    assert (state.in_flight, state.reserved_usd, state.spent_usd) == (0, 0, 1)


async def test_only_one_request_runs_while_nothing_is_known_of_what_it_costs(
    provider: Provider, tmp_path: Path
) -> None:
    gate = Gate()
    provider.answer(dollar("H", gate), dollar())
    async with RunningProxy(provider.url, tmp_path, sections=budget()) as proxy:
        # The most that it may cost does not fit twice.
        first = asyncio.create_task(ask(proxy, **asking(max_tokens=64_000)))
        await gate.reached()
        second = asyncio.create_task(ask(proxy, **asking("s2", max_tokens=64_000)))
        while not (await states(proxy))[0].waiting:
            pass
        assert len(provider.requests) == 1
        gate.open()
        assert [(await first)[0], (await second)[0]] == [200, 200]
    assert len(provider.requests) == 2


async def test_counts_survive_a_restart(provider: Provider, tmp_path: Path) -> None:
    provider.respond = lambda _: dollar()
    for _ in range(2):
        async with RunningProxy(provider.url, tmp_path, sections=budget()) as proxy:
            assert (await ask(proxy))[0] == 200
    async with RunningProxy(provider.url, tmp_path, sections=budget()) as proxy:
        status, _ = await ask(proxy, **asking(max_tokens=64_000))
        [state] = await states(proxy)
    assert (status, state.spent_usd) == (402, 2)
    # Not that it is at 80%, which was told before.
    assert [notice.partition(":")[0] for notice in proxy.notices] == ['The budget "my day" is reached']


async def test_changed_budgets_count_what_was_spent_before(provider: Provider, tmp_path: Path) -> None:
    provider.respond = lambda _: dollar()
    async with RunningProxy(provider.url, tmp_path, sections=budget(limit_usd=50)) as proxy:
        await ask(proxy)
        await ask(proxy)
        proxy.paths.config.write_text(
            '[[rules.budgets]]\nname = "new"\nscope = "session"\nwindow = "total"\nlimit_usd = 2\n'
        )
        await asyncio.to_thread(control(proxy).read_rules)
        status, _ = await ask(proxy)
        other, _ = await ask(proxy, **asking("s2"))
    assert (status, other) == (402, 200)


async def test_an_override_holds_at_once(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path, sections=budget(limit_usd=0)) as proxy:
        assert (await ask(proxy))[0] == 402
        held = await asyncio.to_thread(control(proxy).override_budget, "my day", for_s=3600, why="a release")
        assert held.why == "a release"
        assert (await ask(proxy))[0] == 200
        [state] = await states(proxy)
        assert (state.state, state.override) == (BudgetStanding.OVERRIDDEN, held)
        await asyncio.to_thread(control(proxy).end_override, "my day")
        assert (await ask(proxy))[0] == 402
        with pytest.raises(StoreError, match="there is no budget of this name; there is my day"):
            await asyncio.to_thread(control(proxy).override_budget, "other", for_s=1, why="x")


async def test_a_webhook_is_told_once_a_threshold_and_again_until_it_takes_it(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "_PAUSES_S", (0.0, 0.0))
    provider.respond = lambda _: dollar()
    async with Provider() as hook:
        tries = iter([503, 200, 200])
        hook.respond = lambda _: json_answer({}, status=next(tries))
        told = budget(webhook=f"{hook.url}/secret?x=1", warn_at=[0.4])
        async with RunningProxy(provider.url, tmp_path, sections=told) as proxy:
            for _ in range(4):
                await ask(proxy)
            requests = [await hook.request(number) for number in range(3)]
            for each in requests:
                await each.finished()
    first, again, breach = (each.json for each in requests)
    assert first == again
    assert requests[0].target == "/secret?x=1"
    assert (first["name"], first["reached"], first["spent_usd"], first["state"]) == ("my day", 0.4, 1, "warned")
    assert first["text"].startswith('The budget "my day" is at 40%: $1.00 of $2.50 spent.')
    assert (breach["reached"], breach["state"]) == (1, "blocked")
    assert len(hook.requests) == 3


GATEWAY = {"Authorization": "Bearer a-gateway-token", "User-Agent": "claude-cli/2.1.332 (external, cli)"}
ASKS_USAGE = {"User-Agent": "claude-code/2.1.332"}
"""The client names itself so where it asks for its usage, and no session."""
QUOTA = {"model": "claude-haiku-4-5-20251001", "max_tokens": 1, "messages": [{"role": "user", "content": "quota"}]}


async def test_a_client_in_gateway_mode_is_told_how_its_limits_stand_without_asking_the_provider(
    provider: Provider, tmp_path: Path
) -> None:
    provider.respond = lambda _: dollar()
    async with (
        RunningProxy(provider.url, tmp_path, sections=budget()) as proxy,
        aiohttp.ClientSession(headers=GATEWAY) as client,
    ):
        for number in range(2):
            async with client.post(proxy.url + "/v1/messages", **asking()) as answer:
                await answer.read()
            await proxy.ended(number + 1)
        async with client.post(proxy.url + "/v1/messages", json=QUOTA) as answer:
            told, said = dict(answer.headers), await answer.json()
        [state] = await states(proxy)
    assert told["anthropic-ratelimit-unified-overage-surpassed-threshold"] == "0.75"
    assert (said["type"], said["model"], said["stop_reason"]) == ("message", QUOTA["model"], "max_tokens")
    assert (state.spent_usd, state.in_flight) == (2, 0)
    assert len(provider.requests) == 2


@pytest.mark.parametrize("settings", [{"dry_run": True}, {"limit_tokens": 1_000}, {"window": "hour"}], ids=str)
async def test_a_client_in_gateway_mode_is_told_nothing_of_what_it_has_no_form_for(
    settings: dict[str, Any], provider: Provider, tmp_path: Path
) -> None:
    async with (
        RunningProxy(provider.url, tmp_path, sections=budget(**settings)) as proxy,
        aiohttp.ClientSession(headers=GATEWAY) as client,
    ):
        async with client.post(proxy.url + "/v1/messages", json=QUOTA) as answer:
            told = dict(answer.headers)
        async with client.get(f"{proxy.origin}/api/oauth/usage", headers=ASKS_USAGE) as answer:
            await answer.read()
    assert not any(name.startswith("anthropic-ratelimit-unified") for name in told)
    assert [request.path for request in provider.requests] == ["/v1/messages", "/api/oauth/usage"]


async def test_the_usage_is_that_of_the_key_that_asks(provider: Provider, tmp_path: Path) -> None:
    provider.respond = lambda _: dollar()
    each = budget(scope="key", limit_usd=4)
    own = {"base_url": provider.url, "key_command": "echo sk-ant-api03-own"}
    (_, one), (_, other) = make(tmp_path, "one"), make(tmp_path, "other")
    async with (
        RunningProxy(provider.url, tmp_path, sections={**each, "anthropic": own}) as proxy,
        aiohttp.ClientSession(headers=GATEWAY) as client,
    ):
        asked = asking()
        as_one = {"Authorization": f"Bearer {one}"}
        async with client.post(proxy.url + "/v1/messages", json=asked["json"], headers=as_one) as answer:
            await answer.read()
        await proxy.ended(1)
        used = []
        for text in (one, other):
            headers = {**ASKS_USAGE, "Authorization": f"Bearer {text}"}
            async with client.get(f"{proxy.origin}/api/oauth/usage", headers=headers) as answer:
                used.append((answer.headers["cache-control"], (await answer.json())["extra_usage"]["used_credits"]))
    assert used == [("no-store", 100), ("no-store", 0)]


async def test_a_client_in_gateway_mode_gets_its_own_notice(provider: Provider, tmp_path: Path) -> None:
    provider.respond = lambda _: dollar()
    async with (
        RunningProxy(provider.url, tmp_path, sections=budget()) as proxy,
        aiohttp.ClientSession(headers=GATEWAY) as client,
    ):
        answers = []
        for number in range(3):
            async with client.post(proxy.url + "/v1/messages", **asking()) as answer:
                answers.append((answer.status, dict(answer.headers), await answer.read()))
            await proxy.ended(number + 1)
        async with client.get(f"{proxy.origin}/api/oauth/usage", headers=ASKS_USAGE) as answer:
            usage_said = await answer.json()
    unified = "anthropic-ratelimit-unified-"
    assert [status for status, _, _ in answers] == [200, 200, 429]
    first, second, blocked = (
        {name.removeprefix(unified): value for name, value in headers.items() if name.startswith(unified)}
        for _, headers, _ in answers
    )
    assert (first["status"], first["overage-utilization"], second["overage-utilization"]) == ("allowed", "0.00", "0.40")
    assert (blocked["status"], blocked["overage-period"], blocked["overage-surpassed-threshold"]) == (
        "rejected",
        "daily",
        "1",
    )
    assert (answers[2][1]["x-should-retry"], json.loads(answers[2][2])["error"]["type"]) == ("false", "billing_error")
    assert usage_said["limits"][0]["percent"] == 80
    assert usage_said["extra_usage"]["used_credits"] == 200


async def test_what_the_provider_says_of_its_own_limits_does_not_mix_with_the_budget(
    provider: Provider, tmp_path: Path
) -> None:
    unified = "anthropic-ratelimit-unified-"
    own = [(f"{unified}status", "rejected"), (f"{unified}5h-utilization", "0.9"), ("anthropic-ratelimit-x", "1")]
    provider.respond = lambda _: message(text("ok"), headers=own)
    async with RunningProxy(provider.url, tmp_path, sections=budget()) as proxy:
        told = []
        for headers in (GATEWAY, {}):
            async with (
                aiohttp.ClientSession(headers=headers) as client,
                client.post(proxy.url + "/v1/messages", **asking()) as answer,
            ):
                told.append([name.lower() for name in answer.headers if name.lower().startswith("anthropic-rate")])
                assert answer.headers[f"{unified}status"] == ("allowed" if headers else "rejected")
                await answer.read()
        recorded = (await proxy.exchange()).rate_limits
    assert told[0].count(f"{unified}status") == 1
    assert f"{unified}5h-utilization" not in told[0]
    assert "anthropic-ratelimit-x" in told[0]
    assert told[1] == [name for name, _ in own]
    assert (f"{unified}status", "rejected") in recorded


@pytest.mark.parametrize("fail", ["open", "closed"])
async def test_a_budget_that_fails_lets_requests_pass_unless_it_is_closed(
    fail: str, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Budgets, "_decide", fails)
    async with RunningProxy(provider.url, tmp_path, sections=budget(fail=fail)) as proxy:
        status, body = await ask(proxy)
    if fail == "open":
        assert status == 200
        assert "[rules.budgets] failed, and requests pass without it (the log says why)" in proxy.notices
    else:
        assert status == 402
        assert "can't check the budgets" in json.loads(body)["error"]["message"]


async def test_asking_what_a_replay_may_cost_reserves_nothing(provider: Provider, tmp_path: Path) -> None:
    provider.respond = lambda _: dollar()
    key = {"anthropic": {"base_url": provider.url, "key_command": "echo a-key"}}
    async with RunningProxy(provider.url, tmp_path, sections={**budget(), **key}) as proxy:
        await ask(proxy)
        first = await proxy.exchange()
        await proxy.stored(first.id)
        await asyncio.to_thread(control(proxy).replay_cost, first.id, None, None)
        [state] = await states(proxy)
        assert (state.in_flight, state.reserved_usd) == (0, 0)
        again = await asyncio.to_thread(control(proxy).replay, first.id, None, None)
        await proxy.exchange(lambda each: each.id == again and not each.live)
        [state] = await states(proxy)
    assert (state.in_flight, state.spent_usd) == (0, 2)


async def test_two_candelas_on_one_file_count_what_each_other_spends(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spent_elsewhere, "_LOOK_AGAIN_S", 0.02)
    provider.respond = lambda _: dollar()
    async with (
        RunningProxy(provider.url, tmp_path, sections=budget()) as one,
        RunningProxy(provider.url, tmp_path, sections=budget()) as other,
    ):
        assert (await ask(one))[0] == 200
        assert (await ask(other))[0] == 200
        for each in (one, other):
            # Each relayed $1 of $2.50 itself: the part of which it tells is reached only with the other's.
            await each.noticed('The budget "my day"')
        status, _ = await ask(one)
        spent = [state.spent_usd for each in (one, other) for state in await states(each)]
    assert status == 402
    assert spent == [2, 2]
