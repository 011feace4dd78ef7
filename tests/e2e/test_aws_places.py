"""Claude Code's own switches for the Messages API at AWS, set by ``candela claude --route``."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from tests.e2e.candela import COMMAND, Candela
from tests.e2e.claude import Claude, Run, clean_environment, run_claude
from tests.e2e.clouds import ClaudeAwsSide, MantleSide
from tests.e2e.scenarios import DAY_WITH_OR_WITHOUT_THINKING_BACK as DAY

pytestmark = pytest.mark.e2e

Place = MantleSide | ClaudeAwsSide


async def _run(claude: Claude, candela: Candela, place: Place, where: Path, prompt: str) -> Run:
    project = where / "project"
    await asyncio.to_thread(project.mkdir, parents=True)
    environment = {**candela.environment, **clean_environment(where / "home")}
    environment["PATH"] = f"{claude.directory}:{environment['PATH']}"
    # What the user has set for Anthropic must reach nobody at AWS.
    environment |= {"ANTHROPIC_AUTH_TOKEN": "sk-ant-oat01-of-the-user", "ANTHROPIC_API_KEY": "sk-ant-api03-of-the-user"}
    program = (COMMAND, "claude", "--route", place.route)
    return await run_claude(
        program, prompt, environment, project, "--allowedTools", "Bash", "Agent", "--model", place.model
    )


@pytest.mark.parametrize("place", [MantleSide, ClaudeAwsSide], ids=["mantle", "claude-aws"])
async def test_a_day_with_the_clients_own_switch_is_signed_by_candela(
    place: type[Place], claude: Claude, tmp_path: Path
) -> None:
    async with place(DAY.provider_side()) as side:
        candela = Candela(tmp_path / "data", "http://127.0.0.1:9", **side.settings(tmp_path))
        async with candela:
            run = await _run(claude, candela, side, tmp_path / "a", DAY.prompt)
            rows = await candela.settled_requests(run.printed["session_id"], 1)
            before = len(side.requests)
            await _run(claude, candela, side, tmp_path / "b", "/context")

    assert (run.code, run.printed["is_error"]) == (0, False)
    assert DAY.result in run.printed["result"]
    assert {(row["provider"], row["route"], row["outcome"]) for row in rows} == {(place.provider, place.route, "ok")}
    assert any(row["agent_id"] for row in rows)
    assert all(Decimal(row["cost_usd"]) > 0 for row in rows)
    # The stand-in answers nothing but 403 to a request that candela's keys did not sign.
    assert all("of-the-user" not in str(request.headers) for request in side.requests)
    assert any(request.path.endswith("/v1/messages/count_tokens") for request in side.requests[before:])
