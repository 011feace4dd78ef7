"""Claude Code at providers that speak the Messages API themselves: its own switches, and the day with Anthropic."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from tests.e2e.candela import COMMAND, Candela
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.e2e.clouds import ClaudeGoogleCloudSide, FoundrySide
from tests.e2e.scenarios import WHOLE_DAY, is_messages

pytestmark = pytest.mark.e2e

_MODEL = "claude-opus-4-8"
_CREDENTIALS = {"authorization", "x-api-key", "api-key"}


@pytest.mark.parametrize("place", [FoundrySide, ClaudeGoogleCloudSide], ids=lambda place: place.route)
async def test_a_day_with_a_tool_and_a_sub_agent(
    place: type[FoundrySide | ClaudeGoogleCloudSide], claude: Claude, tmp_path: Path
) -> None:
    """``candela claude --route``, by a user who set up the place for Claude Code itself before."""
    project = tmp_path / "project"
    await asyncio.to_thread(project.mkdir)
    async with (
        place(WHOLE_DAY.provider_side()) as side,
        Candela(tmp_path / "data", "http://127.0.0.1:9", **side.settings(tmp_path)) as candela,
    ):
        environment = {
            **candela.environment,
            **clean_environment(tmp_path / "home"),
            "ANTHROPIC_FOUNDRY_RESOURCE": "of-the-user",
            "ANTHROPIC_AUTH_TOKEN": "sk-ant-oat01-of-the-user",
        }
        environment["PATH"] = f"{claude.directory}:{environment['PATH']}"
        allowed = ("--allowedTools", "Bash", "Agent", "--model", _MODEL)
        command = (COMMAND, "claude", "--route", place.route)
        run = await run_claude(command, WHOLE_DAY.prompt, environment, project, *allowed)
        asked = [request for request in side.asked if is_messages(request)]
        rows = await candela.settled_requests(run.printed["session_id"], len(asked))

    assert (run.code, run.printed["is_error"]) == (0, False)
    assert WHOLE_DAY.result in run.printed["result"]
    spent = [row for row in rows if row["outcome"] == "ok" and row["cost_usd"] is not None]
    assert len(spent) == len(asked)
    assert {row["route"] for row in rows} == {place.route}
    assert [row["agent_id"] is not None for row in spent].count(True) == 1
    assert sum(Decimal(row["cost_usd"]) for row in spent) > 0
    for request in side.asked:
        given = {name.lower(): value for name, value in request.headers if name.lower() in _CREDENTIALS}
        if isinstance(side, FoundrySide):
            assert set(given) == {"x-api-key", "api-key"}
            assert set(given.values()) == side.keys
        else:
            assert given == {"authorization": "Bearer ya29.stand-in-1"}
