"""[rules.models]: denied models are refused before anything goes to a provider, in the client's own form."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from candela_tui.config import ModelRules, RulesSettings
from candela_tui.exchange import Outcome
from candela_tui.providers.upstream import Attempt, ClientRequest, ProviderRequest, Reply
from candela_tui.rules.models.rule import ModelRule, rule
from candela_tui.rules.refusal import refused
from candela_tui.rules.table import with_rules
from tests.proxy.running import RunningProxy, route_speaking
from tests.rules.budgets.making import context_of
from tests.standin import Provider

DENY = {"rules": {"models": {"deny": ["claude-opus-*"]}}}


class Passes:
    """An upstream that makes an attempt of everything."""

    closed = False

    async def attempt(self, request: ClientRequest) -> Attempt:
        return Attempt(request=ProviderRequest(request.method, "http://provider", request.headers, request.body))

    async def close(self) -> None:
        self.closed = True


def denying(pattern: str) -> ModelRule:
    made = rule(RulesSettings(models=ModelRules(deny=(pattern,))), context_of())
    assert made is not None
    return made


def asking(model: str, path: str = "/v1/messages", dialect: str = "messages", **fields: Any) -> ClientRequest:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hi"}], **fields}).encode()
    return ClientRequest("POST", path, [], body, route_speaking(dialect))


def natively(dialect: str, path: str) -> ClientRequest:
    return ClientRequest("POST", path, [], b"{}", route_speaking(dialect))


@pytest.mark.parametrize(
    ("pattern", "request_"),
    [
        ("claude-opus-*", asking("claude-opus-4-8")),
        ("claude-opus-*", asking("claude-opus-4-8[1m]")),
        ("claude-opus-4-8", asking("claude-opus-4-8-20270101")),
        ("Claude-Opus-*", asking("CLAUDE-OPUS-4-8")),
        ("claude-opus-*", asking("us.anthropic.claude-opus-4-6-v1")),
        ("us.anthropic.*", asking("us.anthropic.claude-opus-4-6-v1")),
        ("claude-opus-*", asking("claude-opus-4-8", "/v1/chat/completions", "openai")),
        (
            "claude-opus-*",
            natively(
                "vertex",
                "/projects/p/locations/r/publishers/anthropic/models/claude-opus-4-1@20250805:streamRawPredict",
            ),
        ),
        (
            "claude-opus-*",
            natively("bedrock", "/model/anthropic.claude-opus-4-6-v1/converse"),
        ),
        (
            "claude-opus-*",
            ClientRequest(
                "POST",
                "/projects/p/locations/r/publishers/anthropic/models/claude-opus-4-1@20250805:streamRawPredict",
                [],
                b"{}",
                route_speaking("vertex"),
            ),
        ),
        ("claude-opus-*", asking("claude-opus-4-8", padding="x" * 300_000)),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.dialect} {value.path[-40:]}",
)
async def test_a_denied_model_is_refused_however_it_is_spelled(pattern: str, request_: ClientRequest) -> None:
    answer = await denying(pattern).attempt(request_, Passes())
    assert isinstance(answer, Reply)
    assert (answer.status, answer.refused_by) == (402, "rules.models")


@pytest.mark.parametrize(
    "request_",
    [
        asking("claude-sonnet-4-5"),
        asking("claude-opus-4-8", "/v1/messages/count_tokens"),
        ClientRequest("GET", "/v1/models", [], b""),
        ClientRequest("HEAD", "/", [], b""),
        ClientRequest("POST", "/v1/messages", [("Content-Encoding", "gzip")], b"no gzip"),
        ClientRequest("POST", "/v1/messages", [], b"not JSON"),
        natively("bedrock", "/model/anthropic.claude-opus-4-6-v1/count-tokens"),
    ],
    ids=lambda request: f"{request.method} {request.path}",
)
async def test_everything_else_passes(request_: ClientRequest) -> None:
    answer = await denying("claude-opus-*").attempt(request_, Passes())
    assert isinstance(answer, Attempt)
    assert answer.request.body is request_.body


def test_a_refusal_of_a_chat_has_openais_form() -> None:
    [error] = json.loads(refused(asking("m", "/v1/chat/completions", "openai"), "rules.models", "No.").body).values()
    assert (error["type"], error["message"]) == ("billing_error", "No.")


async def test_without_a_rule_the_upstream_is_not_wrapped() -> None:
    upstream = Passes()
    assert with_rules(upstream, RulesSettings(), context_of()) is upstream
    ruled = with_rules(
        upstream,
        RulesSettings.model_validate({"models": {"deny": ["x"]}}),
        context_of(),
    )
    assert ruled is not upstream
    await ruled.close()
    assert upstream.closed


@asynccontextmanager
async def asked(proxy: RunningProxy, path: str, body: dict[str, Any]) -> AsyncIterator[aiohttp.ClientResponse]:
    async with aiohttp.ClientSession() as client, client.post(proxy.origin + path, json=body) as answer:
        yield answer


async def test_a_refusal_is_recorded_as_candelas_own_and_nothing_goes_out(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path, sections=DENY) as proxy:
        async with asked(proxy, "/proxy/anthropic-direct/v1/messages", {"model": "claude-opus-4-8"}) as answer:
            document = await answer.json()
        exchange = await proxy.exchange()
    error = document["error"]
    assert (answer.status, document["type"], error["type"]) == (402, "error", "billing_error")
    assert error["message"] == (
        'candela refuses claude-opus-4-8: the pattern "claude-opus-*" in [rules.models] deny of config.toml denies it.'
        " Choose another model, or change the key (`candela config set rules.models.deny '[]'` allows all)."
    )
    assert (exchange.outcome, exchange.status, exchange.url, exchange.cost) == (Outcome.BLOCKED, 402, "", None)
    assert exchange.error is not None
    assert exchange.error.message == error["message"]
    assert provider.requests == []


@pytest.mark.parametrize(
    "path",
    [
        "/bedrock/model/" + quote("us.anthropic.claude-opus-4-6-v1:0", safe="") + "/invoke",
        "/vertex/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-opus-4-6:rawPredict",
    ],
)
async def test_the_native_routes_of_the_clouds_are_ruled_by_the_model_in_the_path(
    path: str, provider: Provider, tmp_path: Path
) -> None:
    async with RunningProxy(provider.url, tmp_path, sections=DENY) as proxy:
        async with asked(proxy, path, {"messages": []}) as answer:
            document = await answer.json()
        exchange = await proxy.exchange()
    assert "claude-opus-*" in (document if "message" in document else document["error"])["message"]
    assert (answer.status, exchange.outcome) == (402, Outcome.BLOCKED)
    assert exchange.error is not None
    assert exchange.error.type == "billing_error"
