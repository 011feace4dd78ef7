"""A key's models and providers hold for what is sent, whatever a rule or a header field made of the request."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from candela_tui.exchange import Outcome
from candela_tui.keys.key import Key
from candela_tui.providers.identity import ROUTES, Dialect, Provider, Route
from candela_tui.providers.upstream import ClientRequest, Reply
from candela_tui.rules.key_limits import refused_by_key
from tests.faults.client import Client, View
from tests.faults.places import CHAT, DIRECT, Place
from tests.faults.setting import Setting, new_session
from tests.keys.made import make, wanted
from tests.proxy.test_client_credentials import BEDROCK_BODY, INVOKE, RAW_PREDICT, VERTEX_BODY
from tests.rules.routes.conftest import CHAIN, ruled
from tests.standin import Provider as StandIn
from tests.standin import error

__all__ = ["ruled"]

Ruled = Callable[..., Awaitable[Setting]]
OPUS, HAIKU, SONNET = "claude-opus-4-8", "claude-haiku-4-5", "claude-sonnet-4-5"
PIN = "X-Candela-Route"
OWN = "Authorization", "Bearer sk-ant-oat01-own"
"""A sign-in of the client's at Anthropic."""


def key_for(folder: Path, **limits: Any) -> tuple[str, str]:
    """The header field of a new key with these limits."""
    return "x-api-key", make(folder, **limits)[1]


async def ask(
    here: Setting, path: str, body: bytes, *fields: tuple[str, str]
) -> tuple[View, Outcome | None, list[tuple[str, str]]]:
    """Ask candela, and return the answer, the outcome, and who was asked for which model."""
    session = new_session()
    async with Client(here.candela.port) as client:
        client.ask(path, body, OWN, session, *fields)
        view = await client.answer()
    exchange = await here.recorded(session)
    return view, exchange.outcome, [(each.provider, each.model or "") for each in exchange.attempts]


async def ask_at(
    here: Setting, place: Place, *fields: tuple[str, str], model: str = OPUS
) -> tuple[View, Outcome | None, list[tuple[str, str]]]:
    return await ask(here, place.path, place.request().replace(OPUS.encode(), model.encode()), *fields)


def calls(stand_in: StandIn) -> list[str]:
    """The paths of what a stand-in got, without what is for its credentials."""
    return [each.path for each in stand_in.requests if "messages" in each.path or "model" in each.path]


async def test_a_fallback_leaves_out_the_providers_that_the_key_may_not_use(ruled: Ruled, tmp_path: Path) -> None:
    here = await ruled(fallback=CHAIN)
    here.anthropic.answer(error(529, "Overloaded"))
    view, _, _ = await ask_at(here, DIRECT, key_for(tmp_path, providers=("direct", "vertex")))

    assert view.status == 200
    assert calls(here.bedrock) == []
    assert len(calls(here.vertex)) == 1


async def test_without_another_provider_that_the_key_may_use_the_failure_is_the_answer(
    ruled: Ruled, tmp_path: Path
) -> None:
    here = await ruled(fallback=CHAIN)
    here.anthropic.answer(error(529, "Overloaded"))
    view, _, _ = await ask_at(here, DIRECT, key_for(tmp_path, providers=("direct",)))

    assert view.status == 529
    assert calls(here.bedrock) == calls(here.vertex) == []


async def test_a_session_that_stays_elsewhere_goes_back_for_a_key_that_may_not_go_there(
    ruled: Ruled, tmp_path: Path
) -> None:
    here = await ruled(fallback=CHAIN)
    session = new_session()
    here.anthropic.answer(error(529, "Overloaded"))
    async with Client(here.candela.port) as client:
        client.ask(DIRECT.path, DIRECT.request(), session)
        assert (await client.answer()).status == 200
        client.ask(DIRECT.path, DIRECT.request(), session, OWN, key_for(tmp_path, providers=("direct",)))
        assert (await client.answer()).status == 200

    assert len(here.bedrock.invocations) == 1
    assert len(here.anthropic.requests) == 2


async def test_a_fallback_to_another_model_is_judged_by_that_model(ruled: Ruled, tmp_path: Path) -> None:
    models = {"anthropic-bedrock": OPUS, "anthropic-vertex": HAIKU}
    here = await ruled(fallback={**CHAIN, "models": models})
    here.anthropic.answer(error(529, "Overloaded"))
    view, _, _ = await ask_at(here, DIRECT, key_for(tmp_path, models=("claude-haiku-*",)), model=HAIKU)

    assert view.status == 200
    assert calls(here.bedrock) == []
    assert len(calls(here.vertex)) == 1


async def test_a_fallback_does_not_answer_for_a_model_that_the_key_may_not_use(ruled: Ruled, tmp_path: Path) -> None:
    here = await ruled(fallback={**CHAIN, "models": {"anthropic-bedrock": HAIKU}})
    view, outcome, _ = await ask_at(here, DIRECT, key_for(tmp_path, models=("claude-haiku-*",)))

    assert (view.status, outcome) == (402, Outcome.BLOCKED)
    assert b"model_not_allowed" in view.body
    assert calls(here.anthropic) == calls(here.bedrock) == calls(here.vertex) == []


@pytest.mark.parametrize("place", [DIRECT, CHAT], ids=lambda place: place.name)
async def test_a_pin_chooses_only_among_the_providers_of_the_key(ruled: Ruled, tmp_path: Path, place: Place) -> None:
    here = await ruled()
    key = key_for(tmp_path, providers=("direct", "vertex"))
    refused, outcome, _ = await ask_at(here, place, key, (PIN, "bedrock"))
    allowed, _, _ = await ask_at(here, place, key, (PIN, "vertex"))

    assert (refused.status, outcome) == (402, Outcome.BLOCKED)
    assert b"provider_not_allowed" in refused.body
    assert b"the key ci may not use Amazon Bedrock, only direct, vertex" in refused.body
    assert allowed.status == 200
    assert calls(here.bedrock) == []


async def test_weights_spread_only_over_the_providers_of_the_key(ruled: Ruled, tmp_path: Path) -> None:
    here = await ruled(routes={"weights": {"anthropic-direct": 1, "anthropic-bedrock": 1_000_000}})
    view, _, _ = await ask_at(here, DIRECT, key_for(tmp_path, providers=("direct",)))

    assert view.status == 200
    assert len(calls(here.anthropic)) == 1
    assert calls(here.bedrock) == []


@pytest.mark.parametrize(
    ("rules", "asked"),
    [
        ({"models": {"aliases": {"fast": OPUS}}}, "fast"),
        ({"models": {"by_agent": {"Explore": OPUS}}}, HAIKU),
        ({"models": {"aliases": {HAIKU: OPUS}}}, HAIKU),
    ],
    ids=["alias", "agent", "alias that is a model's name"],
)
async def test_the_model_that_a_rule_chooses_must_be_among_those_of_the_key(
    ruled: Ruled, tmp_path: Path, rules: dict[str, Any], asked: str
) -> None:
    here = await ruled(**rules)
    agent = ("x-claude-code-agent-type", "Explore"), ("x-claude-code-agent-id", "a1")
    key = key_for(tmp_path, models=("claude-haiku-*", "fast"))
    view, outcome, _ = await ask_at(here, DIRECT, key, *agent, model=asked)

    assert (view.status, outcome) == (402, Outcome.BLOCKED)
    assert f"the key ci may not use {OPUS}".encode() in view.body
    assert calls(here.anthropic) == []


async def test_an_alias_of_a_model_of_the_key_is_allowed(ruled: Ruled, tmp_path: Path) -> None:
    here = await ruled(models={"aliases": {"fast": HAIKU}})
    view, _, _ = await ask_at(here, DIRECT, key_for(tmp_path, models=("claude-haiku-*",)), model="fast")

    assert view.status == 200
    assert here.anthropic.requests[0].json["model"] == HAIKU


async def test_a_refusal_by_the_key_leaves_nothing_reserved(ruled: Ruled, tmp_path: Path) -> None:
    here = await ruled(budgets=[{"name": "all", "window": "day", "limit_usd": 1}])
    await ask_at(here, DIRECT, key_for(tmp_path, models=("claude-haiku-*",)))
    [state] = here.candela.proxy._budgets.states()

    assert (state.spent_usd, state.reserved_usd) == (0, 0)


async def test_native_refusals_of_a_model_have_the_form_of_each_cloud(ruled: Ruled, tmp_path: Path) -> None:
    here = await ruled()
    key = key_for(tmp_path, models=("claude-haiku-*",))
    google, _, _ = await ask(here, RAW_PREDICT, VERTEX_BODY, key)
    amazon, _, _ = await ask(here, INVOKE, BEDROCK_BODY, key)
    chat, _, _ = await ask(here, CHAT.path, CHAT.request(), key)

    words = "the key ci may not use claude-opus-4-8, only claude-haiku-*"
    assert (google.status, amazon.status, chat.status) == (402, 402, 402)
    assert google.json["error"]["message"] == words
    assert google.json["error"]["status"]
    assert amazon.json["message"] == words.replace("claude-opus-4-8", "us.anthropic.claude-opus-4-8")
    assert b"x-amzn-errortype" in {name.lower() for name, _ in amazon.fields}
    assert (chat.json["error"]["message"], chat.json["error"]["code"]) == (words, "model_not_allowed")
    assert calls(here.vertex) == calls(here.bedrock) == []


async def test_native_refusals_of_a_provider_have_the_form_of_each_cloud(ruled: Ruled, tmp_path: Path) -> None:
    here = await ruled()
    key = key_for(tmp_path, providers=("direct",))
    google, _, _ = await ask(here, RAW_PREDICT, VERTEX_BODY, key)
    amazon, _, _ = await ask(here, INVOKE, BEDROCK_BODY, key)

    assert google.json["error"]["message"] == "the key ci may not use Google Vertex AI, only direct"
    assert amazon.json["message"] == "the key ci may not use Amazon Bedrock, only direct"
    assert (google.status, amazon.status) == (402, 402)
    assert calls(here.vertex) == calls(here.bedrock) == []


def _route(dialect: Dialect) -> Route:
    return next(route for route in ROUTES if route.dialect is dialect)


_GOOGLE = "/projects/p/locations/global/publishers"


@pytest.mark.parametrize(
    ("dialect", "method", "path", "model", "allowed"),
    [
        (Dialect.MESSAGES, "POST", "/v1/messages", HAIKU, True),
        (Dialect.MESSAGES, "POST", "/v1/messages", OPUS, False),
        (Dialect.MESSAGES, "POST", "/v1/messages", None, False),
        (Dialect.MESSAGES, "POST", "/v1/messages/count_tokens", OPUS, True),
        (Dialect.MESSAGES, "POST", "/v1/messages#/count_tokens", OPUS, False),
        (Dialect.MESSAGES, "POST", "/v1/messages/batches", None, False),
        (Dialect.MESSAGES, "POST", "/v1/messages/batches/", None, False),
        (Dialect.MESSAGES, "POST", "/v1/messages/batche%73", None, False),
        (Dialect.MESSAGES, "GET", "/v1/messages/batches/b1/results", None, True),
        (Dialect.MESSAGES, "POST", "/v1/complete", OPUS, False),
        (Dialect.MESSAGES, "POST", "/api/event_logging/batch", None, True),
        (Dialect.MESSAGES, "HEAD", "/", None, True),
        (Dialect.VERTEX, "POST", f"{_GOOGLE}/anthropic/models/{HAIKU}:rawPredict", None, True),
        (Dialect.VERTEX, "POST", f"{_GOOGLE}/anthropic/models/{OPUS}:rawPredict", HAIKU, False),
        (Dialect.VERTEX, "GET", f"{_GOOGLE}/anthropic/models/{OPUS}:rawPredict", None, False),
        (Dialect.VERTEX, "POST", f"{_GOOGLE}/google/models/gemini-3-pro:generateContent", None, False),
        (Dialect.VERTEX, "POST", f"{_GOOGLE}/google/models/gemini-3-pro:generateContent", HAIKU, False),
        (Dialect.VERTEX, "POST", f"{_GOOGLE}/anthropic/models/count-tokens:rawPredict", OPUS, True),
        (
            Dialect.VERTEX,
            "POST",
            f"{_GOOGLE}/anthropic/models/{OPUS}:rawPredict#/publishers/anthropic/models/count-tokens:rawPredict",
            HAIKU,
            False,
        ),
        (Dialect.BEDROCK, "POST", f"/model/us.anthropic.{HAIKU}-v1/converse", None, True),
        (Dialect.BEDROCK, "POST", f"/model/us.anthropic.{OPUS}/converse", HAIKU, False),
        (Dialect.BEDROCK, "POST", "/async-invoke", HAIKU, False),
        (Dialect.BEDROCK, "POST", f"/model//{OPUS}/invoke", HAIKU, False),
        (Dialect.BEDROCK, "GET", "/inference-profiles", None, True),
    ],
)
async def test_what_a_key_with_models_may_ask(
    dialect: Dialect, method: str, path: str, model: str | None, allowed: bool
) -> None:
    body = f'{{"model":"{model}","messages":[]}}' if model is not None else "{}"
    key: Key = wanted(models=("claude-haiku-*",))
    request = ClientRequest(method, path, [], body.encode(), _route(dialect), key=key)
    refusal = await refused_by_key(request, request.route.provider)

    assert (refusal is None) is allowed
    assert refusal is None or isinstance(refusal, Reply)


async def test_a_request_without_a_key_has_no_limits() -> None:
    assert await refused_by_key(ClientRequest("POST", "/v1/messages", [], b"{}"), Provider.ANTHROPIC) is None
