"""What Claude Code states of a request reaches the record, and Anthropic as it was sent."""

import json
from typing import Any

import aiohttp

from candela_tui.analysis.context import context_fill
from candela_tui.exchange import ToolDuration
from candela_tui.ledger.names import agent_names
from candela_tui.ledger.sessions import by_session
from candela_tui.protocol.kind import Kind
from tests.protocol import claude_code_bodies as bodies
from tests.proxy.hints import HINTS
from tests.proxy.running import BODY, RunningProxy
from tests.standin import Provider, message, tool_use

SESSION = "95e7d0a7-38e9-401c-9b5a-721ca7b33ab9"


async def _post(candela: RunningProxy, client: aiohttp.ClientSession, body: Any, headers: dict[str, str]) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with client.post(f"{candela.url}/v1/messages", data=data, headers=headers) as answer:
        await answer.read()


async def test_hints_are_recorded_stored_and_pass_on_to_anthropic(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    hints = {name: value for name, value in HINTS.items() if name != "x-claude-code-compaction"}
    await _post(candela, client, BODY, {"X-Claude-Code-Session-Id": SESSION, "x-claude-code-agent-id": "a", **hints})
    sent = await provider.request(0)
    assert [sent.header(name) for name in hints] == list(hints.values())
    exchange = await candela.exchange()
    await candela.stop(1)
    for known in (exchange, candela.reader.exchange(exchange.id)):
        assert known is not None
        assert (known.request_class, known.agent_type) == ("subagent", "general-purpose")
        assert known.prompt_id == HINTS["x-claude-code-prompt-id"]
        assert known.tool_durations == (ToolDuration("Agent", 14), ToolDuration("mcp__a;b", 7))
        assert (known.kind, known.inferred) == (Kind.MESSAGES, ())
    (session,) = by_session([exchange])
    assert agent_names(session) == {"a": "general-purpose"}


async def test_a_compaction_is_named_by_its_hint_and_without_one_inferred(
    candela: RunningProxy, client: aiohttp.ClientSession
) -> None:
    body = bodies.opus_of_332("say hi")
    body["messages"].append(bodies.user(bodies.SUMMARY_PROMPT))
    session = {"X-Claude-Code-Session-Id": SESSION}
    await _post(candela, client, body, session | {"x-claude-code-request-class": "compaction"})
    await _post(candela, client, body, session)
    exchanges = await candela.ended(2)
    assert [(each.kind, each.inferred) for each in exchanges] == [
        (Kind.COMPACTION, ()),
        (Kind.COMPACTION, ("kind",)),
    ]


async def test_a_sub_agent_is_one_agent_also_where_a_gateway_dropped_its_headers(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    user_id = json.dumps({"device_id": "d", "account_uuid": "", "session_id": SESSION})
    main = {**bodies.opus_of_332("count the files with an agent"), "metadata": {"user_id": user_id}, "stream": True}
    task = {"description": "Count files", "prompt": "Count the files here.", "subagent_type": "general-purpose"}
    system = [bodies.billing("2.1.332", sub_agent=True), *main["system"][1:]]
    first = {**main, "messages": bodies.opus_of_332("Count the files here.")["messages"], "system": system}
    more = {**first, "messages": [*first["messages"], {"role": "assistant", "content": "ls"}, bodies.user("a.py")]}
    provider.answer(message(tool_use("Agent", task)))
    for body in (main, first, more):
        await _post(candela, client, body, {})
    exchanges = await candela.ended(3)
    (session,) = by_session(exchanges)
    (agent,) = session.agents.values()
    assert session.session_id == SESSION
    assert (agent.agent_type, agent.description, agent.inferred) == ("general-purpose", "Count files", True)
    assert (agent.totals.requests, session.title) == (2, "count the files with an agent")
    assert [each.inferred for each in exchanges] == [(), ("agent_id",), ("agent_id",)]


async def test_a_session_that_begins_with_a_local_command_is_titled_by_the_first_words_after_it(
    candela: RunningProxy, client: aiohttp.ClientSession
) -> None:
    local = (bodies.CAVEAT, bodies.LOCAL_COMMAND.format(name="clear"))
    for words in (local, (*local, "Fix the parser"), (*local, "Fix the lexer")):
        await _post(candela, client, bodies.opus_of_332(*words), {"X-Claude-Code-Session-Id": SESSION})
    exchanges = await candela.ended(3)
    assert [each.clues is not None for each in exchanges] == [True, True, False]
    (session,) = by_session(exchanges)
    assert (session.title, session.git_branch) == ("Fix the parser", "feature/reef")


async def test_a_window_of_a_million_tokens_is_known_from_records_without_their_headers(
    candela: RunningProxy, client: aiohttp.ClientSession
) -> None:
    """A user changes the model within a session: Claude Code says so with a beta alone."""
    body = {**bodies.opus_of_332("hi"), "model": "claude-sonnet-4-6"}
    agent = {"User-Agent": "claude-cli/2.1.332 (external, cli)", "X-Claude-Code-Session-Id": SESSION}
    for beta in ("claude-code-20250219", "claude-code-20250219,context-1m-2025-08-07", "claude-code-20250219"):
        await _post(candela, client, body, {**agent, "anthropic-beta": beta})
    live = await candela.ended(3)
    await candela.stop(1)
    stored = candela.reader.exchanges()
    assert [each.request_headers for each in stored] == [None, None, None]
    assert [each.betas for each in stored] == [each.betas for each in live]
    for known in (live, stored):
        fills = [context_fill(known[: count + 1]) for count in range(3)]
        assert [fill and fill.window for fill in fills] == [200_000, 1_000_000, 200_000]


async def test_a_program_without_sessions_has_the_same_window_live_and_read_back(
    candela: RunningProxy, client: aiohttp.ClientSession
) -> None:
    body = {**bodies.opus_of_332("hi"), "model": "claude-sonnet-4-6"}
    agent = {"User-Agent": "claude-cli/2.1.332 (external, cli)", "anthropic-beta": "context-1m-2025-08-07"}
    await _post(candela, client, body, agent)
    live = await candela.ended(1)
    await candela.stop(1)
    fills = [context_fill(known) for known in (live, candela.reader.exchanges())]
    assert [fill and fill.window for fill in fills] == [1_000_000, 1_000_000]
