"""docs/rules.md: what it shows is what config.toml takes, and the recipes about models and tools do what they say."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from candela_tui.config import validated
from candela_tui.rules.mistakes import rule_mistakes
from tests.proxy.running import RunningProxy
from tests.standin import Provider, message, text, tool_use

TEXT = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def recipe(title: str) -> dict[str, Any]:
    """The settings of the recipe that this line introduces."""
    _, _, rest = TEXT.partition(f"\n{title}:\n\n```toml\n")
    return tomllib.loads(rest.partition("\n```")[0])


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_is_valid(block: str) -> None:
    document = tomllib.loads(block)
    settings = validated(document, "docs/rules.md", {})
    assert [each for each in rule_mistakes(settings.rules) if "there is no budget" not in each] == []


async def asked(proxy: RunningProxy, **headers: str) -> bytes:
    body = {
        "model": "claude-opus-5-5",
        "max_tokens": 64,
        "stream": True,
        "tools": [{"name": name, "input_schema": {"type": "object"}} for name in ("Bash", "WebFetch")],
        "messages": [{"role": "user", "content": "hi"}],
    }
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{proxy.url}/v1/messages", data=json.dumps(body), headers=headers) as answer,
    ):
        return await answer.read()


async def test_explore_runs_on_haiku(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path, sections=recipe("Explore on Haiku")) as proxy:
        agent = {"x-claude-code-agent-id": "a1", "x-claude-code-session-id": "s1"}
        await asked(proxy, **agent, **{"x-claude-code-agent-type": "Explore"})
        await asked(proxy)
    assert [request.json["model"] for request in provider.requests] == ["claude-haiku-4-5-20251001", "claude-opus-5-5"]


async def test_no_push_reaches_the_client_and_it_goes_on(provider: Provider, tmp_path: Path) -> None:
    provider.answer(message(text("I push."), tool_use("Bash", {"command": "git add . && git push -f"})))
    sections = recipe("No `git push`, and Claude goes on without it")
    async with RunningProxy(provider.url, tmp_path, sections=sections) as proxy:
        answer = await asked(proxy)
    assert b"git push -f" not in answer
    assert b"candela_refused" in answer


async def test_nothing_reads_keys(provider: Provider, tmp_path: Path) -> None:
    provider.answer(message(tool_use("Read", {"file_path": str(Path.home() / ".ssh" / "id_ed25519")})))
    async with RunningProxy(provider.url, tmp_path, sections=recipe("Nothing reads your keys")) as proxy:
        assert b"id_ed25519" not in await asked(proxy)


async def test_no_web(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path, sections=recipe("No web, in every project")) as proxy:
        await asked(proxy)
    assert [tool["name"] for tool in provider.requests[0].json["tools"]] == ["Bash"]
