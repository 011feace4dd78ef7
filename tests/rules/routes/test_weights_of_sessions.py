"""[rules.routes] weights: the sessions are spread over routes, and each stays with its own."""

import json
from collections.abc import Awaitable, Callable

from tests.faults.client import Client
from tests.faults.places import BEDROCK, DIRECT, Place
from tests.faults.setting import Setting
from tests.rules.routes.conftest import CHAIN

Ruled = Callable[..., Awaitable[Setting]]
EVEN = {"weights": {"anthropic-direct": 1, "anthropic-bedrock": 1}}
SESSIONS = [f"session {number}" for number in range(12)]


async def ask(here: Setting, session: str | None, place: Place = DIRECT, body: bytes | None = None) -> None:
    fields = [("X-Claude-Code-Session-Id", session)] if session is not None else []
    async with Client(here.candela.port) as client:
        client.ask(place.path, body or place.request(), *fields)
        assert (await client.answer()).status == 200


async def providers(here: Setting, count: int) -> dict[str | None, set[str]]:
    """The providers that answered each session."""
    found: dict[str | None, set[str]] = {}
    for exchange in await here.candela.ended(count):
        found.setdefault(exchange.session_id, set()).add(exchange.provider)
    return found


async def test_sessions_are_spread_and_not_requests(ruled: Ruled) -> None:
    here = await ruled(routes=EVEN)
    for session in SESSIONS * 2:
        await ask(here, session)
    found = await providers(here, 24)
    assert all(len(each) == 1 for each in found.values())
    assert set().union(*found.values()) == {"anthropic", "bedrock"}


async def test_it_makes_no_difference_for_which_of_the_routes_a_session_came(ruled: Ruled) -> None:
    here = await ruled(routes=EVEN)
    for session in SESSIONS:
        await ask(here, session)
        await ask(here, session, BEDROCK)
    assert all(len(each) == 1 for each in (await providers(here, 24)).values())


async def test_a_client_that_names_no_session_is_known_by_its_conversation(ruled: Ruled) -> None:
    here = await ruled(routes=EVEN)
    for number in range(12):
        first = {"role": "user", "content": f"Question {number}"}
        for more in ([], [{"role": "assistant", "content": "Well."}, {"role": "user", "content": "And?"}]):
            body = {"model": "claude-opus-4-8", "max_tokens": 64, "messages": [first, *more]}
            await ask(here, None, body=json.dumps(body).encode())
    asked: dict[str, set[str]] = {}
    for name, requests in (("anthropic", here.anthropic.requests), ("bedrock", here.bedrock.invocations)):
        for request in requests:
            content = request.json["messages"][0]["content"]
            asked.setdefault(str(content), set()).add(name)
    assert len(asked) == 12
    assert all(len(each) == 1 for each in asked.values())
    assert set().union(*asked.values()) == {"anthropic", "bedrock"}


async def test_another_route_is_not_concerned(ruled: Ruled) -> None:
    here = await ruled(routes={"weights": {"anthropic-bedrock": 1}})
    await ask(here, "s")
    assert len(here.anthropic.requests) == 1


async def test_a_dry_run_only_says_where_it_would_go(ruled: Ruled) -> None:
    here = await ruled(routes={**EVEN, "dry_run": True})
    for session in SESSIONS:
        await ask(here, session)
    exchanges = await here.candela.ended(12)
    assert {each.provider for each in exchanges} == {"anthropic"}
    noted = [did for each in exchanges for did in each.rules]
    assert {(did.rule, did.action, did.dry_run, did.words) for did in noted} == {
        ("rules.routes", "route", True, "the session's requests would go to Bedrock by its weight")
    }
    assert 0 < len(noted) < 12


async def test_a_sessions_chain_begins_with_its_own_route(ruled: Ruled) -> None:
    here = await ruled(routes={"weights": {"anthropic-direct": 1e-6, "anthropic-bedrock": 1e6}}, fallback=CHAIN)
    await ask(here, "s")
    assert (len(here.anthropic.requests), len(here.bedrock.invocations)) == (0, 1)
    here.bedrock.answer(here.bedrock.throttled())
    await ask(here, "s")
    exchange = (await here.candela.ended(2))[1]
    assert [each.provider for each in exchange.attempts] == ["bedrock", "anthropic"]
    assert exchange.provider == "anthropic"
