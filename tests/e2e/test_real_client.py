"""Claude Code itself, straight to the provider and through candela: the user can't tell the difference."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from candela_tui.store.reader import StoreReader
from tests.e2e.candela import Candela
from tests.e2e.claude import Claude, Run, clean_environment, run_claude
from tests.e2e.scenarios import SCENARIOS, Respond, Scenario, agent_of, is_messages
from tests.standin import Answer, Provider, ReceivedRequest

pytestmark = pytest.mark.e2e

_SESSION_HEADER = "x-claude-code-session-id"
_AT_ONCE = 3
"""Clients; each needs half a core for a second or two."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One scenario, both ways."""

    straight: Run
    through: Run
    asked_straight: int
    asked: list[ReceivedRequest]
    """Through candela."""
    rows: list[dict[str, Any]]
    """What candela recorded, one for each of ``asked``."""
    bodies: list[tuple[bytes | None, bytes | None]]
    """The recorded request and answer of each row."""
    session: dict[str, Any]
    """As ``candela sessions`` lists it."""
    project: Path


@pytest.fixture(scope="module")
def ran(claude: Claude, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Ran]:
    """Every scenario, run with one client, one provider and one candela for all of them."""
    return asyncio.run(_run_all(claude, tmp_path_factory.mktemp("runs")))


async def _run_all(claude: Claude, where: Path) -> Mapping[str, Ran]:
    sessions = {scenario.name: str(uuid.uuid4()) for scenario in SCENARIOS}
    slots = asyncio.Semaphore(_AT_ONCE)

    async def run(scenario: Scenario, base_url: str, place: Path) -> Run:
        project = place / "project"
        await asyncio.to_thread(project.mkdir, parents=True)
        environment = clean_environment(place / "home", ANTHROPIC_BASE_URL=base_url)
        words = ("--session-id", sessions[scenario.name], "--allowedTools", "Bash", "Agent")
        async with slots:
            return await run_claude(claude, scenario.prompt, environment, project, *words)

    async with Provider() as straight, Provider() as provider:
        straight.respond = _each_by_its_session(sessions)
        provider.respond = _each_by_its_session(sessions)
        async with Candela(where / "data", provider.url) as candela:
            ways = await asyncio.gather(
                *(run(scenario, straight.url, where / "straight" / scenario.name) for scenario in SCENARIOS),
                *(run(scenario, candela.url, where / "through" / scenario.name) for scenario in SCENARIOS),
            )
            asked = {name: _asked(provider, session) for name, session in sessions.items()}
            rows = await candela.settled({sessions[name]: len(requests) for name, requests in asked.items()})
            listed = {each["session_id"]: each for each in await candela.records("sessions")}
            reader = StoreReader(candela.data / "candela.db")
    result = {}
    for scenario, through in zip(SCENARIOS, ways[len(SCENARIOS) :], strict=True):
        name, session = scenario.name, sessions[scenario.name]
        result[name] = Ran(
            straight=ways[SCENARIOS.index(scenario)],
            through=through,
            asked_straight=len(_asked(straight, session)),
            asked=asked[name],
            rows=rows[session],
            bodies=[(reader.request_body(row["id"]), reader.response_body(row["id"])) for row in rows[session]],
            session=listed[session],
            project=where / "through" / name / "project",
        )
    return result


def _each_by_its_session(sessions: Mapping[str, str]) -> Respond:
    sides = {sessions[scenario.name]: scenario.provider_side() for scenario in SCENARIOS}

    def respond(request: ReceivedRequest) -> Answer | None:
        side = sides.get(request.header(_SESSION_HEADER) or "")
        return side(request) if side is not None else None

    return respond


def _asked(provider: Provider, session: str) -> list[ReceivedRequest]:
    return [
        request for request in provider.requests if is_messages(request) and request.header(_SESSION_HEADER) == session
    ]


def _to_the_last_digit(dollars: float) -> Decimal:
    # The client adds up binary floats; their noise is far below a 1e-12 of a dollar.
    return round(Decimal(repr(dollars)), 12)


Ending = tuple[str, int, str | None]

_OK: Ending = ("ok", 200, None)
_REFUSED: Ending = ("error", 400, "invalid_request_error: messages: the reef has no such field")
_ENDINGS: Mapping[str, list[Ending]] = {
    "agent": [_OK] * 3,
    "cut": [("cut", 200, "cut: the provider closed the connection in mid-answer"), _OK],
    "overloaded": [("error", 529, "overloaded_error: Overloaded"), _OK],
}
"""How each request of a scenario ended, and how the words for it begin."""


def _endings(rows: list[dict[str, Any]], expected: list[Ending]) -> list[Ending]:
    lengths = [len(words) if words else None for _, _, words in expected]
    return [
        (row["outcome"], row["status"], row["error"] and row["error"][:length])
        for row, length in zip(rows, lengths, strict=True)
    ]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_run_through_candela_is_the_same_and_recorded_exactly(scenario: Scenario, ran: Mapping[str, Ran]) -> None:
    run = ran[scenario.name]
    assert scenario.result in str(run.straight.printed["result"])
    assert run.straight.printed["is_error"] is scenario.is_error
    # Of a broken stream 2.1.332 counts what it had read when it broke, which is a matter of moments.
    counted = {"total_cost_usd", "usage", "modelUsage"} if scenario.name == "cut" else set()
    straight, through = run.straight.essence, run.through.essence
    assert {name: through[name] for name in through if name not in counted} == {
        name: straight[name] for name in straight if name not in counted
    }
    assert run.through.code == run.straight.code

    assert len(run.asked) == run.asked_straight
    assert len(run.rows) == len(run.asked)
    assert run.bodies == [(request.body, request.sent) for request in run.asked]
    for row, request in zip(run.rows, run.asked, strict=True):
        assert row["agent_id"] == agent_of(request)
        assert row["request_bytes"] == len(request.body)
        assert row["response_bytes"] == len(request.sent)

    # A refused request is tried again in other forms: six times by 2.1.332, once by 2.1.197.
    expected = [_REFUSED] * len(run.asked) if scenario.name == "refused" else _ENDINGS.get(scenario.name)
    if expected is not None:
        assert _endings(run.rows, expected) == expected
    if scenario.name == "agent":
        newest_first = run.rows[::-1]
        assert [row["tools"] for row in newest_first] == [None, None, "Agent"]
        assert [row["agent_type"] for row in newest_first] == [None, "general-purpose", None]
        assert [row["agent_description"] for row in newest_first] == [None, "Count files", None]
        assert [bool(agent_of(request)) for request in run.asked] == [False, True, False]

    # The client need not count what a broken stream cost; where it does, it estimates the output. The provider bills
    # it, and candela says that it is at least what is known.
    complete = [row for row in run.rows if row["outcome"] != "cut"]
    cost = sum((Decimal(row["cost_usd"]) for row in complete if row["cost_usd"] is not None), Decimal(0))
    cut = sum((Decimal(row["cost_usd"]) for row in run.rows if row["outcome"] == "cut"), Decimal(0))
    total = _to_the_last_digit(run.through.printed["total_cost_usd"])
    assert total == cost or (cut and total >= cost + cut)
    assert Decimal(run.session["cost_usd"] or 0) == cost + cut
    assert run.session["requests"] == len(run.asked)
    assert run.session["cwd"] == str(run.project)
