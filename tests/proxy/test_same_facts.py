"""Every way to a request says the same of it: live, read back, in lists, alone, as CSV, and over the local API."""

import csv
import io
import json
from decimal import Decimal
from typing import Any

import aiohttp

from candela_tui.api_root import API_ROOT
from candela_tui.exchange import Exchange
from candela_tui.exchange.facts import DETAILS, FACTS
from candela_tui.ledger.contexts import contexts
from candela_tui.protocol.sse import SSEDecoder
from candela_tui.reports.csv_table import CSV
from candela_tui.reports.json_text import json_lines, json_text
from candela_tui.reports.records import detailed_record, request_records
from tests.protocol import claude_code_bodies as bodies
from tests.proxy.running import RunningProxy
from tests.reports.exchanges import written
from tests.standin import Provider, message, tool_use

SESSION = "95e7d0a7-38e9-401c-9b5a-721ca7b33ab9"
NAMES = [fact.name for fact in FACTS]
TASK = {"description": "Count files", "prompt": "Count the files here.", "subagent_type": "Explore"}


def by_id(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {record["id"]: record for record in records}


def exact(text: str | bytes) -> Any:
    return json.loads(text, parse_float=Decimal)


async def record_a_session(candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession) -> list[Exchange]:
    """A request that starts an agent, two of that agent, and one that names no session."""
    main = {**bodies.opus_of_332("count the files with an agent"), "stream": True}
    agent = {**main, "messages": bodies.opus_of_332("Count the files here.")["messages"]}
    betas = {"anthropic-beta": "claude-code-20250219,context-1m-2025-08-07"}
    of_agent = {"X-Claude-Code-Session-Id": SESSION, "x-claude-code-agent-id": "a1"}
    provider.answer(message(tool_use("Agent", TASK)))
    asked = ((main, {"X-Claude-Code-Session-Id": SESSION, **betas}), (agent, of_agent), (agent, of_agent), (main, {}))
    for number, (body, headers) in enumerate(asked, 1):
        data = json.dumps(body).encode()
        async with client.post(f"{candela.url}/v1/messages", data=data, headers=headers) as answer:
            await answer.read()
        live = await candela.ended(number)
    return sorted(live, key=lambda exchange: exchange.id)


async def test_every_way_to_a_request_says_the_same(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    live = await record_a_session(candela, provider, client)
    token = candela.paths.token.read_text().strip()
    api = f"http://127.0.0.1:{candela.port}{API_ROOT}"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as program:

        async def asked(path: str) -> str:
            async with program.get(f"{api}{path}") as response:
                assert response.status == 200
                return await response.text()

        await candela.stop_store()
        over_api = by_id([exact(line) for line in (await asked("/requests")).splitlines()])
        limited = by_id([exact(line) for line in (await asked("/requests?limit=2")).splitlines()])
        alone = {each.id: exact(await asked(f"/requests/{each.id}")) for each in live}

    stored = candela.reader.exchanges()
    assert [each.request_headers for each in stored] == [None] * 4
    read_back = by_id(exact("".join(json_lines(stored))))
    assert [record["agent_type"] for record in read_back.values()] == [None, "Explore", "Explore", None]
    assert by_id(exact(json_text(list(request_records(live))))) == read_back
    assert over_api == read_back
    assert limited == {each.id: read_back[each.id] for each in live[-2:]}

    known = contexts(stored)
    details = [detail.name for detail in DETAILS]
    for exchange in live:
        whole = candela.reader.exchange(exchange.id)
        assert whole is not None
        shown = exact(json_text(detailed_record(whole, known[exchange.id])))
        assert list(shown) == NAMES + details
        assert shown == alone[exchange.id] == exact(json_text(detailed_record(exchange, known[exchange.id])))
        assert {name: shown[name] for name in NAMES} == read_back[exchange.id]

    rows = list(csv.DictReader(io.StringIO(written(CSV, *stored), newline="")))
    assert [list(row) for row in rows] == [NAMES] * 4
    for row in rows:
        assert row == {name: _cell(value) for name, value in read_back[row["id"]].items()}


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


async def test_events_say_the_same_as_the_list(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    token = candela.paths.token.read_text().strip()
    api = f"http://127.0.0.1:{candela.port}{API_ROOT}"
    told: dict[str, dict[str, Any]] = {}
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as program,
        program.get(f"{api}/events") as events,
    ):
        decoder = SSEDecoder()
        live = await record_a_session(candela, provider, client)
        while len(told) < 4 or any(record["outcome"] == "live" for record in told.values()):
            for event in decoder.feed(await events.content.readany()):
                if event.name == "request":
                    record = exact(event.data)
                    told[record["id"]] = record
    assert told == by_id(exact(json_text(list(request_records(live)))))
