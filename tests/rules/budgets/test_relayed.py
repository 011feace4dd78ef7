"""[[rules.budgets]] over real sockets: what fits passes, what does not is refused in the client's own form."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp

from candela_tui.attach.client import Client
from candela_tui.attach.control import Control
from candela_tui.exchange import Outcome
from candela_tui.rules.budgets.state import BudgetState, Standing
from tests.proxy.running import RunningProxy
from tests.standin import Provider, message, text
from tests.standin.answers import Answer, usage

ROUTE = "/proxy/anthropic-direct/v1/messages"


def dollar(*pieces: Any) -> Answer:
    """An answer that costs $1 at the list price of Opus 4.8, which is 5 and 25 USD a million."""
    return message(text(*(pieces or ("Hi",))), usage=usage(100_000), output_tokens=20_000)


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


async def states(proxy: RunningProxy) -> list[BudgetState]:
    control = Control(Client(proxy.port, proxy.paths.token), lambda _: None)
    return await asyncio.to_thread(control.budgets)


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
    assert (state.state, state.spent_usd, state.reserved_usd) == (Standing.BLOCKED, Decimal("2.00"), 0)
