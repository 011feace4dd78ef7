"""[rules.fallback]: another provider answers when one fails, as long as nothing of an answer has been passed on."""

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from anthropic import AsyncAnthropicBedrock

from candela_tui.config import RulesSettings
from candela_tui.exchange import Exchange, Outcome
from candela_tui.exchange.cache_diagnosis import Cause
from candela_tui.pricing import Pricer
from candela_tui.protocol.errors import ApiError
from candela_tui.providers import attempts
from candela_tui.providers.identity import Provider as Runs
from candela_tui.providers.identity import RouteName
from candela_tui.providers.upstream import Attempt, ClientRequest, Failure, Reply
from candela_tui.results.cache import CacheDiagnoser
from candela_tui.rules.routes import chain as chain_module
from candela_tui.rules.routes.fallback import Fallback, ProviderStates
from candela_tui.rules.routes.session import asked
from candela_tui.rules.routes.stays import Stays
from candela_tui.rules.routes.upstreams import RouteUpstreams
from tests.faults.client import Client, End, View
from tests.faults.places import BEDROCK, CHAT, DIRECT, VERTEX, Place
from tests.faults.setting import Setting, new_session
from tests.rules.routes.conftest import CHAIN
from tests.rules.test_models import Passes
from tests.standin import CLOSE, RESET, Answer, Gate, error, event, message, text, tool_use
from tests.standin.answers import json_answer, usage, whole_message
from tests.standin.bedrock import TEAM_PROFILE
from tests.standin.event_frames import EVENT_STREAM

Ruled = Callable[..., Awaitable[Setting]]

SSE = (("Content-Type", "text/event-stream"),)
CACHED = json.dumps(
    {
        "model": "claude-opus-4-8",
        "max_tokens": 64,
        "stream": True,
        "system": [{"type": "text", "text": "Be kind. " * 3000, "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": "hi"}],
    }
).encode()
PING = event("ping", {"type": "ping"})
OVERLOADED = event("error", {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
BEGUN = DIRECT.beginning()[0]
"""The event ``message_start``."""

FAILURES: dict[str, tuple[Answer, int, str]] = {
    "500": (error(500, "Internal server error"), 500, "api_error"),
    "503": (error(503, "no healthy upstream"), 503, "api_error"),
    "429": (error(429, "slow down", headers=[("retry-after", "60")]), 429, "rate_limit_error"),
    "529": (error(529, "Overloaded"), 529, "overloaded_error"),
    "closes": (Answer([CLOSE], status=None), 502, "api_error"),
    "resets": (Answer([RESET], status=None), 502, "api_error"),
    "overloaded in the stream": (Answer([OVERLOADED], headers=SSE), 529, "overloaded_error"),
    "overloaded after pings": (Answer([PING, PING, OVERLOADED], headers=SSE), 529, "overloaded_error"),
    "overloaded, compressed": (Answer([OVERLOADED], headers=SSE, encoding="gzip"), 529, "overloaded_error"),
    "overloaded once it has begun": (Answer([BEGUN, PING, OVERLOADED], headers=SSE), 529, "overloaded_error"),
    "ends once it has begun": (Answer([BEGUN], headers=SSE), 502, "api_error"),
    "breaks off once it has begun": (Answer([BEGUN, CLOSE], headers=SSE), 502, "api_error"),
    "ends before its first event": (Answer([PING], headers=SSE), 502, "api_error"),
    "breaks off before its first event": (Answer([PING, CLOSE], headers=SSE), 502, "api_error"),
    "resets before its first event": (Answer([PING, RESET], headers=SSE), 502, "api_error"),
}


def whole(answer: View) -> str:
    """The text of a whole answer."""
    assert (answer.end, answer.status) == (End.WHOLE, 200)
    return answer.body.decode()


def asked_in_turn(exchange: Exchange) -> list[tuple[str, int | None, str | None]]:
    return [(each.provider, each.status, each.error_type) for each in exchange.attempts]


@pytest.mark.parametrize("failure", FAILURES)
async def test_the_next_provider_answers_after_a_failure(here: Setting, failure: str) -> None:
    answer, status, kind = FAILURES[failure]
    here.anthropic.answer(answer)

    view, exchange = await here.asked(DIRECT, DIRECT.request())

    assert "message_stop" in whole(view)
    assert len(here.bedrock.invocations) == 1
    assert here.vertex.predictions == []
    assert (exchange.outcome, exchange.provider) == (Outcome.OK, Runs.BEDROCK)
    assert asked_in_turn(exchange) == [("anthropic", status, kind), ("bedrock", 200, None)]
    first, second = exchange.attempts
    assert 0 <= first.started_ms <= (first.ended_ms or 0) <= second.started_ms <= (second.ended_ms or 0)
    [did] = exchange.rules
    assert (did.rule, did.action, did.dry_run) == ("rules.fallback", "fallback", False)
    assert did.words.startswith(f"Anthropic failed: {status} ")
    assert did.words.endswith("; Bedrock is asked")


async def test_a_provider_that_cannot_be_reached_fails_too(here: Setting) -> None:
    here.anthropic._server.close()
    await here.anthropic._server.wait_closed()

    view, exchange = await here.asked(DIRECT, DIRECT.request())

    assert "message_stop" in whole(view)
    assert asked_in_turn(exchange) == [("anthropic", 502, "api_error"), ("bedrock", 200, None)]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(before_head=[Gate()]),
        Answer([Gate()], headers=SSE),
        Answer([PING, Gate()], headers=SSE),
    ],
    ids=["before its head", "before its first byte", "after a ping"],
)
async def test_a_provider_that_says_nothing_for_too_long_fails(ruled: Ruled, answer: Answer) -> None:
    here = await ruled(fallback={**CHAIN, "timeout_ms": 200})
    here.anthropic.answer(answer)

    view, exchange = await here.asked(DIRECT, DIRECT.request())

    assert "message_stop" in whole(view)
    assert asked_in_turn(exchange) == [("anthropic", 504, "timeout_error"), ("bedrock", 200, None)]
    await (await here.anthropic.messages_request()).left()


@pytest.mark.parametrize(
    ("stream", "on", "limits"),
    [
        (True, ["5xx", "timeout"], [30.0, None]),
        (True, ["5xx"], [None, None]),
        # Nothing of it comes before all of it has been generated.
        (False, ["5xx", "timeout"], [None, None]),
    ],
)
async def test_only_streams_have_a_limit_and_not_those_of_the_last_provider(
    stream: bool, on: list[str], limits: list[float | None]
) -> None:
    chain = ["anthropic-direct", "anthropic-bedrock"]
    rules = RulesSettings.model_validate({"fallback": {"chain": chain, "on": on}})
    upstreams = RouteUpstreams({RouteName.DIRECT: Passes(), RouteName.BEDROCK: Passes()}, cached_chats=False)
    fallback = Fallback(rules, upstreams, ProviderStates(Stays()), lambda _: None)
    request = ClientRequest("POST", "/v1/messages", [], DIRECT.request(stream=stream))

    attempt = await fallback.attempt(request, asked(request), RouteName.DIRECT)
    assert isinstance(attempt, Attempt)
    assert attempt.trial is not None
    reply = Reply(529, [], b"")
    following = await attempt.trial.after(Failure(attempt, 529, ApiError("overloaded_error", "no"), reply))

    assert isinstance(following, Attempt)
    assert following.trial is not None
    assert [attempt.trial.timeout_s, following.trial.timeout_s] == limits


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413])
async def test_an_error_of_the_caller_passes_untouched(here: Setting, status: int) -> None:
    answer = error(status, "your mistake")
    here.anthropic.answer(answer)
    view, exchange = await here.asked(DIRECT, DIRECT.request())
    here.anthropic.answer(answer)
    straight = await here.seen_straight(DIRECT, answer)

    assert (view.status, view.fields, view.body) == (straight.status, straight.fields, straight.body)
    assert (here.bedrock.invocations, exchange.attempts, exchange.rules) == ([], (), ())


async def test_only_the_named_failures_count(ruled: Ruled) -> None:
    here = await ruled(fallback={**CHAIN, "on": ["rate_limit"]})
    here.anthropic.answer(error(500, "no"), error(429, "slow down"))
    assert (await here.asked(DIRECT, DIRECT.request()))[0].status == 500
    assert (await here.asked(DIRECT, DIRECT.request()))[0].status == 200


async def test_after_its_first_content_the_answer_is_the_first_providers_to_its_end(here: Setting) -> None:
    events = DIRECT.beginning()
    for ending in ([CLOSE], [OVERLOADED], [RESET]):
        gate = Gate()
        here.anthropic.answer(Answer([*events[:3], gate, *events[3:], *ending], headers=SSE))
        session = new_session()
        async with Client(here.candela.port) as client:
            client.ask(DIRECT.path, DIRECT.request(), session)
            await gate.reached()
            # No text is needed for it to pass.
            await client.has(b"content_block_start")
            gate.open()
            view = await client.answer()
        exchange = await here.recorded(session)
        assert (view.status, view.end) == (200, End.WHOLE if ending == [OVERLOADED] else End.BROKEN_OFF)
        assert (exchange.provider, exchange.attempts) == (Runs.ANTHROPIC, ())
    assert here.bedrock.invocations == []


async def test_a_message_that_has_begun_passes_after_a_moment_however_long_its_content_takes(
    ruled: Ruled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "_UNTIL_CONTENT_S", 0.01)
    here = await ruled(fallback={**CHAIN, "timeout_ms": 200})
    gate = Gate()
    here.anthropic.answer(Answer([BEGUN, gate, *DIRECT.beginning()[1:], CLOSE], headers=SSE))
    session = new_session()
    async with Client(here.candela.port) as client:
        client.ask(DIRECT.path, DIRECT.request(), session)
        await client.has(b"message_start")
        gate.open()
        view = await client.answer()
    exchange = await here.recorded(session)
    assert (view.status, view.end, exchange.provider) == (200, End.BROKEN_OFF, Runs.ANTHROPIC)
    assert exchange.attempts == ()


async def test_a_good_answer_has_the_same_bytes_as_without_the_rule(here: Setting) -> None:
    for answer in (
        message(text("Hel", "lo")),
        message(text("Hello"), encoding="gzip"),
        Answer([PING, *(step for step in message(text("Hello")).steps)], headers=SSE),
        json_answer({"type": "message", "content": []}),
        Answer([b"<html>"], headers=(("Content-Type", "text/html"),)),
    ):
        view, exchange = await here.seen(DIRECT, answer)
        straight = await here.seen_straight(DIRECT, answer)
        assert view == straight
        assert exchange.attempts == ()


async def test_the_first_error_is_the_answer_if_no_provider_answers(here: Setting) -> None:
    first = error(529, "Overloaded", headers=[("retry-after", "7")])
    here.anthropic.answer(first)
    here.bedrock.answer(here.bedrock.throttled())
    here.vertex.answer(here.vertex.throttled())

    view, exchange = await here.asked(DIRECT, DIRECT.request())
    straight = await here.seen_straight(DIRECT, first)

    assert (view.status, view.body) == (straight.status, straight.body)
    assert set(straight.fields) <= set(view.fields)
    assert (exchange.provider, exchange.status, exchange.outcome) == (Runs.ANTHROPIC, 529, Outcome.ERROR)
    assert asked_in_turn(exchange) == [
        ("anthropic", 529, "overloaded_error"),
        ("bedrock", 429, "rate_limit_error"),
        ("vertex", 429, "rate_limit_error"),
    ]
    assert exchange.rules[-1].words.endswith("no other provider is left, so the first error is the answer")


async def test_a_connection_that_broke_off_breaks_off_if_no_provider_answers(here: Setting) -> None:
    here.anthropic.answer(Answer([CLOSE], status=None))
    here.bedrock.answer(here.bedrock.throttled())
    here.vertex.answer(here.vertex.throttled())
    view, exchange = await here.asked(DIRECT, DIRECT.request())
    assert view.end is End.NONE
    assert (exchange.outcome, exchange.provider) == (Outcome.CUT, Runs.ANTHROPIC)


async def test_what_the_next_provider_refuses_is_not_the_clients_mistake(here: Setting) -> None:
    here.anthropic.answer(error(529, "Overloaded"))
    here.bedrock.without_access.add("anthropic.claude-opus-4-8")

    view, exchange = await here.asked(DIRECT, DIRECT.request())

    assert "message_stop" in whole(view)
    assert exchange.provider == Runs.VERTEX
    assert [each[:2] for each in asked_in_turn(exchange)] == [("anthropic", 529), ("bedrock", 403), ("vertex", 200)]


async def test_a_provider_without_credentials_is_passed_over(ruled: Ruled, monkeypatch: pytest.MonkeyPatch) -> None:
    here = await ruled(fallback=CHAIN)
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere" if name.endswith("FILE") else "none")
    here.anthropic.answer(error(529, "Overloaded"))

    view, exchange = await here.asked(DIRECT, DIRECT.request())

    assert "message_stop" in whole(view)
    assert exchange.provider == Runs.VERTEX
    assert any(each.words.startswith("Bedrock failed: 401 ") for each in exchange.rules)


async def test_no_more_providers_are_asked_than_max_attempts(ruled: Ruled) -> None:
    here = await ruled(fallback={**CHAIN, "max_attempts": 2})
    here.anthropic.answer(error(529, "Overloaded"))
    here.bedrock.answer(here.bedrock.throttled())
    view, _ = await here.asked(DIRECT, DIRECT.request())
    assert (view.status, here.vertex.predictions) == (529, [])


@pytest.mark.parametrize("place", [DIRECT, BEDROCK, VERTEX], ids=lambda place: place.name)
async def test_a_request_begins_with_the_provider_of_its_route(here: Setting, place: Place) -> None:
    view, exchange = await here.asked(place, place.request())
    assert "message_stop" in whole(view)
    assert (exchange.provider, exchange.attempts) == (place.stand_in, ())


async def test_bedrocks_own_errors_count_as_well(here: Setting) -> None:
    """An exception in the first frame, and a throttled request."""
    here.bedrock.answer(Answer([OVERLOADED], headers=SSE), here.bedrock.throttled())
    for status in (500, 429):
        view, exchange = await here.asked(BEDROCK, BEDROCK.request())
        assert "message_stop" in whole(view)
        first, second = asked_in_turn(exchange)
        assert first[:2] == ("bedrock", status)
        assert second == ("anthropic", 200, None)


async def test_a_chat_gets_its_answer_in_openais_form_from_any_provider(here: Setting) -> None:
    here.vertex.answer(here.vertex.throttled(), here.vertex.throttled())

    view, exchange = await here.asked(CHAT, CHAT.request())
    assert "[DONE]" in whole(view)
    assert "message_stop" not in view.body.decode()
    assert exchange.provider == Runs.ANTHROPIC

    here.anthropic.answer(error(529, "Overloaded"))
    here.bedrock.answer(here.bedrock.throttled())
    view, _ = await here.asked(CHAT, CHAT.request(filler=1))
    assert view.status == 429
    assert "message" in view.json["error"]


ASKED: dict[str, Any] = {"max_tokens": 64, "messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_of_bedrocks_own_api_gets_bedrocks_form_from_any_provider(here: Setting, stream: bool) -> None:
    whole_answer = (message if stream else whole_message)(text("Hel", "lo é"), tool_use("Bash", {"command": "ls"}))
    here.bedrock.answer(here.bedrock.throttled(), whole_answer)
    here.vertex.answer(whole_answer)
    sdk = AsyncAnthropicBedrock(
        base_url=f"{here.candela.origin}/bedrock",
        aws_region="us-east-1",
        aws_access_key="any",
        aws_secret_key="thing",
        max_retries=0,
    )
    asked = partial(sdk.messages.create, model="us.anthropic.claude-sonnet-4-5-20250929-v1:0", stream=stream, **ASKED)
    got = []
    async with sdk:
        for headers in ({}, {"X-Candela-Route": "bedrock"}):
            answer = await asked(extra_headers=headers)
            if stream:
                got.append([event.model_dump() async for event in answer])
                got[-1][-1].pop("amazon-bedrock-invocationMetrics", None)
            else:
                got.append(answer.model_dump())
    first, second = await here.candela.ended(2)
    # The client's signature is for Amazon, and candela has no key for Anthropic.
    assert here.anthropic.requests == []
    assert (first.provider, second.provider) == (Runs.VERTEX, Runs.BEDROCK)
    assert got[0] == got[1]
    assert (first.outcome, first.output_characters) == (Outcome.OK, second.output_characters)


async def test_what_bedrocks_own_api_states_in_the_path_and_body_is_in_the_messages_form(here: Setting) -> None:
    here.bedrock.answer(here.bedrock.throttled())
    body = {**ASKED, "anthropic_version": "bedrock-2023-05-31", "anthropic_beta": ["context-1m-2025-08-07"]}
    path = "/bedrock/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke-with-response-stream"
    async with Client(here.candela.port) as client:
        client.ask(path, json.dumps(body).encode(), ("X-Amzn-Trace-Id", "Root=1"))
        view = await client.answer()
    assert (view.status, dict(view.fields)[b"Content-Type"]) == (200, EVENT_STREAM.encode())
    sent = here.anthropic.requests[0]
    assert sent.path == "/v1/messages"
    assert sent.json == {"model": "claude-sonnet-4-5-20250929", "stream": True, **ASKED}
    assert sent.header("anthropic-version") == "2023-06-01"
    assert sent.header("anthropic-beta") == "context-1m-2025-08-07"
    assert sent.header("x-amzn-trace-id") is None


async def test_a_client_of_vertex_ais_own_api_gets_the_same_events_from_any_provider(here: Setting) -> None:
    answer = message(text("Hel", "lo é"))
    native = (
        f"/vertex/v1/projects/{here.vertex.project}/locations/global/publishers/anthropic/models/"
        "claude-sonnet-4-5@20250929"
    )
    here.vertex.answer(here.vertex.throttled(), here.vertex.throttled())
    here.anthropic.answer(answer)
    body = {**ASKED, "anthropic_version": "vertex-2023-10-16"}
    async with Client(here.candela.port) as client:
        betas = ("anthropic-beta", "context-1m-2025-08-07")
        client.ask(native + ":streamRawPredict", json.dumps({**body, "stream": True}).encode(), betas)
        view = await client.answer()
    assert view.body == b"".join(step for step in answer.steps if isinstance(step, bytes))
    sent = here.anthropic.requests[0]
    assert sent.json == {"model": "claude-sonnet-4-5-20250929", "stream": True, **ASKED}
    assert sent.header("anthropic-beta") == "context-1m-2025-08-07"

    here.anthropic.answer(error(529, "Overloaded"))
    async with Client(here.candela.port) as client:
        client.ask(native + ":rawPredict", json.dumps(body).encode())
        assert (await client.answer()).json["content"][0]["text"] == "Hi there"
    assert len(here.bedrock.invocations) == 1


async def test_a_model_without_a_name_elsewhere_stays_with_its_provider(here: Setting) -> None:
    here.bedrock.answer(here.bedrock.throttled())
    path = f"/bedrock/model/{quote(TEAM_PROFILE, safe='')}/invoke"
    body = {**ASKED, "anthropic_version": "bedrock-2023-05-31"}
    async with Client(here.candela.port) as client:
        client.ask(path, json.dumps(body).encode())
        assert (await client.answer()).status == 429
    assert here.anthropic.requests == []


async def test_tokens_are_counted_by_another_provider_too(here: Setting) -> None:
    here.anthropic.respond = lambda request: error(529, "Overloaded") if "count_tokens" in request.path else None
    async with Client(here.candela.port) as client:
        client.ask(DIRECT.path + "/count_tokens", DIRECT.request())
        view = await client.answer()
    assert (view.status, "input_tokens" in view.json) == (200, True)


async def test_other_requests_stay_with_their_provider(here: Setting) -> None:
    here.anthropic.respond = lambda _: error(529, "Overloaded")
    async with Client(here.candela.port) as client:
        client.ask("/proxy/anthropic-direct/v1/files", b"{}")
        assert (await client.answer()).status == 529
    assert here.bedrock.requests == []


async def test_each_provider_may_be_asked_for_another_model(ruled: Ruled) -> None:
    models = {"anthropic-bedrock": "claude-haiku-4-5-20251001"}
    here = await ruled(fallback={**CHAIN, "models": models})
    here.anthropic.answer(error(529, "Overloaded"))

    _, exchange = await here.asked(DIRECT, DIRECT.request())

    assert here.anthropic.requests[0].body == DIRECT.request()
    assert "claude-haiku-4-5" in here.bedrock.invocations[0].path
    assert exchange.model == "claude-opus-4-8"
    assert exchange.model_used == "claude-haiku-4-5-20251001"
    assert ("model", "claude-opus-4-8", "claude-haiku-4-5-20251001") in [
        (each.what, each.asked, each.served) for each in exchange.differences
    ]


async def test_a_session_stays_with_the_provider_that_has_its_cache(here: Setting) -> None:
    session = new_session()
    here.anthropic.answer(error(529, "Overloaded"))

    async def ask(*field: tuple[str, str]) -> None:
        async with Client(here.candela.port) as client:
            client.ask(DIRECT.path, DIRECT.request(), *field)
            whole(await client.answer())

    await ask(session)
    await ask(session)
    assert (len(here.anthropic.requests), len(here.bedrock.invocations)) == (1, 2)
    await ask(new_session())
    assert (len(here.anthropic.requests), len(here.bedrock.invocations)) == (2, 2)
    stayed = await here.candela.exchange(lambda each: any(did.action == "route" for did in each.rules))
    assert stayed.session_id == session[1]
    assert stayed.rules[0].words == "the session stays with Bedrock, which has its prompt cache"


async def test_the_cost_of_the_cold_cache_is_known(here: Setting) -> None:
    """Each provider has a cache of its own: the next one writes again what the first had."""
    session = new_session()
    here.bedrock.answer(message(text("Hi"), usage=usage(input=5, write_5m=7000)))
    here.anthropic.answer(message(text("Hi"), usage=usage(input=5, write_5m=7000)), error(529, "Overloaded"))
    exchanges = []
    for number in range(2):
        async with Client(here.candela.port) as client:
            client.ask(DIRECT.path, CACHED, session)
            whole(await client.answer())
        exchanges.append((await here.candela.ended(number + 1))[number])
        await here.candela.stored(exchanges[number].id)
    reader = here.candela.reader
    result = CacheDiagnoser(reader, Pricer(here.candela.settings.pricing)).result(exchanges[1])
    reader.close()
    assert exchanges[1].provider == Runs.BEDROCK
    assert result.diagnosis.cause is Cause.ROUTE_CHANGED
    assert result.rewritten_usd


async def test_a_provider_that_fails_often_is_left_out_for_a_while(here: Setting) -> None:
    here.anthropic.respond = lambda _: error(529, "Overloaded")
    for _ in range(5):
        await here.asked(DIRECT, DIRECT.request())
    assert len(here.anthropic.requests) == 5

    view, exchange = await here.asked(DIRECT, DIRECT.request())

    assert "message_stop" in whole(view)
    assert len(here.anthropic.requests) == 5
    assert exchange.rules[0].words == "Anthropic is left out for now, because it failed often; Bedrock is next"


async def test_if_all_fail_often_the_first_is_asked_nevertheless(ruled: Ruled) -> None:
    here = await ruled(fallback={"chain": ["anthropic-direct", "anthropic-bedrock"]})
    here.anthropic.respond = lambda _: error(529, "Overloaded")
    here.bedrock.without_access.add("anthropic.claude-opus-4-8")
    for _ in range(6):
        view, _ = await here.asked(DIRECT, DIRECT.request())
        assert view.status == 529
    here.anthropic.respond = None
    view, exchange = await here.asked(DIRECT, DIRECT.request())
    assert "message_stop" in whole(view)
    assert exchange.provider == Runs.ANTHROPIC


async def test_a_dry_run_only_says_what_it_would_do(ruled: Ruled) -> None:
    here = await ruled(fallback={**CHAIN, "dry_run": True})
    answer = error(529, "Overloaded")
    here.anthropic.answer(answer)
    view, exchange = await here.asked(DIRECT, DIRECT.request())
    assert view == await here.seen_straight(DIRECT, answer)
    assert here.bedrock.requests == []
    [did] = exchange.rules
    assert (did.action, did.dry_run) == ("fallback", True)
    assert did.words == "Anthropic failed: 529 Overloaded; Bedrock would be asked"
    assert exchange.attempts == ()


async def test_a_failing_rule_lets_the_error_pass(here: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError

    answer = error(529, "Overloaded")
    monkeypatch.setattr(chain_module.Chain, "_take", fail)
    here.anthropic.answer(answer)
    view, _ = await here.asked(DIRECT, DIRECT.request())
    assert view == await here.seen_straight(DIRECT, answer)
    assert any("[rules.routes] failed" in notice for notice in here.candela.notices)


async def test_a_rule_that_fails_after_a_failure_lets_it_pass(here: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("candela_tui.rules.routes.chain._words", fail)
    for answer in (error(529, "Overloaded"), Answer([OVERLOADED], headers=SSE)):
        here.anthropic.answer(answer)
        view, _ = await here.asked(DIRECT, DIRECT.request())
        assert view == await here.seen_straight(DIRECT, answer)
    assert any("[rules.fallback] failed" in notice for notice in here.candela.notices)


async def test_a_client_that_gives_up_ends_the_attempt(here: Setting) -> None:
    gate = Gate()
    here.anthropic.answer(Answer([PING, gate], headers=SSE))
    async with Client(here.candela.port) as client:
        client.ask(DIRECT.path, DIRECT.request(), new_session())
        await gate.reached()
    await (await here.anthropic.messages_request()).left()
    exchange = await here.candela.exchange()
    assert exchange.outcome is Outcome.CANCELLED
    assert here.bedrock.requests == []


async def test_rules_about_tools_hold_at_every_provider(ruled: Ruled) -> None:
    here = await ruled(fallback=CHAIN, tools=[{"name": "no pushes", "deny": ["Bash(git push *)"]}])
    here.anthropic.answer(Answer([OVERLOADED], headers=SSE))
    here.bedrock.answer(message(tool_use("Bash", {"command": "git push --force"})))
    view, _ = await here.asked(DIRECT, DIRECT.request())
    assert "--force" not in whole(view)
    assert "no pushes" in view.body.decode()
