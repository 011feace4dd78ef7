"""[[rules.tools]] over real sockets: in each API, and what is recorded of it."""

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from candela_tui.analysis.traffic_side import has_two_sides
from candela_tui.config import Settings, validated
from candela_tui.config.errors import ConfigError
from candela_tui.exchange import Outcome
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.rules.mistakes import rule_mistakes
from candela_tui.store.reader import StoreReader
from tests.proxy.running import RunningProxy
from tests.standin import Provider, message, text, tool_use, whole_message

PUSH_ID = "toolu_push"
PUSH = tool_use("Bash", {"command": "git push --force"}, id=PUSH_ID)
TOOLS = [{"name": name, "input_schema": {"type": "object"}} for name in ("Bash", "WebSearch")]
WORDS = 'candela did not pass on a call of Bash: the rule "no pushes" denies Bash(git push *).'


def rules(*tools: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"rules": {"tools": list(tools), **more}}


def no_pushes(action: str = "end", **more: Any) -> dict[str, Any]:
    return {"name": "no pushes", "deny": ["Bash(git push *)"], "action": action, **more}


async def asked(proxy: RunningProxy, tools: list[dict[str, Any]] | None = None, **more: Any) -> tuple[int, bytes]:
    body = {
        "model": "claude-opus-4-8",
        "max_tokens": 64,
        "stream": True,
        "tools": TOOLS if tools is None else tools,
        "messages": [{"role": "user", "content": "hi  there"}],
        **more,
    }
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{proxy.url}/v1/messages", data=json.dumps(body)) as answer,
    ):
        return answer.status, await answer.read()


async def test_a_denied_call_does_not_reach_the_client_and_both_sides_are_kept(
    provider: Provider, tmp_path: Path
) -> None:
    provider.answer(message(text("I push."), PUSH))

    async with RunningProxy(provider.url, tmp_path, sections=rules(no_pushes())) as proxy:
        status, answer = await asked(proxy)
        exchange = await proxy.exchange()

    assert status == 200
    assert json.dumps(WORDS).encode()[1:-1] in answer
    assert b"toolu_" not in answer
    assert exchange.rules == (RuleAction("no pushes", "end", False, "Bash is denied by Bash(git push *)", PUSH_ID),)
    assert exchange.outcome is Outcome.OK
    reader = StoreReader(tmp_path / "candela.db")
    assert reader.exchange(exchange.id).rules == exchange.rules
    assert reader.response_body(exchange.id) == answer
    assert b"".join(reader.provider_response_chunks(exchange.id)[0]) == provider.requests[0].sent


async def test_an_answer_that_no_rule_changes_is_stored_once(provider: Provider, tmp_path: Path) -> None:
    status = tool_use("Bash", {"command": "git status"})
    provider.answer(message(text("I look."), status), whole_message(status))

    async with RunningProxy(provider.url, tmp_path, sections=rules(no_pushes())) as proxy:
        for _ in range(2):
            await asked(proxy)
        exchanges = await proxy.ended(2)

    reader = StoreReader(tmp_path / "candela.db")
    for exchange, request in zip(exchanges, provider.requests, strict=True):
        assert not has_two_sides(exchange)
        assert reader.response_body(exchange.id) == request.sent
        assert reader.provider_request_body(exchange.id) is None
        assert reader.provider_side(exchange.id) == (None, False, [])


async def test_a_compressed_answer_is_judged_too(provider: Provider, tmp_path: Path) -> None:
    provider.answer(message(PUSH, encoding="gzip"))

    async with RunningProxy(provider.url, tmp_path, sections=rules(no_pushes())) as proxy:
        _, answer = await asked(proxy)

    assert b"git push --force" not in answer
    assert json.dumps(WORDS).encode()[1:-1] in answer


async def test_all_rules_can_be_tried_without_effect(provider: Provider, tmp_path: Path) -> None:
    provider.answer(message(PUSH))
    sections = rules(no_pushes(), {"deny": ["WebSearch"], "action": "refuse"}, dry_run=True)

    async with RunningProxy(provider.url, tmp_path, sections=sections) as proxy:
        status, answer = await asked(proxy)
        exchange = await proxy.exchange()

    assert (status, answer) == (200, provider.requests[0].sent)
    assert [(each.rule, each.action, each.dry_run) for each in exchange.rules] == [
        ("rules.tools 2", "refuse", True),
        ("no pushes", "end", True),
    ]


async def test_a_stripped_tool_does_not_reach_the_provider_and_the_rest_is_the_same(
    provider: Provider, tmp_path: Path
) -> None:
    async with RunningProxy(
        provider.url, tmp_path, sections=rules({"deny": ["WebSearch"], "action": "strip"})
    ) as proxy:
        await asked(proxy, metadata={"user_id": "a  b"})
        exchange = await proxy.exchange()

    sent = provider.requests[0].json
    assert [tool["name"] for tool in sent["tools"]] == ["Bash"]
    assert (sent["messages"][0]["content"], sent["metadata"]) == ("hi  there", {"user_id": "a  b"})
    assert exchange.rules == (RuleAction("rules.tools 1", "strip", False, "WebSearch is denied by WebSearch"),)


async def test_a_request_whose_tools_are_all_stripped_declares_none(provider: Provider, tmp_path: Path) -> None:
    sections = rules({"deny": ["*"], "action": "strip"})

    async with RunningProxy(provider.url, tmp_path, sections=sections) as proxy:
        await asked(proxy, tool_choice={"type": "auto"})

    assert "tools" not in provider.requests[0].json
    assert "tool_choice" not in provider.requests[0].json


async def test_a_request_that_declares_a_refused_tool_gets_the_rules_words(provider: Provider, tmp_path: Path) -> None:
    sections = rules({"name": "offline", "deny": ["Web*"], "action": "refuse"})

    async with RunningProxy(provider.url, tmp_path, sections=sections) as proxy:
        status, answer = await asked(proxy)
        exchange = await proxy.exchange()

    error = json.loads(answer)["error"]
    assert status == 402
    assert error["message"].startswith('candela refuses a request that declares the tool WebSearch: the rule "offline"')
    assert exchange.outcome is Outcome.BLOCKED
    assert not provider.requests


async def test_a_request_without_a_named_tool_passes_to_the_byte(provider: Provider, tmp_path: Path) -> None:
    sections = rules({"deny": ["mcp__github"], "action": "strip"}, no_pushes())

    async with RunningProxy(provider.url, tmp_path, sections=sections) as proxy:
        _, answer = await asked(proxy)
        exchange = await proxy.exchange()

    assert answer == provider.requests[0].sent
    assert exchange.rules == ()


async def test_a_relative_pattern_is_about_the_clients_directory(provider: Provider, tmp_path: Path) -> None:
    sections = rules({"deny": ["Read(.env)"], "action": "end"})
    system = [{"type": "text", "text": "Environment:\nPrimary working directory: /srv/app\n"}]
    provider.answer(
        message(tool_use("Read", {"file_path": "/srv/app/.env"})), message(tool_use("Read", {"file_path": "/srv/.env"}))
    )

    async with RunningProxy(provider.url, tmp_path, sections=sections) as proxy:
        inside, outside = [(await asked(proxy, system=system))[1] for _ in range(2)]

    assert b"candela did not pass on a call of Read" in inside
    assert outside == provider.requests[1].sent


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"deny": ["Bash(rm"]}, "it is not a tool such as Bash"),
        ({"deny": []}, "at least one pattern"),
        ({"deny": ["Bash(rm *)"], "action": "strip"}, "for strip, whole tools without arguments, not Bash"),
        ({"deny": ["Bash"], "action": "stop"}, "'mark', 'end', 'answer', 'strip' or 'refuse'"),
    ],
)
def test_a_rule_that_cannot_be_understood_is_an_error_with_its_key(rule: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as raised:
        validated({"rules": {"tools": [rule]}}, "config.toml")
    assert "rules.tools" in str(raised.value)


def test_the_example_of_the_documentation_is_valid() -> None:
    assert Settings.model_validate(rules(no_pushes("answer", allow=["Bash(git push --dry-run *)"]))).rules.tools


async def test_a_rule_is_about_the_requests_that_its_filter_matches(provider: Provider, tmp_path: Path) -> None:
    provider.answer(message(PUSH), message(PUSH))
    of_haiku = no_pushes(match="model:haiku")
    others = {**no_pushes("mark", match="-model:haiku"), "name": "others"}

    async with RunningProxy(provider.url, tmp_path, sections=rules(of_haiku, others)) as proxy:
        _, of_opus = await asked(proxy)
        _, answer = await asked(proxy, model="claude-haiku-4-5-20251001")
        exchanges = await proxy.ended(2)

    assert of_opus == provider.requests[0].sent
    assert b"toolu_" not in answer
    assert [(each.rule, each.action) for exchange in exchanges for each in exchange.rules] == [
        ("others", "mark"),
        ("no pushes", "end"),
    ]


def test_a_filter_with_a_mistake_is_named_with_its_key() -> None:
    settings = Settings.model_validate(rules(no_pushes(), no_pushes(match="kind:title cost>1")))
    assert rule_mistakes(settings.rules) == [
        "rules.tools.1.match: the filter has a mistake at character 12: cost is not known before the request is sent"
    ]
