"""``candela agents``: the agents of a session, and where the time of its turns went."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from candela_tui.exchange import Delegation, Exchange, Marks, ToolDuration
from tests.cli.command import Home
from tests.reports.exchanges import SESSION, exchange

BEGIN = datetime(2026, 11, 20, 9, tzinfo=UTC)


def asked(number: int, start: float, end: float, **known: Any) -> Exchange:
    facts = {"started_at": BEGIN + timedelta(seconds=start), "marks": Marks(1, 2, 3, (end - start) * 1000)}
    return exchange(number, **{**facts, "stop_reason": "end_turn", "asked": str(number), **known})


def day() -> list[Exchange]:
    calls = {"stop_reason": "tool_use", "tools_called": ("Agent",)}
    return [
        asked(1, 0, 1, prompt_id="p1", delegations=(Delegation("count", "Explore", "Count the fish"),), **calls),
        asked(2, 2, 5, prompt_id="p1", agent_id="a1", task="count"),
        asked(3, 6, 8, prompt_id="p1", tool_durations=(ToolDuration("Agent", 4500),)),
        asked(4, 60, 61, stop_reason="tool_use", tools_called=("Bash",)),
        asked(5, 70, 71, tool_durations=(ToolDuration("Bash", 2000),)),
    ]


async def test_it_shows_the_agents_the_turns_and_the_lanes_of_the_latest_turn(home: Home) -> None:
    home.record(*day())
    lines = [" ".join(line.split()) for line in (await home.run("agents", SESSION[:6])).out.splitlines()]
    assert lines[:3] == ["fix the flaky test", "", "AGENT TASK MODEL REQUESTS COST CACHED CONTEXT WALL BUSY"]
    assert lines[3] == "main opus-4-8 4 $0.12 57% 7.2k 19s 5.0s"
    assert lines[4] == "└ Explore Count the fish opus-4-8 1 $0.029 57% 7.2k 3.0s 3.0s"
    assert lines[5] == "total 5 $0.15 57%"
    assert lines[7] == "TURN BEGAN REQUESTS AGENTS COST WALL MODEL TOOLS SUB-AGENTS WAITING"
    assert lines[8].endswith(" 3 2 $0.088 8.0s 6.0s 1.5s 0.5s")
    assert lines[9].endswith(" inferred 2 1 $0.059 11s 2.0s 2.0s 7.0s")
    assert lines[11] == "turn 2, 11s"
    assert lines[12] == f"main 11s {'█' * 6}{'·' * 44}{'▒' * 13}{'█' * 7}"
    assert lines[13] == "█ model ▒ tools · waiting"


async def test_its_json_has_every_span_and_the_same_sums_as_the_session(home: Home) -> None:
    home.record(*day())
    found = json.loads((await home.run("agents", SESSION, "--json")).out)
    [session] = json.loads((await home.run("sessions", "--json")).out)
    shared = found.keys() & session.keys() - {"agents"}
    assert "cost_usd" in shared
    assert {name: found[name] for name in shared} == {name: session[name] for name in shared}
    main, sub = found["agents"]
    assert (main["agent_id"], main["name"], main["activities_s"]) == (
        None,
        "main",
        {"model": 5.0, "waiting": 7.5, "agents": 4.5, "tool": 2.0},
    )
    assert (sub["agent_id"], sub["type"], sub["task"], sub["started_by"]) == (
        *("a1", "Explore", "Count the fish"),
        day()[0].id,
    )
    first, second = found["turns"]
    assert (first["prompt_id"], first["inferred"], second["inferred"]) == ("p1", False, True)
    assert first["critical_path_s"] == {"model": 6.0, "waiting": 0.5, "agents": 1.5}
    assert [
        (each["agent_id"], each["activity"], each["start_s"], each["seconds"]) for each in first["critical_path"]
    ] == [
        (None, "model", 0, 1),
        (None, "waiting", 1, 0.5),
        (None, "agents", 1.5, 0.5),
        ("a1", "model", 2, 3),
        (None, "agents", 5, 1),
        (None, "model", 6, 2),
    ]
    assert sum(each["requests"] for each in found["turns"]) == session["requests"]


async def test_a_session_that_is_not_recorded_is_an_error(home: Home) -> None:
    home.record(exchange(1))
    refused = await home.run("agents", "ffff")
    assert (refused.code, refused.out) == (1, "")
    assert "No recorded session has an id that begins with 'ffff'" in refused.err
