"""The requests that a rule is about: the filter language on what is known before a request is sent."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from candela_tui.analysis.filter import FilterError
from candela_tui.exchange import Delegation, Exchange
from candela_tui.ledger.running import RunningLedger
from candela_tui.protocol.arrival import Arrival
from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.providers.identity import Dialect
from candela_tui.providers.upstream import ClientRequest
from candela_tui.rules.matching import RequestFilter, agent_type
from candela_tui.rules.reading import parsed
from candela_tui.text.times import Clock
from tests.proxy.running import route_speaking
from tests.store.recording import exchange

SESSION, AGENT = "x-claude-code-session-id", "x-claude-code-agent-id"
HINT = "x-claude-code-agent-type"


def asking(*, words: str = "Look around.", system: str = "", **headers: str) -> ClientRequest:
    body: dict[str, Any] = {"model": "claude-opus-4-8", "messages": [{"role": "user", "content": words}]}
    if system:
        body["system"] = system
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return ClientRequest("POST", "/v1/messages", fields, json.dumps(body).encode(), route_speaking(Dialect.MESSAGES))


def of_agent(words: str = "Look around.", hint: str = "") -> ClientRequest:
    headers = {SESSION: "s1", AGENT: "a1"} | ({HINT: hint} if hint else {})
    return asking(words=words, **headers)


def calling(agent: str | None, task: str = "Look around.") -> Exchange:
    """An exchange of the session whose answer starts an agent."""
    return exchange(1, session_id="s1", delegations=(Delegation(task, agent),))


async def matches(text: str, request: ClientRequest, ledger: RunningLedger | None = None) -> bool:
    return await RequestFilter(text, ledger or RunningLedger(Clock())).matches(request)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", True),
        ("model:opus", True),
        ("model:haiku", False),
        ("kind:messages -agent:main", False),
        ("agent:main route:direct", True),
        ("provider:anthropic or kind:title", True),
        ("arrival:base_url", True),
        ("arrival:intercepted", False),
        ("sent>1MB", False),
        ("class:main", False),
    ],
)
async def test_a_filter_matches_by_what_the_request_says(text: str, wanted: bool) -> None:
    assert await matches(text, asking()) is wanted


async def test_a_filter_matches_by_the_way_in() -> None:
    request = replace(asking(), arrival=Arrival.INTERCEPTED)
    assert await matches("arrival:intercepted", request)
    assert not await matches("arrival:base_url", request)


def test_a_field_that_only_the_answer_decides_is_a_mistake() -> None:
    with pytest.raises(FilterError, match="cost is not known before the request is sent"):
        RequestFilter("cost>1", RunningLedger(Clock()))


async def test_a_large_request_is_read_beside_the_loop_and_once() -> None:
    request = asking(words="x" * 300_000)
    assert await matches("model:opus", request)
    assert parsed(request) is parsed(request)


async def test_the_directory_of_a_session_is_known_from_its_earlier_requests() -> None:
    ledger = RunningLedger(Clock())
    ledger.take(exchange(1, session_id="s1", clues=SessionClues("fix it", "/work/api", None)))
    assert await matches("project:/work/api session:fix", asking(**{SESSION: "s1"}), ledger)
    assert not await matches("project:/work/api", asking(**{SESSION: "s2"}), ledger)


async def test_the_directory_is_read_from_the_first_request_itself() -> None:
    first = asking(system="Primary working directory: /work/api")
    assert await matches("project:work/api", first)


async def test_the_type_that_the_client_states_is_used() -> None:
    ledger = RunningLedger(Clock())
    assert await matches("agent:Explore type:Explore", of_agent(hint="Explore"), ledger)
    assert await agent_type(asking(), ledger) is None


async def test_an_agent_of_the_user_has_the_name_in_the_call_that_started_it() -> None:
    ledger = RunningLedger(Clock())
    asked = asyncio.create_task(matches("agent:reviewer", of_agent(hint="custom"), ledger))
    await asyncio.sleep(0)
    ledger.take(calling("reviewer"))
    assert await asked


async def test_an_agent_keeps_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("candela_tui.ledger.started_agents._PATIENCE_S", 0.0)
    ledger = RunningLedger(Clock())
    assert await agent_type(of_agent(), ledger) is None
    ledger.take(calling("reviewer"))
    assert await agent_type(of_agent(), ledger) is None
