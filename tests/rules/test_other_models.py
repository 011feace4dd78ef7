"""[rules.models]: aliases, models of agents, and what lists of models show."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from candela_tui.config import RulesSettings, Settings
from candela_tui.config.check import validated
from candela_tui.config.errors import ConfigError
from candela_tui.exchange import Delegation, Outcome
from candela_tui.ledger.running import RunningLedger
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.providers.identity import Route, RouteName, route_of
from candela_tui.providers.models_answer import listed_model, models_reply
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.rules.mistakes import rule_mistakes
from candela_tui.rules.models.other_model import with_model
from candela_tui.rules.models.rule import ModelRule, rule
from candela_tui.rules.rule import RuleContext
from candela_tui.rules.table import with_rules
from candela_tui.text.times import Clock
from tests.analysis.exchanges import cost
from tests.proxy.running import RunningProxy, route_speaking
from tests.rules.budgets.making import budgets_of, context_of
from tests.rules.test_models import Passes, asked, asking
from tests.standin import Answer, Provider, ReceivedRequest
from tests.store.recording import exchange

HAIKU, OPUS = "claude-haiku-4-5-20251001", "claude-opus-5-5"
BODY = b'{ "model": "fast","stream":true, "max_tokens":1e2,"messages":[{"role":"user","content":"h\\u00ed"}]}'


def models(**section: Any) -> dict[str, Any]:
    return {"rules": {"models": section}}


def settings(**section: Any) -> RulesSettings:
    return Settings.model_validate(models(**section)).rules


async def attempted(request: ClientRequest, ledger: RunningLedger | None = None, **section: Any) -> Attempt | Reply:
    made = rule(settings(**section), context_of(ledger))
    assert made is not None
    return await made.attempt(request, Passes())


def model_of(step: Attempt | Reply) -> str:
    assert isinstance(step, Attempt)
    named = json.loads(step.request.body)["model"]
    assert isinstance(named, str)
    return named


async def test_an_alias_is_spliced_in_and_both_sides_are_kept(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path, sections=models(aliases={"fast": HAIKU})) as proxy:
        async with aiohttp.ClientSession() as client, client.post(f"{proxy.url}/v1/messages", data=BODY) as answer:
            assert answer.status == 200
            assert await answer.read() == provider.requests[0].sent
        exchange = await proxy.exchange()
        await proxy.stored(exchange.id)
        stored = proxy.reader.exchange(exchange.id)
        own, sent = proxy.reader.request_body(exchange.id), proxy.reader.provider_request_body(exchange.id)
    assert provider.requests[0].body == BODY.replace(b'"fast"', json.dumps(HAIKU).encode())
    assert (own, sent) == (BODY, provider.requests[0].body)
    assert stored is not None
    assert (exchange.model, exchange.model_sent, stored.model_sent) == ("fast", HAIKU, HAIKU)
    words = f"{HAIKU} in place of fast, which is its alias"
    assert exchange.rules == stored.rules == (RuleAction("rules.models", "model", False, words),)


async def test_what_was_sent_is_what_the_served_model_is_compared_with(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path, sections=models(aliases={"fast": "claude-opus-4-8"})) as proxy:
        async with asked(proxy, "/proxy/anthropic-direct/v1/messages", {"model": "fast", "messages": []}) as answer:
            await answer.read()
        exchange = await proxy.exchange()
    assert exchange.model_used == "claude-opus-4-8"
    assert exchange.differences == ()


@pytest.mark.parametrize(
    ("route", "model"),
    [(RouteName.DIRECT, HAIKU), (RouteName.VERTEX, "my-haiku"), (RouteName.BEDROCK, HAIKU)],
)
async def test_an_alias_may_mean_another_model_on_each_route(route: RouteName, model: str) -> None:
    request = asking("FAST")
    request = ClientRequest("POST", request.path, [], request.body, route_of(route))
    step = await attempted(request, aliases={"fast": {"*": HAIKU, "anthropic-vertex": "my-haiku"}})
    assert model_of(step) == model


async def test_an_alias_for_one_route_is_a_name_like_others_elsewhere() -> None:
    assert model_of(await attempted(asking("fast"), aliases={"fast": {"foundry": "x"}})) == "fast"


async def test_tokens_are_counted_for_the_model_that_an_alias_means() -> None:
    step = await attempted(asking("fast", "/v1/messages/count_tokens"), aliases={"fast": HAIKU}, deny=["*"])
    assert model_of(step) == HAIKU


async def test_the_model_that_an_alias_means_is_the_one_that_is_judged() -> None:
    allowed = {"aliases": {"fast": HAIKU, "big": OPUS}, "allow": ["claude-haiku-*"]}
    assert model_of(await attempted(asking("fast"), **allowed)) == HAIKU
    refused = await attempted(asking("big"), **allowed)
    assert isinstance(refused, Reply)
    assert json.loads(refused.body)["error"]["message"] == (
        f"candela refuses big, which means {OPUS}: no pattern in [rules.models] allow of config.toml matches it. Choose"
        " another model, or change the key (`candela config set rules.models.allow '[]'` allows all)."
    )


def of_agent(hint: str = "Explore", model: str = OPUS) -> ClientRequest:
    request = asking(model)
    hints = {"x-claude-code-agent-type": hint, "x-claude-code-agent-id": "a1", "x-claude-code-session-id": "s1"}
    return ClientRequest("POST", request.path, list(hints.items()), request.body, request.route)


async def test_a_type_of_agent_gets_its_model() -> None:
    by_agent = {"by_agent": {"explore": "fast"}, "aliases": {"fast": HAIKU}}
    request = of_agent()
    assert model_of(await attempted(request, **by_agent)) == HAIKU
    assert request.noted == [RuleAction("rules.models", "model", False, f"{HAIKU} in place of {OPUS}, for Explore")]
    assert model_of(await attempted(of_agent("Plan"), **by_agent)) == OPUS
    assert model_of(await attempted(asking(OPUS), **by_agent)) == OPUS


async def test_an_agent_that_asks_for_its_model_keeps_it() -> None:
    request = of_agent(model="claude-haiku-4-5")
    step = await attempted(request, by_agent={"Explore": HAIKU})
    assert isinstance(step, Attempt)
    assert step.request.body is request.body
    assert request.noted == []


async def test_an_agent_of_the_user_is_known_by_its_name() -> None:
    ledger = RunningLedger(Clock())
    ledger.take(exchange(1, session_id="s1", delegations=(Delegation("Hi", "reviewer"),)))
    assert model_of(await attempted(of_agent("custom"), ledger, by_agent={"reviewer": HAIKU})) == HAIKU


def with_budget(spent: str, *marks: dict[str, Any]) -> tuple[ModelRule, Budgets]:
    """The rule with a budget of 10 dollars of which this much is spent."""
    budget = {"name": "my month", "limit_usd": 10, "window": "total"}
    rules = Settings.model_validate({"rules": {"budgets": [budget], "models": {"below_budget": marks}}}).rules
    budgets = budgets_of(budget)
    budgets.ended(exchange(1, cost=cost(spent), outcome=Outcome.OK), None)
    made = rule(rules, RuleContext(lambda _: None, RunningLedger(Clock()), budgets))
    assert made is not None
    return made, budgets


MARKS = (
    {"budget": "my month", "past": 0.5, "models": {"claude-opus-*": "claude-sonnet-5-5"}},
    {"past": 0.9, "models": {"claude-*": HAIKU}},
)


@pytest.mark.parametrize(
    ("spent", "asked_for", "sent"),
    [
        ("4.99", OPUS, OPUS),
        ("5", OPUS, "claude-sonnet-5-5"),
        ("5", "claude-sonnet-5-5", "claude-sonnet-5-5"),
        ("9", OPUS, HAIKU),
        ("9", "claude-sonnet-5-5", HAIKU),
        ("9", "claude-haiku-4-5", "claude-haiku-4-5"),
    ],
)
async def test_past_a_mark_of_a_budget_a_cheaper_model_is_asked(spent: str, asked_for: str, sent: str) -> None:
    made, _ = with_budget(spent, *MARKS)
    request = asking(asked_for)
    assert model_of(await made.attempt(request, Passes())) == sent
    because = 'the budget "my month" is past 50%' if sent == "claude-sonnet-5-5" else "a budget is past 90%"
    expected = [] if sent == asked_for else [f"{sent} in place of {asked_for}, because {because}"]
    assert [each.words for each in request.noted] == expected
    counted = asking(asked_for, "/v1/messages/count_tokens")
    assert model_of(await made.attempt(counted, Passes())) == asked_for


def test_a_budget_that_nothing_has_is_a_mistake() -> None:
    assert rule_mistakes(settings(below_budget=MARKS)) == [
        "rules.models.below_budget.0.budget: there is no budget my month; [[rules.budgets]] has none"
    ]


async def test_what_the_other_model_does_not_accept_is_left_out_and_said() -> None:
    request = asking(OPUS, thinking={"type": "adaptive"}, max_tokens=128_000, padding="x" * 300_000)
    step = await attempted(request, aliases={OPUS: HAIKU})
    assert isinstance(step, Attempt)
    assert "thinking" not in json.loads(step.request.body)
    assert request.noted[0].words == (
        f"{HAIKU} in place of {OPUS}, which is its alias; thinking is left out; max_tokens is 64000"
    )


@pytest.mark.parametrize("dry", [{"rules": {"dry_run": True}}, {"rules": {"models": {"dry_run": True}}}])
async def test_a_rule_that_is_only_tried_changes_nothing(dry: dict[str, Any]) -> None:
    section = {"aliases": {"fast": HAIKU}, "deny": ["claude-opus-*"]}
    tried = Settings.model_validate(
        {"rules": {**dry["rules"], "models": {**dry["rules"].get("models", {}), **section}}}
    )
    made = rule(tried.rules, context_of())
    assert made is not None
    for model, action in (("fast", "model"), (OPUS, "refuse")):
        request = asking(model)
        step = await made.attempt(request, Passes())
        assert isinstance(step, Attempt)
        assert step.request.body is request.body
        assert [(each.action, each.dry_run) for each in request.noted] == [(action, True)]


NATIVE_VERTEX = "/projects/p/locations/r/publishers/anthropic/models/{}:streamRawPredict"


@pytest.mark.parametrize(
    ("dialect", "path", "asked_for", "sent"),
    [
        ("vertex", NATIVE_VERTEX, "claude-opus-4-1@20250805", "claude-haiku-4-5@20251001"),
        ("bedrock", "/model/{}/invoke", quote("us.anthropic.claude-opus-4-6-v1", safe=""), None),
        ("bedrock", "/model/{}/invoke-with-response-stream", "anthropic.claude-opus-4-6-v1", None),
    ],
)
def test_on_a_native_route_the_path_names_the_model_as_the_cloud_does(
    dialect: str, path: str, asked_for: str, sent: str | None
) -> None:
    prefix = "us." if asked_for.startswith("us.") else ""
    sent = sent or quote(f"{prefix}anthropic.{HAIKU}-v1:0", safe="")
    body = b'{"anthropic_version":"x",  "messages":[]}'
    request = ClientRequest("POST", path.format(asked_for), [], body, route_speaking(dialect))
    other = with_model(request, HAIKU)
    assert other is not None
    assert (other.request.path, other.request.body) == (path.format(sent), body)


@pytest.mark.parametrize(
    ("route", "path", "sent"),
    [
        (RouteName.MANTLE, "/v1/messages", "anthropic.claude-haiku-4-5"),
        (RouteName.BEDROCK_NATIVE, "/anthropic/v1/messages", "anthropic.claude-haiku-4-5"),
        (RouteName.CHAT, "/v1/chat/completions", HAIKU),
        (RouteName.CHAT, "/v1/messages", HAIKU),
        (
            RouteName.VERTEX_NATIVE,
            "/projects/p/locations/r/publishers/anthropic/models/count-tokens:rawPredict",
            "claude-haiku-4-5@20251001",
        ),
        (RouteName.BEDROCK, "/v1/messages", HAIKU),
    ],
)
def test_a_body_names_the_model_as_the_route_wants_it(route: RouteName, path: str, sent: str) -> None:
    request = ClientRequest("POST", path, [("a", "b")], b'{"model":"claude-opus-4-8","messages":[]}', route_of(route))
    other = with_model(request, HAIKU)
    assert other is not None
    assert other.request.body == b'{"model":"%s","messages":[]}' % sent.encode()
    assert (other.request.path, other.request.headers) == (path, [("a", "b")])


@pytest.mark.parametrize("body", [b'{"model":"a","model":"b"}', b'{"mo\\u0064el":"a"}', b"[]"])
def test_a_body_that_names_its_model_in_an_odd_way_stays_as_it_is(body: bytes) -> None:
    other = with_model(ClientRequest("POST", "/v1/messages", [], body), HAIKU)
    assert other is None or other.request.body == b'{"mo\\u0064el":"%s"}' % HAIKU.encode()


class Lists:
    """An upstream that lists three models, page by page."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def attempt(self, request: ClientRequest) -> Reply:
        self.paths.append(request.path)
        return models_reply([listed_model(id) for id in ("claude-opus-5-5", "claude-sonnet-4-5", HAIKU)], request.path)

    async def close(self) -> None: ...


LISTED = {"aliases": {"fast": HAIKU, "new": "claude-sonnet-5-5", "big": OPUS}, "deny": ["claude-opus-*"]}


async def listing(path: str, route: Route | None = None) -> tuple[int, Any]:
    upstream = with_rules(Lists(), settings(**LISTED), context_of())  # type: ignore[arg-type]
    step = await upstream.attempt(ClientRequest("GET", path, [], b"", route or route_of(RouteName.VERTEX)))
    assert isinstance(step, Reply)
    return step.status, json.loads(step.body)


async def test_a_list_has_the_aliases_and_what_is_allowed() -> None:
    status, page = await listing("/v1/models")
    assert status == 200
    assert [(row["id"], row["display_name"]) for row in page["data"]] == [
        ("fast", "fast (Claude Haiku 4.5)"),
        ("new", "new (Claude Sonnet 5.5)"),
        ("claude-sonnet-4-5", "Claude Sonnet 4.5"),
        (HAIKU, "Claude Haiku 4.5"),
    ]
    assert page["data"][0]["created_at"] == "2025-10-01T00:00:00Z"
    assert (page["has_more"], page["first_id"], page["last_id"]) == (False, "fast", HAIKU)


async def test_a_list_has_pages() -> None:
    _, first = await listing("/v1/models?limit=3")
    assert (len(first["data"]), first["has_more"]) == (3, True)
    _, second = await listing(f"/v1/models?limit=3&after_id={first['last_id']}")
    assert [row["id"] for row in second["data"]] == [HAIKU]


async def test_one_model_is_found_by_its_alias_and_not_if_it_is_denied() -> None:
    assert await listing("/v1/models/fast") == (
        200,
        {
            "type": "model",
            "id": "fast",
            "display_name": "fast (Claude Haiku 4.5)",
            "created_at": "2025-10-01T00:00:00Z",
        },
    )
    for name in ("big", OPUS):
        status, error = await listing(f"/v1/models/{name}")
        assert (status, error["error"]["type"]) == (404, "not_found_error")
        assert 'the pattern "claude-opus-*" in [rules.models] deny' in error["error"]["message"]
    assert (await listing("/v1/models/claude-sonnet-4-5"))[1]["id"] == "claude-sonnet-4-5"


async def test_a_route_without_a_list_has_one_of_the_aliases() -> None:
    _, page = await listing("/v1/models", route_of(RouteName.FOUNDRY))
    assert [row["id"] for row in page["data"]] == ["fast", "new"]


async def test_a_list_for_chat_clients_has_their_members_too() -> None:
    _, page = await listing("/v1/models", route_of(RouteName.CHAT))
    assert page["object"] == "list"
    assert {row["object"] for row in page["data"]} == {"model"}


async def test_a_providers_list_keeps_its_members_and_an_error_passes(provider: Provider, tmp_path: Path) -> None:
    row = {"type": "model", "id": HAIKU, "display_name": "Claude Haiku 4.5", "max_input_tokens": 200_000}
    listed = {"data": [row, {**row, "id": OPUS}], "has_more": False, "first_id": HAIKU, "last_id": OPUS}
    answers = [
        Answer([json.dumps(listed).encode()], encoding="gzip"),
        Answer([b'{"type":"error"}'], status=500),
    ]
    seen: list[str] = []

    def respond(request: ReceivedRequest) -> Answer:
        seen.append(request.target)
        return answers.pop(0)

    provider.respond = respond
    sections = models(aliases={"fast": HAIKU}, deny=["claude-opus-*"])
    async with (
        RunningProxy(provider.url, tmp_path, sections=sections) as proxy,
        aiohttp.ClientSession() as client,
    ):
        async with client.get(f"{proxy.url}/v1/models?limit=1") as answer:
            page = json.loads(await answer.read())
        assert page["data"] == [{**row, "id": "fast", "display_name": "fast (Claude Haiku 4.5)"}]
        assert page["has_more"] is True
        async with client.get(f"{proxy.url}/v1/models") as answer:
            assert (answer.status, await answer.read()) == (500, b'{"type":"error"}')
    assert seen == ["/v1/models?limit=1000"] * 2


def test_an_unknown_route_of_an_alias_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match=r'rules.models.aliases.fast: expected a route or "\*" before each model'):
        validated(models(aliases={"fast": {"moon": "x"}}), "config.toml", {})
