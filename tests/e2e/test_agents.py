"""The agents, the turns and the links of sessions that the real client makes: two agents at once, a resume, a fork."""

import asyncio
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from candela_tui.claude_code.features import HINT_HEADERS, HINT_HEADERS_SINCE
from tests.e2e.candela import Candela
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.e2e.scenarios import Respond, agent_of, answers_so_far, is_messages, speak, titled
from tests.standin import Answer, Gate, Provider, ReceivedRequest, text, tool_use, usage

pytestmark = pytest.mark.e2e

_COUNTS_S = 0.4
"""How long the slower agent's answer takes, twice; the faster one's takes it once."""


def _after(seconds: float) -> Gate:
    gate = Gate()
    asyncio.get_running_loop().call_later(seconds, gate.open)
    return gate


def _agent(description: str, prompt: str, kind: str) -> Any:
    task = {"description": description, "prompt": prompt, "subagent_type": kind, "run_in_background": False}
    return tool_use("Agent", task)


def _two_agents() -> Respond:
    def respond(request: ReceivedRequest) -> Answer:
        so_far, spoken = answers_so_far(request), str(request.json["messages"])
        if agent_of(request):
            if "Count the shells" in spoken and so_far == 0:
                call = tool_use("Bash", {"command": "sleep 0.5; echo 7", "description": "Count"})
                return speak(request, text("I ", _after(_COUNTS_S), "look."), call, usage=usage(40, write_5m=9_000))
            return speak(request, text("Two, ", _after(_COUNTS_S), "I think."), usage=usage(30, write_5m=8_000))
        if so_far == 0:
            agents = (
                _agent("Count shells", "Count the shells.", "general-purpose"),
                _agent("Count fish", "Count the fish.", "Explore"),
            )
            return speak(request, text("I ask two."), *agents, usage=usage(11, write_5m=20_000), output_tokens=80)
        return speak(request, text("Nine."), usage=usage(5, read=20_000), output_tokens=9)

    return titled(respond)


async def test_two_agents_at_once_a_resume_and_a_fork(claude: Claude, tmp_path: Path) -> None:
    project = tmp_path / "project"
    await asyncio.to_thread(project.mkdir)
    session = str(uuid.uuid4())
    async with Provider() as provider:
        provider.respond = _two_agents()
        async with Candela(tmp_path / "candela" / "data", provider.url) as candela:
            hints = {HINT_HEADERS: "1"}
            environment = clean_environment(tmp_path / "home", ANTHROPIC_BASE_URL=candela.url, **hints)

            async def say(prompt: str, *words: str) -> str:
                run = await run_claude(claude, prompt, environment, project, "--allowedTools", "Bash", "Agent", *words)
                return str(run.printed["session_id"])

            await say("count with two agents", "--session-id", session)
            assert await say("and again", "--resume", session) == session
            fork = await say("and elsewhere", "--resume", session, "--fork-session")
            asked = sum(map(is_messages, provider.requests))
            by_session = await candela.settled({session: asked - 1, fork: 1})
            tree = json.loads(await candela.output("agents", session, "--json"))
            forked = json.loads(await candela.output("agents", fork, "--json"))
            listed = {each["session_id"]: each for each in await candela.records("sessions")}

    last = by_session[session][-1]["id"]
    assert (forked["continues"], forked["continues_request"]) == (session, last)
    assert (listed[fork]["continues"], listed[session]["continues"]) == (session, None)
    assert tree["continued_by"] == [fork]

    main, shells, fish = tree["agents"]
    assert (main["agent_id"], main["requests"]) == (None, 3)
    assert (shells["type"], shells["task"], shells["requests"]) == ("general-purpose", "Count shells", 2)
    assert (fish["type"], fish["task"], fish["requests"]) == ("Explore", "Count fish", 1)
    assert {each["started_by"] for each in (shells, fish)} == {by_session[session][0]["id"]}
    for name in ("requests", "cost_usd", "output_tokens", "cache_write_5m_tokens"):
        assert sum(each[name] for each in tree["agents"]) == pytest.approx(tree[name])
        assert tree[name] == pytest.approx(float(listed[session][name]))

    states_turns = claude.known_version >= HINT_HEADERS_SINCE
    first, second = tree["turns"]
    assert [each["inferred"] for each in tree["turns"]] == [not states_turns] * 2
    assert (first["requests"], first["agents"], second["requests"]) == (5, 3, 1)
    # The slower agent is on the critical path, the faster one beside it is not.
    path = [(each["agent_id"], each["activity"]) for each in first["critical_path"]]
    assert {agent for agent, _ in path} == {None, shells["agent_id"]}
    assert [activity for agent, activity in path if agent and activity != "waiting"] == ["model", "tool", "model"]
    (tool,) = [each for each in first["spans"] if each["agent_id"] == shells["agent_id"] and each["activity"] == "tool"]
    assert tool["seconds"] >= 0.5
    assert (tool["label"], tool["inferred"]) == ("Bash", not states_turns)
    assert sum(each["seconds"] for each in first["critical_path"]) == pytest.approx(first["wall_s"], abs=0.001)
    assert shells["busy_s"] >= 2 * _COUNTS_S
