"""The tries of one call, in the forms that Claude Code 2.1.332 gives it after a 400, and after streams that broke."""

import json
from typing import Any

import aiohttp
import pytest

from candela_tui.analysis.retries import calls
from candela_tui.reports.records import request_records
from tests.protocol import claude_code_bodies as bodies
from tests.proxy.running import RunningProxy
from tests.standin import CLOSE, Provider, error, message, text, whole_message

COUNT, SEARCH, EFFORT = "thinking-token-count-2026-05-13", "advanced-tool-use-2025-11-20", "effort-2025-11-24"
FORMS: list[tuple[list[str], int, bool, tuple[str, ...]]] = [
    ([COUNT, SEARCH, EFFORT], 12, True, ()),
    ([SEARCH, EFFORT], 12, True, (f"beta {COUNT}",)),
    ([SEARCH, EFFORT], 12, False, (f"beta {COUNT}", "thinking.display")),
    ([COUNT, EFFORT], 21, True, ("tool search (21 tools instead of 12)",)),
    ([EFFORT], 21, True, (f"beta {COUNT}", "tool search (21 tools instead of 12)")),
    ([EFFORT], 21, False, (f"beta {COUNT}", "tool search (21 tools instead of 12)", "thinking.display")),
]


def _body(tools: int, *, display: bool = True, **changes: Any) -> bytes:
    thinking = {"type": "adaptive", **({"display": "omitted"} if display else {})}
    body = {**bodies.opus_of_332("say anything"), "thinking": thinking, "stream": True, **changes}
    body["tools"] = [{**bodies.BASH, "name": f"t{number}", "description": "x" * 400} for number in range(tools)]
    # What the client says of deferred tools comes and goes with tool search.
    body["messages"][1]["content"] += "y" * tools
    return json.dumps(body).encode()


async def _post(candela: RunningProxy, client: aiohttp.ClientSession, body: bytes, betas: list[str]) -> None:
    headers = {"X-Claude-Code-Session-Id": "s", "anthropic-beta": ",".join(betas), "X-Stainless-Retry-Count": "0"}
    try:
        async with client.post(f"{candela.url}/v1/messages?beta=true", data=body, headers=headers) as answer:
            await answer.read()
    except aiohttp.ClientError:
        pass


async def test_every_try_says_what_it_left_out(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    for betas, tools, display, _ in FORMS:
        provider.answer(error(400, "no such field"))
        await _post(candela, client, _body(tools, display=display), betas)
    exchanges = await candela.ended(len(FORMS))
    assert [each.left_out for each in exchanges] == [left_out for *_, left_out in FORMS]
    assert len({each.request_bytes for each in exchanges}) > 1
    assert len({each.asked for each in exchanges}) == 1


async def test_broken_streams_and_the_plain_request_are_one_call_with_numbered_tries(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    for _ in range(3):
        provider.answer(message(text("This will bre", CLOSE, "ak")))
        await _post(candela, client, _body(12), [])
    provider.answer(whole_message(text("Whole again.")))
    await _post(candela, client, _body(12, stream=False), [])
    exchanges = await candela.ended(4)
    (call,) = calls(exchanges)
    assert (call.retries, call.left_out) == (3, ("streaming",))
    records = list(request_records(exchanges))
    assert [record["retry"] for record in records] == [0, 1, 2, 3]
    assert {record["call"] for record in records} == {exchanges[0].id}


@pytest.mark.parametrize("changes", [{"model": "claude-haiku-5-5"}, {"messages": [bodies.user("other")] * 2}])
async def test_what_asks_something_else_leaves_nothing_out(
    candela: RunningProxy, client: aiohttp.ClientSession, changes: dict[str, Any]
) -> None:
    await _post(candela, client, _body(12), [COUNT])
    body = {**json.loads(_body(12)), **changes}
    await _post(candela, client, json.dumps(body).encode(), [])
    assert [each.left_out for each in await candela.ended(2)] == [(), ()]
