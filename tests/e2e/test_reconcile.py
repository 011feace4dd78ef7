"""The client's own sum of a session, and candela's: every difference of the real client is explained."""

import asyncio
import json
import uuid
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.candela import Candela
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.e2e.scenarios import Respond, agent_of, answers_so_far, bash_tool, is_messages, is_title, speak, titled
from tests.e2e.terminal import Terminal
from tests.e2e.test_dashboard_beside_client import PROMPT, settled_home
from tests.standin import CLOSE, Answer, Provider, ReceivedRequest, message, text, tool_use, usage, whole_message

pytestmark = pytest.mark.e2e

_STATES_SUMS = (2, 1, 300)
"""2.1.197 states no sum in print mode, 2.1.332 does, in the transcript."""
_HAIKU = "claude-haiku-4-5-20251001"


def by_haiku(request: ReceivedRequest, words: str, **more: Any) -> Answer:
    """An answer of another model than the requested one."""
    make = message if request.json.get("stream") else whole_message
    return make(text(words), model=_HAIKU, usage=usage(6, read=20_000, write_5m=300, **more), output_tokens=22)


def a_day() -> Respond:
    cut = False

    def respond(request: ReceivedRequest) -> Answer:
        nonlocal cut
        last = json.dumps(request.json["messages"][-1])
        if agent_of(request):
            return speak(request, text("Three files."), usage=usage(40, write_5m=9_000), output_tokens=33)
        if "zsearch" in last:
            found = {"server_tool_use": {"web_search_requests": 2}}
            return speak(request, text("Found."), usage=usage(6, read=20_000, write_1h=300, **found), output_tokens=22)
        if "zother" in last:
            return by_haiku(request, "Fallen back.")
        if "zbatch" in last:
            counts = usage(6, read=20_000, write_5m=300, inference_geo="us", service_tier="batch")
            return speak(request, text("In the US."), usage=counts, output_tokens=22)
        if "zcut" in last and not cut:
            cut = True
            return speak(request, text("This will bre", CLOSE, "ak"), usage=usage(15, read=1_000))
        if answers_so_far(request) == 0:
            task = {"description": "Count files", "prompt": "Count the files.", "subagent_type": "general-purpose"}
            call = tool_use("Agent", {**task, "run_in_background": False})
            return speak(request, call, usage=usage(11, write_5m=20_000, write_1h=100), output_tokens=80)
        return speak(request, text("Three."), usage=usage(5, read=20_000), output_tokens=9)

    return titled(respond)


async def _reconciled(candela: Candela, session: str) -> tuple[dict[str, Any], dict[str, Decimal]]:
    found = json.loads(await candela.output("reconcile", session, "--json"), parse_float=Decimal)
    sums: Counter[str] = Counter()
    for item in found["items"]:
        sums[item["kind"]] += item["usd"]
    assert sum(item["usd"] for item in found["items"]) == (found["difference_usd"] or 0)
    return found, dict(sums)


async def test_a_session_in_print_mode(claude: Claude, tmp_path: Path) -> None:
    states, home, project = claude.known_version >= _STATES_SUMS, tmp_path / "home", tmp_path / "project"
    await asyncio.to_thread(project.mkdir)
    session, more = str(uuid.uuid4()), ("--allowedTools", "Agent")
    async with Provider() as provider:
        provider.respond = a_day()
        async with Candela(tmp_path / "c" / "data", provider.url, HOME=str(home)) as candela:
            through = clean_environment(home, ANTHROPIC_BASE_URL=candela.url)
            past = {**through, "ANTHROPIC_BASE_URL": provider.url}
            await run_claude(claude, "count the files", through, project, "--session-id", session, *more)
            for words in ("zsearch", "zother", "zbatch", "zcut"):
                await run_claude(claude, words, through, project, "--resume", session, *more)
            crossed = sum(map(is_messages, provider.requests))
            await run_claude(claude, "past candela", past, project, "--resume", session, *more)
            fork = await run_claude(claude, "fork", through, project, "--resume", session, "--fork-session", *more)
            rows = (await candela.settled({session: crossed, fork.printed["session_id"]: 1}))[session]
            found, sums = await _reconciled(candela, session)
            _, of_fork = await _reconciled(candela, fork.printed["session_id"])
    assert found["wire_usd"] == sum(row["cost_usd"] or 0 for row in rows)
    if not states:
        assert (found["client_usd"], found["items"]) == (None, [])
        return
    # The model of the batch's answer is the one that the client went on with.
    assert set(sums) - {"cut"} == {"model", "price", "not_recorded"}
    assert set(of_fork) == {"forked"}, (of_fork, sums)
    assert of_fork["forked"] == found["client_usd"]


async def test_an_interactive_session_with_its_title(claude: Claude, tmp_path: Path) -> None:
    """Both versions state the sum when they exit, the older one in its settings."""
    home, project = tmp_path / "home", tmp_path / "project"
    await asyncio.to_thread(settled_home, home, project)
    tool = bash_tool()

    def respond(request: ReceivedRequest) -> Answer | None:
        last = is_messages(request) and not is_title(request) and answers_so_far(request) > 0
        return by_haiku(request, "The word is coral-42.") if last else tool(request)

    async with Provider() as provider, Terminal(tmp_path / "tmux", 120, 36) as terminal:
        provider.respond = respond
        async with Candela(tmp_path / "c" / "data", provider.url, HOME=str(home)) as candela:
            environment = clean_environment(home, ANTHROPIC_BASE_URL=candela.url, LANG="C.UTF-8")
            del environment["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"]
            await terminal.open("client", [claude.path, "--allowedTools", "Bash"], environment, project)
            await terminal.shows("client", "❯")
            await terminal.type("client", PROMPT)
            await terminal.shows("client", PROMPT[-20:])
            await terminal.press("client", "Enter")
            await terminal.shows("client", "The word is coral-42.")
            asked = [request for request in provider.requests if is_messages(request)]
            await candela.settled(Counter(request.header("x-claude-code-session-id") or "" for request in asked))
            await terminal.press("client", "C-c")
            await terminal.shows("client", "again to exit")
            await terminal.press("client", "C-c")
            assert await terminal.exit_code("client") == 0
            [session] = [each["session_id"] for each in await candela.records("sessions") if each["session_id"]]
            rows = [row for row in await candela.records("requests") if row["session_id"] == session]
            found, sums = await _reconciled(candela, session)
    assert {row["kind"] for row in rows} == {"title", "messages"}
    assert found["client_source"] == ("transcript" if claude.known_version >= _STATES_SUMS else "settings")
    assert set(sums) == {"model"}
