"""A rule that fails at any step: the request passes as if the rule were not there, with a warning."""

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.proxy.running import RunningProxy
from tests.standin import Provider, message, text, tool_use

FIRST = "candela_tui.rules."
MODELS = {"models": {"aliases": {"claude-opus-4-8": "claude-sonnet-4-5"}, "by_agent": {"Explore": "x"}}}
TOOLS = {"tools": [{"deny": ["Bash"], "match": "model:opus"}, {"deny": ["WebSearch"], "action": "strip"}]}
CACHE = {"cache": {"match": "model:opus"}}
BUDGETS = {"budgets": [{"name": "all of it", "limit_usd": 1000, "window": "total"}]}
BELOW = {**BUDGETS, "models": {"below_budget": [{"past": 0.5, "models": {"*": "x"}}]}}

STEPS = [
    ("rules.models", MODELS, "models.policy.ModelPolicy.chosen"),
    ("rules.models", MODELS, "models.policy.ModelPolicy.denial"),
    ("rules.models", MODELS, "models.rule.agent_type"),
    ("rules.models", MODELS, "models.rule.with_model"),
    ("rules.models", BELOW, "models.rule.Fullness.reached"),
    ("rules.tools", TOOLS, "matching.RequestFilter.matches"),
    ("rules.tools", TOOLS, "tools.judge.Judge.of_declared"),
    ("rules.tools", TOOLS, "tools.rule.judge_declared"),
    ("rules.cache", CACHE, "matching.RequestFilter.matches"),
    ("rules.cache", CACHE, "cache.StoredAnswers.find"),
    ("rules.budgets", BUDGETS, "budgets.engine.Budgets.admit"),
]


def fails(*_: object, **__: object) -> Any:
    raise RuntimeError


@pytest.mark.parametrize(("rule", "section", "step"), STEPS, ids=[step for *_, step in STEPS])
async def test_a_rule_that_fails_lets_the_request_pass_with_a_warning(
    rule: str, section: dict[str, Any], step: str, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FIRST + step, fails)
    body = json.dumps(
        {
            "model": "claude-opus-4-8",
            "max_tokens": 64,
            "stream": True,
            "tools": [{"name": "Bash", "input_schema": {"type": "object"}}],
            "messages": [{"role": "user", "content": "hi  there"}],
        }
    ).encode()
    provider.answer(message(text("Hi")))
    async with RunningProxy(provider.url, tmp_path, sections={"rules": section}) as proxy:
        async with aiohttp.ClientSession() as client, client.post(f"{proxy.url}/v1/messages", data=body) as answer:
            assert answer.status == 200
            assert await answer.read() == provider.requests[0].sent
        await proxy.exchange()
    assert provider.requests[0].body == body
    assert f"[{rule}] failed, and requests pass without it (the log says why)" in proxy.notices


async def test_a_rule_that_fails_on_a_call_lets_the_call_pass(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FIRST + "tools.judge.Judge.of_call", fails)
    provider.answer(message(text("I run it."), tool_use("Bash", {"command": "ls"})))
    async with RunningProxy(provider.url, tmp_path, sections={"rules": {"tools": [{"deny": ["Bash"]}]}}) as proxy:
        body = {"model": "claude-opus-4-8", "max_tokens": 64, "stream": True, "messages": []}
        async with aiohttp.ClientSession() as client, client.post(f"{proxy.url}/v1/messages", json=body) as answer:
            assert await answer.read() == provider.requests[0].sent
