"""Rules about models, and answers from the store, with the real client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.candela import PATIENCE_S, Candela
from tests.e2e.claude import Claude, Run, clean_environment, run_claude
from tests.e2e.scenarios import Respond, agent_of, answers_so_far, is_messages, is_title, plain, speak, titled
from tests.e2e.terminal import Terminal
from tests.e2e.test_dashboard_beside_client import PROMPT, settled_home
from tests.standin import Provider, text, tool_use

pytestmark = pytest.mark.e2e

HAIKU = "claude-haiku-4-5-20251001"


class Asking:
    """The client at a candela with rules."""

    def __init__(self, claude: Claude, candela: Candela, home: Path) -> None:
        self._claude, self._candela, self._home = claude, candela, home

    async def __call__(self, prompt: str, *arguments: str) -> Run:
        environment = clean_environment(self._home, ANTHROPIC_BASE_URL=self._candela.url)
        return await run_claude(self._claude, prompt, environment, self._home / "project", *arguments)


@asynccontextmanager
async def asking(claude: Claude, provider: Provider, home: Path, rules: str) -> AsyncIterator[Asking]:
    (home / "project").mkdir()
    name, _, value = rules.partition(" = ")
    async with Candela(home / "data", provider.url, **{f"CANDELA_RULES__{name.upper()}": value}) as candela:
        yield Asking(claude, candela, home)


def models_of(provider: Provider) -> list[str]:
    return [request.json["model"] for request in provider.requests if is_messages(request)]


async def test_an_alias_is_a_model_for_the_client(claude: Claude, provider: Provider, tmp_path: Path) -> None:
    provider.respond = plain()
    async with asking(claude, provider, tmp_path, f'models = {{ aliases = {{ fast = "{HAIKU}" }} }}') as ask:
        run = await ask("Say hi.", "--model", "fast")
    assert run.printed["result"] == "Hi from the reef: äöü 🐠"
    assert set(models_of(provider)) == {HAIKU}
    body = next(request.json for request in provider.requests if is_messages(request) and not is_title(request))
    assert body.get("thinking", {}).get("type") != "adaptive"
    assert "effort" not in body.get("output_config", {})
    assert body["max_tokens"] <= 64_000


def one_agent() -> Respond:
    def respond(request: Any) -> Any:
        if agent_of(request) is not None:
            return speak(request, text("Two fish."))
        if answers_so_far(request) == 0:
            arguments = {"description": "Count fish", "prompt": "Count the fish.", "subagent_type": "Explore"}
            return speak(request, text("I ask."), tool_use("Agent", arguments))
        return speak(request, text("Two."))

    return titled(respond)


async def test_explore_runs_on_haiku_and_the_main_agent_on_its_own(
    claude: Claude, provider: Provider, tmp_path: Path
) -> None:
    provider.respond = one_agent()
    async with asking(claude, provider, tmp_path, f'models = {{ by_agent = {{ Explore = "{HAIKU}" }} }}') as ask:
        run = await ask("How many fish?", "--model", "claude-opus-4-8", "--allowedTools", "Agent")
    assert run.printed["result"] == "Two."
    of_agent = {request.json["model"] for request in provider.requests if is_messages(request) and agent_of(request)}
    of_main = {request.json["model"] for request in provider.requests if is_messages(request) and not agent_of(request)}
    assert (of_agent, HAIKU in of_main) == ({HAIKU}, False)


async def test_the_words_about_a_denied_model_are_shown_at_once(
    claude: Claude, provider: Provider, tmp_path: Path
) -> None:
    async with asking(claude, provider, tmp_path, 'models = { deny = ["claude-opus-*"] }') as ask:
        run = await ask("Say hi.", "--model", "claude-opus-4-8")
    assert 'the pattern "claude-opus-*" in [rules.models] deny of config.toml denies it' in run.printed["result"]
    assert models_of(provider) == []


async def test_the_title_of_the_same_words_comes_from_the_store(claude: Claude, tmp_path: Path) -> None:
    project = tmp_path / "project"
    await asyncio.to_thread(settled_home, tmp_path / "home", project)
    cache = {"CANDELA_RULES__CACHE": '{ kinds = ["title"] }'}
    async with (
        Provider() as provider,
        Terminal(tmp_path / "tmux", 120, 36) as terminal,
        Candela(tmp_path / "data", provider.url, **cache) as candela,
    ):
        provider.respond = plain()
        environment = clean_environment(tmp_path / "home", ANTHROPIC_BASE_URL=candela.url, LANG="C.UTF-8")
        del environment["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"]
        for number in (1, 2):
            window = f"client{number}"
            await terminal.open(window, [claude.path], environment, project)
            await terminal.shows(window, "❯")
            await terminal.type(window, PROMPT)
            await terminal.shows(window, PROMPT[-20:])
            await terminal.press(window, "Enter")
            await terminal.shows(window, "from the reef")
            async with asyncio.timeout(PATIENCE_S):
                while len(await titles_of(candela)) < number:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.05)
        first, second = await titles_of(candela)
    assert (first["ruled"], second["ruled"]) == (None, "cache rules.cache")
    assert second["cost_usd"] == 0
    assert second["saved_usd"] == first["cost_usd"]
    assert sum(map(is_title, provider.requests)) == 1


async def titles_of(candela: Candela) -> list[dict[str, Any]]:
    """The requests for a title that ended, the earliest first."""
    found = [each for each in await candela.records("requests") if each["kind"] == "title" and each["outcome"] == "ok"]
    return sorted(found, key=lambda each: str(each["id"]))
