"""What the agents of a turn did when, and what the turn waited for."""

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from candela_tui.analysis.turn_lanes import lane
from candela_tui.analysis.turn_timing import Activity, Span, Start, TurnTiming, seconds_by_activity, turn_timing
from candela_tui.exchange import Exchange, Marks, Outcome, ToolDuration, ToolRun
from candela_tui.protocol.kind import Kind
from tests.analysis.exchanges import START, exchange

MODEL, TOOL, AGENTS = Activity.MODEL, Activity.TOOL, Activity.AGENTS
CHECK, WAITING, RETRY, SIDE = Activity.CHECK, Activity.WAITING, Activity.RETRY, Activity.SIDE
NOW = START + timedelta(minutes=10)


def asked(number: int, start: float, end: float, *called: str, **known: Any) -> Exchange:
    """A request that ran between two seconds and called these tools."""
    facts = {
        "kind": Kind.MESSAGES,
        "started_at": START + timedelta(seconds=start),
        "marks": Marks(end=(end - start) * 1000),
        "tools_called": called,
        "stop_reason": "tool_use" if called else "end_turn",
        "asked": str(number),
    }
    return exchange(number, **{**facts, **known})


def took(*durations: tuple[str, int]) -> dict[str, tuple[ToolDuration, ...]]:
    return {"tool_durations": tuple(ToolDuration(tool, milliseconds) for tool, milliseconds in durations)}


def timed(exchanges: Sequence[Exchange], started: Mapping[str, Start] | None = None) -> TurnTiming:
    found = turn_timing(exchanges, started or {}, NOW)
    assert found is not None
    return found


def told(spans: Iterable[Span]) -> list[tuple[str | None, Activity, float, float, str, bool]]:
    zero = START.timestamp()
    return [
        (
            each.agent_id,
            each.activity,
            round(each.start - zero, 3),
            round(each.end - zero, 3),
            each.label,
            each.inferred,
        )
        for each in spans
    ]


def test_the_rest_of_the_time_around_a_tool_is_time_spent_waiting():
    # As Claude Code 2.1.332 sends it where the user takes six seconds to allow two commands.
    timing = timed([asked(1, 0, 1, "Bash"), asked(2, 11, 12, **took(("Bash", 2000), ("Bash", 1000)))])
    assert told(timing.spans) == [
        (None, MODEL, 0, 1, "", False),
        (None, WAITING, 1, 8, "", True),
        (None, TOOL, 8, 11, "Bash ×2", True),
        (None, MODEL, 11, 12, "", False),
    ]
    assert list(timing.path) == timing.agents[0].spans


def test_one_tool_that_the_client_measured_is_not_inferred():
    timing = timed([asked(1, 0, 1, "Read"), asked(2, 3, 4, **took(("Read", 2000)))])
    assert told(timing.spans)[1] == (None, TOOL, 1, 3, "Read", False)


def test_tools_that_ran_side_by_side_took_at_least_as_long_as_the_longest():
    timing = timed([asked(1, 0, 1, "Read"), asked(2, 4, 5, **took(("Read", 2000), ("Grep", 2500)))])
    assert told(timing.spans)[1:3] == [(None, WAITING, 1, 1.5, "", True), (None, TOOL, 1.5, 4, "Read, Grep", True)]


def test_without_durations_the_whole_gap_is_the_tools_and_inferred():
    timing = timed([asked(1, 0, 1, "Bash", "Read"), asked(2, 4, 5)])
    assert told(timing.spans)[1] == (None, TOOL, 1, 4, "Bash, Read", True)


def test_the_critical_path_leads_through_the_sub_agent_that_ended_last():
    exchanges = [
        asked(1, 0, 1, "Agent"),
        asked(2, 2, 3, "Bash", agent_id="slow"),
        asked(3, 2, 4, agent_id="fast"),
        asked(4, 6, 7, agent_id="slow", **took(("Bash", 3000))),
        asked(5, 8, 9, **took(("Agent", 3000), ("Agent", 6500))),
    ]
    started = {"slow": Start(None, "00001"), "fast": Start(None, "00001")}
    timing = timed(exchanges, started)
    assert told(timing.path) == [
        (None, MODEL, 0, 1, "", False),
        (None, WAITING, 1, 1.5, "", True),
        (None, AGENTS, 1.5, 2, "Agent ×2", True),
        ("slow", MODEL, 2, 3, "", False),
        ("slow", TOOL, 3, 6, "Bash", False),
        ("slow", MODEL, 6, 7, "", False),
        (None, AGENTS, 7, 8, "Agent ×2", True),
        (None, MODEL, 8, 9, "", False),
    ]
    assert [(each.agent_id, each.wall_s, each.busy_s) for each in timing.agents] == [
        (None, 9, 2),
        ("slow", 5, 2),
        ("fast", 2, 2),
    ]


def test_sub_agents_one_after_another_and_within_one_another_are_all_on_the_path():
    exchanges = [
        asked(1, 0, 1, "Agent"),
        asked(2, 1, 2, agent_id="one"),
        asked(3, 3, 4, "Agent", agent_id="two"),
        asked(4, 4, 5, agent_id="deep", parent_agent_id="two"),
        asked(5, 6, 7, agent_id="two"),
        asked(6, 7, 8),
    ]
    started = {"one": Start(None, None), "two": Start(None, None), "deep": Start("two", None)}
    path = timed(exchanges, started).path
    assert [(span.agent_id, span.activity) for span in path] == [
        (None, MODEL),
        ("one", MODEL),
        (None, AGENTS),
        ("two", MODEL),
        ("deep", MODEL),
        ("two", AGENTS),
        ("two", MODEL),
        (None, MODEL),
    ]


def test_a_turn_ends_with_its_last_agent_also_where_that_runs_in_the_background():
    exchanges = [
        asked(1, 0, 1, "Agent"),
        asked(2, 1.5, 3),
        asked(3, 2, 5, agent_id="a"),
    ]
    timing = timed(exchanges, {"a": Start(None, "00001")})
    assert told(timing.path) == [
        (None, MODEL, 0, 1, "", False),
        (None, WAITING, 1, 2, "", True),
        ("a", MODEL, 2, 5, "", False),
    ]
    assert timing.wall_s == 5


def test_the_time_before_a_retry_and_the_checks_of_auto_mode_are_told_apart():
    exchanges = [
        asked(1, 0, 1, asked="x", outcome=Outcome.ERROR, request_bytes=20_000),
        asked(2, 3, 4, "Bash", asked="x", request_bytes=20_000),
        asked(3, 5, 6, kind=Kind.CLASSIFIER),
        asked(4, 4.5, 7, kind=Kind.TITLE),
        asked(5, 9, 10, **took(("Bash", 1000))),
    ]
    timing = timed(exchanges)
    assert told(timing.path) == [
        (None, MODEL, 0, 1, "", False),
        (None, RETRY, 1, 3, "", True),
        (None, MODEL, 3, 4, "", False),
        (None, WAITING, 4, 5, "", True),
        (None, WAITING, 6, 8, "", True),
        (None, TOOL, 8, 9, "Bash", False),
        (None, MODEL, 9, 10, "", False),
    ]
    assert [span.activity for span in timing.agents[0].spans if span.activity in (CHECK, SIDE)] == [SIDE, CHECK]


def test_a_live_request_lasts_until_now_and_side_requests_alone_are_no_turn():
    live = asked(1, 0, 0, outcome=Outcome.LIVE, marks=Marks())
    assert timed([live]).wall_s == 600
    assert turn_timing([asked(1, 0, 1, kind=Kind.TITLE)], {}, NOW) is None


@pytest.mark.parametrize("seed", range(20))
def test_the_path_is_as_long_as_the_turn_whatever_ran_beside_what(seed: int):
    chance = random.Random(seed)
    exchanges, number = [], 0
    agents: list[str | None] = [None, "a", "b", "c", "d"]
    for agent in agents:
        at = 0.0 if agent is None else chance.uniform(0.5, 20)
        for _ in range(chance.randint(1, 8)):
            number, end = number + 1, at + chance.uniform(0.01, 3)
            tools = chance.choice([(), ("Bash",), ("Agent",), ("Agent", "Read")])
            exchanges.append(asked(number, at, end, *tools, agent_id=agent))
            at = end + chance.uniform(0, 6)
    started = {agent: Start(chance.choice([*agents, "gone"]), None) for agent in agents if agent}
    timing = timed(exchanges, started)
    assert all(span.seconds > 0 for span in timing.path)
    assert [span.start for span in timing.path[1:]] == [span.end for span in timing.path[:-1]]
    assert timing.path[-1].end == timing.end
    assert sum(seconds_by_activity(timing.path).values()) == pytest.approx(timing.path[-1].end - timing.path[0].start)


def test_a_lane_shows_what_happened_in_each_column_and_nothing_outside_the_agents_time():
    spans = [Span("a", WAITING, 10, 20), Span("a", MODEL, 20, 25), Span("a", SIDE, 10, 11)]
    assert lane(spans, 0, 40, 8) == [None, None, SIDE, WAITING, MODEL, None, None, None]
    assert lane([Span("a", MODEL, 5, 5)], 5, 5, 3) == [MODEL, None, None]


def test_where_the_client_measured_every_call_only_its_own_time_is_inferred():
    zero = START.timestamp()
    runs = (
        ToolRun("toolu_1", "Bash", "accept", "user_temporary", zero + 4, 2000, zero + 6, 2000, success=True),
        ToolRun("toolu_2", "Read", "accept", "config", zero + 2, 500, zero + 5, 1500, success=True),
    )
    found = timed([asked(1, 0, 1, "Bash", "Read", tool_runs=runs), asked(2, 7, 8)])
    assert told(found.agents[0].spans) == [
        (None, MODEL, 0, 1, "", False),
        (None, WAITING, 1, 1.5, "", True),
        (None, WAITING, 1.5, 3.5, "", False),
        (None, TOOL, 3.5, 6, "Bash, Read", False),
        (None, WAITING, 6, 7, "", True),
        (None, MODEL, 7, 8, "", False),
    ]


def test_where_the_client_did_not_measure_every_call_the_time_is_inferred():
    zero = START.timestamp()
    runs = (ToolRun("toolu_1", "Bash", ended_at=zero + 6, ran_ms=2000),)
    found = timed([asked(1, 0, 1, "Bash", "Read", tool_runs=runs), asked(2, 7, 8)])
    assert told(found.agents[0].spans)[1] == (None, TOOL, 1, 7, "Bash, Read", True)
