"""A session that runs without tool search is told how to get it."""

import json

import aiohttp
import pytest

from candela_tui.protocol.request import MessagesRequest, decode_request
from candela_tui.proxy.capture.setup_notices import on_first_request, on_title_request
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


class TestTitles:
    """At a base URL of one's own Claude Code asks the main model for them."""

    URL = "https://api.anthropic.com/v1/messages"

    def test_the_model_that_this_version_uses_without_a_proxy_is_named(self) -> None:
        advice = on_title_request("claude-cli/2.1.332", "claude-opus-5-5", self.URL)
        assert advice is not None
        assert "ANTHROPIC_DEFAULT_HAIKU_MODEL=claude-haiku-5-5" in advice
        old = on_title_request("claude-cli/2.1.197", "claude-opus-4-8", self.URL)
        assert old is not None
        assert "ANTHROPIC_DEFAULT_HAIKU_MODEL=claude-haiku-4-5-20251001" in old

    @pytest.mark.parametrize(
        ("client", "model", "url"),
        [
            ("claude-cli/2.1.332", "claude-haiku-5-5", URL),
            ("claude-cli/2.1.332", "claude-opus-5-5", "https://gateway.example/v1/messages"),
            ("claude-cli/2.1.332", None, URL),
            ("claude-cli/2.0.1", "claude-opus-4-8", URL),
            ("OpenAI/Python 2.1.0", "claude-opus-4-8", URL),
            (None, "claude-opus-4-8", URL),
        ],
    )
    def test_other_requests_are_left_alone(self, client: str | None, model: str | None, url: str) -> None:
        assert on_title_request(client, model, url) is None

    async def test_a_session_hears_it_once(
        self, candela: RunningProxy, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The provider of the tests stands in for Anthropic's host.
        monkeypatch.setattr("candela_tui.proxy.capture.setup_notices.ANTHROPIC_HOST", "127.0.0.1")
        schema = {"type": "object", "properties": {"title": {"type": "string"}}}
        body = {
            "model": "claude-opus-5-5",
            "system": [{"type": "text", "text": "Generate a concise, sentence-case title"}],
            "messages": [{"role": "user", "content": "fix the parser"}],
            "output_config": {"format": {"type": "json_schema", "schema": schema}},
        }
        headers = {"X-Claude-Code-Session-Id": "s", "User-Agent": "claude-cli/2.1.332 (external, cli)"}
        for _ in range(2):
            async with client.post(f"{candela.url}/v1/messages", json=body, headers=headers) as answer:
                await answer.read()
        await candela.ended(2)
        assert len([notice for notice in candela.notices if "for titles" in notice]) == 1
