"""Claude Code itself, straight to the provider and through candela: the user can't tell the difference."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.candela import Candela
from tests.e2e.claude import Run, clean_environment, run_claude
from tests.e2e.scenarios import SCENARIOS, Scenario, agent_of, is_messages
from tests.standin import Provider

pytestmark = pytest.mark.e2e


async def _run(scenario: Scenario, base_url: str, where: Path) -> Run:
    project = where / "project"
    await asyncio.to_thread(project.mkdir, parents=True)
    environment = clean_environment(where / "home", ANTHROPIC_BASE_URL=base_url)
    return await run_claude(scenario.prompt, environment, project, "--allowedTools", "Bash", "Agent")


def _to_the_last_digit(dollars: float) -> Decimal:
    # The client adds up binary floats; their noise is far below a 1e-12 of a dollar.
    return round(Decimal(repr(dollars)), 12)


Ending = tuple[str, int, str | None]

_OK: Ending = ("ok", 200, None)
_ENDINGS: Mapping[str, list[Ending]] = {
    "agent": [_OK] * 3,
    "cut": [("cut", 200, "cut: the provider broke off"), _OK],
    "overloaded": [("error", 529, "overloaded_error: Overloaded"), _OK],
    "refused": [("error", 400, "invalid_request_error: messages: the reef has no such field")],
}
"""How each request of a scenario ended, and how the words for it begin."""


def _endings(rows: list[dict[str, Any]], expected: list[Ending]) -> list[Ending]:
    lengths = [len(words) if words else None for _, _, words in expected]
    return [
        (row["outcome"], row["status"], row["error"] and row["error"][:length])
        for row, length in zip(rows, lengths, strict=True)
    ]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
async def test_a_run_through_candela_is_the_same_and_recorded_exactly(scenario: Scenario, tmp_path: Path) -> None:
    async with Provider() as straight_provider, Provider() as provider:
        straight_provider.respond = scenario.provider_side()
        provider.respond = scenario.provider_side()
        async with Candela(tmp_path / "data", provider.url) as candela:
            straight = await _run(scenario, straight_provider.url, tmp_path / "a")
            through = await _run(scenario, candela.url, tmp_path / "b")

            assert scenario.result in str(straight.printed["result"])
            assert straight.printed["is_error"] is scenario.is_error
            assert through.essence == straight.essence
            assert through.code == straight.code

            asked = [request for request in provider.requests if is_messages(request)]
            assert len(asked) == sum(map(is_messages, straight_provider.requests))
            session = through.printed["session_id"]
            rows = await candela.settled_requests(session, len(asked))
            assert len(rows) == len(asked)
            for row, request in zip(rows, asked, strict=True):
                assert await candela.output("show", row["id"], "--raw", "request") == request.body
                assert await candela.output("show", row["id"], "--raw", "response") == request.sent
                assert row["agent_id"] == agent_of(request)
                assert row["request_bytes"] == len(request.body)
                assert row["response_bytes"] == len(request.sent)

            if (expected := _ENDINGS.get(scenario.name)) is not None:
                assert _endings(rows, expected) == expected
            if scenario.name == "agent":
                rows_of_session = await candela.records("requests", "--session", session)
                assert [row["tools"] for row in rows_of_session] == ["Agent", None, None]
                assert [row["agent_type"] for row in rows_of_session] == [None, "general-purpose", None]
                assert [row["agent_description"] for row in rows_of_session] == [None, "Count files", None]
                assert [bool(agent_of(request)) for request in asked] == [False, True, False]

            # The client doesn't count what a broken stream cost. The provider does, and so does candela.
            complete = [row for row in rows if row["outcome"] != "cut"]
            cost = sum((Decimal(row["cost_usd"]) for row in complete if row["cost_usd"] is not None), Decimal(0))
            assert cost == _to_the_last_digit(through.printed["total_cost_usd"])
            [listed] = [each for each in await candela.records("sessions") if each["session_id"] == session]
            cut = sum((Decimal(row["cost_usd"]) for row in rows if row["outcome"] == "cut"), Decimal(0))
            assert Decimal(listed["cost_usd"] or 0) == cost + cut
            assert listed["requests"] == len(asked)
            assert listed["cwd"] == str(tmp_path / "b" / "project")
