"""A session that runs without tool search is told how to get it."""

import json

import aiohttp

from candela_tui.protocol.request import MessagesRequest, decode_request
from candela_tui.proxy.advice import on_first_request
from tests.proxy.running import RunningProxy

CLIENT = ("User-Agent", "claude-cli/2.1.197 (external, cli)")


def _request(tools: int) -> MessagesRequest:
    request = decode_request(json.dumps({"model": "m", "tools": [{"name": f"t{n}"} for n in range(tools)]}).encode())
    assert request is not None
    return request


def test_every_tools_schema_on_each_request_is_worth_a_word() -> None:
    advice = on_first_request([CLIENT, ("anthropic-beta", "effort-2025-11-24")], _request(25))
    assert advice is not None
    assert "ENABLE_TOOL_SEARCH=true" in advice


def test_tool_search_other_clients_and_few_tools_are_left_alone() -> None:
    assert on_first_request([CLIENT, ("anthropic-beta", "a,advanced-tool-use-2025-11-20")], _request(25)) is None
    assert on_first_request([("User-Agent", "anthropic-sdk")], _request(25)) is None
    assert on_first_request([CLIENT], _request(9)) is None


async def test_a_session_hears_it_once(candela: RunningProxy, client: aiohttp.ClientSession) -> None:
    body = json.dumps({"model": "m", "stream": True, "messages": [], "tools": [{"name": f"t{n}"} for n in range(25)]})
    for _ in range(2):
        headers = {"X-Claude-Code-Session-Id": "s", "User-Agent": CLIENT[1]}
        async with client.post(f"{candela.url}/v1/messages", data=body, headers=headers) as answer:
            await answer.read()
    await candela.ended(2)
    assert [notice for notice in candela.notices if "ENABLE_TOOL_SEARCH" in notice] == candela.notices[:1]
