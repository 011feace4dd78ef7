"""Claude Code with Google's or Amazon's credentials and no key of Anthropic's: the same day as with Anthropic."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from tests.e2e.candela import COMMAND, Candela
from tests.e2e.claude import Run, claude_path, clean_environment, run_claude
from tests.e2e.clouds import BedrockSide, VertexSide
from tests.e2e.scenarios import WHOLE_DAY, is_messages
from tests.standin import Provider

pytestmark = pytest.mark.e2e

_MODEL = "claude-opus-4-8"


async def _run(environment: dict[str, str], where: Path, *through: str) -> Run:
    project = where / "project"
    await asyncio.to_thread(project.mkdir, parents=True)
    allowed = ("--allowedTools", "Bash", "Agent", "--model", _MODEL)
    return await run_claude(WHOLE_DAY.prompt, environment, project, *allowed, through=through)


async def _straight(where: Path) -> tuple[Run, int]:
    """The run with Anthropic itself, and how many messages it took."""
    async with Provider() as provider:
        provider.respond = WHOLE_DAY.provider_side()
        environment = clean_environment(where / "home", ANTHROPIC_BASE_URL=provider.url, ENABLE_TOOL_SEARCH="true")
        run = await _run(environment, where)
        return run, sum(map(is_messages, provider.requests))


async def _through_candela(candela: Candela, where: Path, *options: str) -> Run:
    """``candela claude``, by a user who has no key of Anthropic's."""
    environment = {**candela.environment, **clean_environment(where / "home")}
    del environment["ANTHROPIC_API_KEY"]
    environment["PATH"] = f"{Path(claude_path()).parent}:{environment['PATH']}"
    return await _run(environment, where, COMMAND, "claude", *options)


@pytest.mark.parametrize("native", [False, True], ids=["mapped", "native"])
@pytest.mark.parametrize("cloud", [VertexSide, BedrockSide], ids=["vertex", "bedrock"])
async def test_a_day_with_a_cloud_is_the_day_with_anthropic(
    cloud: type[VertexSide] | type[BedrockSide], native: bool, tmp_path: Path
) -> None:
    async with cloud(WHOLE_DAY.provider_side()) as side:
        settings = await asyncio.to_thread(side.settings, tmp_path)
        async with Candela(tmp_path / "data", "http://127.0.0.1:9", **settings) as candela:
            options = ("--route", cloud.route, *(["--native"] if native else []))
            through, (straight, messages) = await asyncio.gather(
                _through_candela(candela, tmp_path / "a", *options), _straight(tmp_path / "b")
            )
            answered = [request for request in side.asked if request.parts and b'"error"' not in request.sent]
            rows = await candela.settled_requests(through.printed["session_id"], messages)

    for same in ("subtype", "is_error", "result", "num_turns", "stop_reason", "usage"):
        assert through.printed[same] == straight.printed[same], same
    assert WHOLE_DAY.result in straight.printed["result"]
    assert len(answered) == messages
    spent = [row for row in rows if row["outcome"] == "ok" and row["cost_usd"] is not None]
    assert len(spent) == messages
    assert {row["provider"] for row in rows} == {cloud.route}
    if not native:
        assert through.printed["modelUsage"] == straight.printed["modelUsage"]
    assert sum(Decimal(row["cost_usd"]) for row in spent) > 0
    assert [row["agent_id"] is not None for row in rows].count(True) == 1
