"""A candela that is killed leaves no reservation behind, and what was spent still counts."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp

from candela_tui.api_root import API_ROOT
from candela_tui.store.reader import StoreReader
from tests.cli.command import Home
from tests.cli.test_serve import serving
from tests.rules.budgets.test_relayed import asking, dollar
from tests.standin import Gate, Provider

BUDGETS = '[{ name = "all", window = "total", limit_usd = 2.5 }]'


async def state(http: aiohttp.ClientSession, home: Home) -> dict[str, Any]:
    token = await asyncio.to_thread(Path(home.data / "api-token").read_text)
    url = f"http://127.0.0.1:{home.port}{API_ROOT}/budgets"
    async with http.get(url, headers={"Authorization": f"Bearer {token.strip()}"}) as answer:
        [only] = json.loads(await answer.read())
    return dict(only)


async def test_a_killed_process_leaves_no_reservation(home: Home, provider: Provider) -> None:
    gate = Gate()
    provider.answer(dollar(), dollar("H", gate), dollar())
    url = f"http://127.0.0.1:{home.port}/v1/messages"
    async with aiohttp.ClientSession() as http:
        first = await serving(home, CANDELA_RULES__BUDGETS=BUDGETS)
        async with http.post(url, **asking()) as answer:
            await answer.read()
        while (await state(http, home))["spent_usd"] != 1:
            pass
        live = await http.post(url, **asking())
        await gate.reached()
        while (await state(http, home))["in_flight"] != 1:
            pass
        assert (await state(http, home))["reserved_usd"] == 1
        reader = StoreReader(home.data / "candela.db")
        while [each.usage is not None for each in await asyncio.to_thread(reader.exchanges)] != [True, True]:
            pass
        first.kill()
        await first.wait()
        live.close()
        second = await serving(home, CANDELA_RULES__BUDGETS=BUDGETS)
        async with http.post(url, **asking("s2")) as answer:
            # It waits until what was spent is counted.
            assert answer.status == 200
            left = await state(http, home)
        second.kill()
        await second.wait()
    # The prompt and the first token of the request that was cut off cost half a dollar and a bit.
    assert (left["spent_usd"], left["in_flight"]) == (1.500025, 1)
