"""Transcripts that the real client writes: imported, they are what candela saw of the same sessions."""

import asyncio
import json
import signal
import uuid
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from candela_tui.store.reader import StoreReader
from tests.e2e.candela import PATIENCE_S, Candela
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.e2e.scenarios import agent_of, answers_so_far, is_messages, speak, titled
from tests.standin import STALL, Answer, Provider, ReceivedRequest, message, text, thinking, tool_use, usage

pytestmark = pytest.mark.e2e

_TOOLS = ("--allowedTools", "Bash", "Agent")
_SAME = (
    "session_id",
    "agent_id",
    "model_used",
    "outcome",
    "stop_reason",
    "request_id",
    "message_id",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "cost_usd",
    "cost_at_least",
    "saved_usd",
    "client_cost_usd",
    "tools",
    "agent_type",
    "agent_description",
    "client",
)
"""Facts that a transcript tells as exactly as the requests themselves."""
_KEEPS_REQUESTS = (2, 1, 300)
"""The client's version that is known not to keep whole requests is 2.1.197, the one that does 2.1.332."""
_NOT_KEPT = ("metadata", "stream")


def _respond(request: ReceivedRequest) -> Answer:
    last = json.dumps(request.json["messages"][-1])
    if agent_of(request):
        if answers_so_far(request) == 0:
            call = tool_use("Bash", {"command": "echo coral-$((40+2))", "description": "Print a word"})
            return speak(request, text("Looking."), call, usage=usage(40, write_5m=9_000), output_tokens=33)
        return speak(request, text("Three."), usage=usage(3, read=9_000, write_5m=50), output_tokens=13)
    if "a question that stalls" in last:
        counts = usage(17, read=20_000, write_1h=700)
        return message(thinking("hm"), text("This takes ", STALL), model=request.json["model"], usage=counts)
    if "a second question" in last:
        return speak(request, text("Second."), usage=usage(6, read=20_000, write_5m=300), output_tokens=22)
    if "a forked question" in last:
        return speak(request, text("Forked."), usage=usage(8, read=20_000, write_5m=310), output_tokens=23)
    if answers_so_far(request) == 0:
        calls = [
            tool_use(
                "Agent",
                {
                    "description": f"Count {what}",
                    "prompt": f"Count the {what} here.",
                    "subagent_type": "general-purpose",
                    "run_in_background": False,
                },
            )
            for what in ("files", "folders")
        ]
        counts = usage(11, write_5m=15_000, write_1h=5_000)
        return speak(request, thinking("Two of them."), text("I'll ask two."), *calls, usage=counts, output_tokens=80)
    return speak(request, text("Three and three."), usage=usage(5, read=20_000), output_tokens=9)


@dataclass(frozen=True, slots=True)
class Ran:
    """A session with two sub-agents that was resumed, forked, and interrupted."""

    session: str
    fork: str
    crossed: list[dict[str, Any]]
    """The messages that candela recorded, as ``candela requests`` lists them."""
    imported: list[dict[str, Any]]
    """What the transcripts alone give in a store of their own."""
    first: dict[str, Any]
    again: dict[str, Any]
    """What two imports into that store said."""
    beside: dict[str, Any]
    """What an import into the store of the requests that crossed said, while candela was running."""
    sessions: tuple[list[dict[str, Any]], list[dict[str, Any]]]
    bodies: dict[str, tuple[bytes, bytes | None]]
    """The recorded and the rebuilt request by request id."""
    keeps_requests: bool


@pytest.fixture(scope="module")
def ran(claude: Claude, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return asyncio.run(_run(claude, tmp_path_factory.mktemp("import")))


async def _run(claude: Claude, where: Path) -> Ran:
    project, session = where / "project", str(uuid.uuid4())
    await asyncio.to_thread(project.mkdir)
    async with Provider() as provider:
        provider.respond = titled(_respond)
        config = where / "home" / ".claude"
        async with Candela(where / "crossed" / "data", provider.url, CLAUDE_CONFIG_DIR=str(config)) as candela:
            environment = clean_environment(where / "home", ANTHROPIC_BASE_URL=candela.url)
            words = ("count the files with two agents", environment, project, "--session-id", session, *_TOOLS)
            await run_claude(claude, *words)
            await run_claude(claude, "a second question", environment, project, "--resume", session, *_TOOLS)
            forking = ("--resume", session, "--fork-session", *_TOOLS)
            forked = await run_claude(claude, "a forked question", environment, project, *forking)
            await _interrupt(claude, environment, project, session, provider)
            fork = forked.printed["session_id"]
            asked = [request for request in provider.requests if is_messages(request)]
            counted = Counter(request.header("x-claude-code-session-id") or "" for request in asked)
            by_session = await candela.settled(counted)
            rows = [row for own in (session, fork) for row in by_session[own] if row["kind"] == "messages"]
            beside = json.loads(await candela.output("import", "--json"))
            crossed_sessions = await candela.records("sessions")
        alone = Candela(where / "alone" / "data", provider.url, CLAUDE_CONFIG_DIR=str(config))
        first, again = [json.loads(await alone.output("import", "--json"), parse_float=Decimal) for _ in range(2)]
        imported = await alone.records("requests")
        imported_sessions = await alone.records("sessions")
    readers = [StoreReader(each.data / "candela.db") for each in (candela, alone)]
    ids = {row["request_id"]: row["id"] for row in imported}
    bodies = {
        row["request_id"]: (readers[0].request_body(row["id"]) or b"", readers[1].request_body(ids[row["request_id"]]))
        for row in rows
        if row["request_id"] in ids
    }
    return Ran(
        session=session,
        fork=fork,
        crossed=rows,
        imported=imported,
        first=first,
        again=again,
        beside=beside,
        sessions=(crossed_sessions, imported_sessions),
        bodies=bodies,
        keeps_requests=claude.known_version >= _KEEPS_REQUESTS,
    )


async def _interrupt(
    claude: Claude, environment: dict[str, str], project: Path, session: str, provider: Provider
) -> None:
    """Ask a question whose answer stalls, and press ctrl+c once a part of it is there."""
    words = ("-p", "a question that stalls", "--output-format", "stream-json", "--verbose", "--resume", session)
    process = await asyncio.create_subprocess_exec(
        claude.path,
        *words,
        "--include-partial-messages",
        env=environment,
        cwd=project,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            while b"This takes" not in await process.stdout.readline():
                pass
            process.send_signal(signal.SIGINT)
            await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert any(b"This takes" in request.sent for request in provider.requests)


def _interrupted(row: dict[str, Any]) -> bool:
    return bool(row["outcome"] == "cancelled")


def _kept(ran: Ran) -> list[dict[str, Any]]:
    """What crossed, less what this client's transcript does not have."""
    return [row for row in ran.crossed if ran.keeps_requests or not _interrupted(row)]


def test_an_import_has_what_crossed(ran: Ran) -> None:
    def facts(rows: list[dict[str, Any]]) -> list[list[Any]]:
        return [[row[name] for name in _SAME] for row in sorted(rows, key=lambda row: row["request_id"])]

    assert len(ran.crossed) == 9
    assert facts(ran.imported) == facts(_kept(ran))
    assert {row["imported"] for row in ran.imported} == {"transcript"}


def test_the_sums_are_the_same_to_the_last_digit(ran: Ran) -> None:
    costs = sum(row["cost_usd"] for row in _kept(ran))
    assert ran.first["cost_usd"] == costs
    assert ran.first["imported"] == len(_kept(ran))
    if not ran.keeps_requests:
        return
    names = ("agents", "input_tokens", "cache_read_tokens", "output_tokens", "cost_at_least", "cwd", "branch")
    crossed, imported = ({row["session_id"]: row for row in listed} for listed in ran.sessions)
    for session in (ran.session, ran.fork):
        assert [crossed[session][name] for name in names] == [imported[session][name] for name in names]


def test_a_second_import_adds_nothing(ran: Ran) -> None:
    assert (ran.again["imported"], ran.again["known"]) == (0, len(_kept(ran)))


def test_what_crossed_is_not_imported_beside_it(ran: Ran) -> None:
    assert (ran.beside["imported"], ran.beside["crossed"]) == (0, len(_kept(ran)))
    assert ran.beside["bad"] == 0


def test_whole_requests_are_rebuilt_as_they_were_sent(ran: Ran) -> None:
    """But for the billing block, and fields that the client does not keep."""
    assert len(ran.bodies) == len(_kept(ran))
    for recorded, rebuilt in ran.bodies.values():
        if not ran.keeps_requests:
            assert rebuilt is None
            continue
        assert rebuilt is not None
        sent = json.loads(recorded)
        sent["system"] = [block for block in sent["system"] if "billing-header" not in block["text"]]
        assert json.loads(rebuilt) == _with_lists({name: sent[name] for name in sent if name not in _NOT_KEPT})


def _with_lists(request: dict[str, Any]) -> dict[str, Any]:
    """A request whose messages have their content as a list of blocks, which says the same."""
    messages = [
        {**each, "content": [{"type": "text", "text": each["content"]}]} if isinstance(each["content"], str) else each
        for each in request["messages"]
    ]
    return {**request, "messages": messages}


def test_the_clients_own_sum_differs_by_the_interrupted_answer_alone(ran: Ran) -> None:
    """It leaves that out, or estimates its output, which depends on when it was interrupted."""
    if not ran.keeps_requests:
        # This client writes no sum in print mode.
        assert ran.first["differences"] == []
        return
    [difference] = ran.first["differences"]
    [partial] = [row["cost_usd"] for row in ran.crossed if _interrupted(row)]
    assert difference["session_id"] == ran.session
    assert abs(difference["own_usd"] - difference["client_usd"]) <= partial
    assert difference["why"][0].startswith("1 answer without an end")
