"""The local API describes itself: its OpenAPI document is valid, its page lists the same paths, answers keep to it."""

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from candela_tui import wire
from candela_tui.api_root import API_ROOT, TRACES_PATH
from candela_tui.credentials.state import CredentialState, Standing
from candela_tui.credentials.vault.encrypted_file import EncryptedFile
from candela_tui.protocol.clouds.refusals import RefusedParts
from candela_tui.protocol.sse import SSEDecoder
from candela_tui.providers.identity import Provider as ProviderId
from candela_tui.proxy.local_api.openapi import openapi_document
from candela_tui.proxy.local_api.route import EVENTS, JSON, LINES
from candela_tui.proxy.local_api.routes import ROUTES
from tests.proxy.running import BODY, PATIENCE_S, RunningProxy
from tests.standin import Provider, message, text

DOCUMENT: dict[str, Any] = json.loads(wire.encode(openapi_document()))
PAGE = Path(__file__).parents[2] / "docs" / "local-api.md"
BUDGET = {"name": "my day", "scope": "all", "window": "day", "limit_usd": 100}
PASSPHRASE = "correct horse"


def exact(schemas: Any) -> Any:
    """Schemas that also refuse what they do not name, and that a field is missing."""
    if isinstance(schemas, list):
        return [exact(each) for each in schemas]
    if not isinstance(schemas, dict):
        return schemas
    schema = {name: exact(each) for name, each in schemas.items()}
    if schema.get("type") == "object" and "properties" in schema:
        schema |= {"additionalProperties": False, "required": list(schema["properties"])}
    return schema


SCHEMAS = exact(copy.deepcopy(DOCUMENT["components"]))


def check(value: Any, schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator({**schema, "components": SCHEMAS}).validate(value)


def test_the_document_is_valid() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_the_page_lists_the_paths_of_the_document() -> None:
    rows = (
        f"| `{route.method}` | `{route.path.removeprefix(API_ROOT) or '/'}` | {route.summary} |\n"
        for route in ROUTES
        if route.path.startswith(API_ROOT)
    )
    assert f"|---|---|---|\n{''.join(rows)}\n" in PAGE.read_text()


def test_each_route_has_a_handler_and_a_description_of_its_own() -> None:
    operations = [one for methods in DOCUMENT["paths"].values() for one in methods.values()]
    assert len(operations) == len(ROUTES)
    for field in ("operationId", "summary"):
        assert len({one[field] for one in operations}) == len(ROUTES)


class Asking:
    """A program that asks the local API, and checks each answer by the document."""

    def __init__(self, candela: RunningProxy, http: aiohttp.ClientSession) -> None:
        self.candela = candela
        self.http = http
        self.asked: set[tuple[str, str]] = set()

    async def send(self) -> bytes:
        """Send a request to the provider."""
        async with self.http.post(f"{self.candela.url}/v1/messages", data=BODY) as answer:
            return await answer.read()

    async def __call__(self, method: str, path: str, body: Any = None, query: str = "", **names: str) -> Any:
        """Ask, and return the answer: JSON, the list of its lines, or bytes."""
        async with self._asking(method, path, body, query, names) as answer:
            media_type, schema = self._schema_of(method, path, answer)
            whole = await answer.read()
        if media_type == JSON:
            document = json.loads(whole)
            check(document, schema)
            return document
        if media_type == LINES:
            lines = [json.loads(line) for line in whole.splitlines()]
            assert lines
            for line in lines:
                check(line, schema)
            return lines
        return whole

    @asynccontextmanager
    async def following(self, method: str, path: str, body: Any = None) -> AsyncIterator["Following"]:
        """Follow a stream of events."""
        async with self._asking(method, path, body, "", {}) as answer:
            media_type, _ = self._schema_of(method, path, answer)
            assert media_type == EVENTS
            described = DOCUMENT["paths"][path][method.lower()]["responses"]["200"]["content"][EVENTS]["x-events"]
            yield Following(answer, described)

    @asynccontextmanager
    async def _asking(
        self, method: str, path: str, body: Any, query: str, names: dict[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        self.asked.add((method, path))
        url = f"{self.candela.origin}{path.format(**names)}{query}"
        if body is not None:
            described = DOCUMENT["paths"][path][method.lower()]["requestBody"]["content"]
            if JSON in described:
                check(body, described[JSON]["schema"])
        async with self.http.request(method, url, json=body) as answer:
            assert answer.status == 200, await answer.text()
            yield answer

    def _schema_of(self, method: str, path: str, answer: aiohttp.ClientResponse) -> tuple[str, dict[str, Any]]:
        content = DOCUMENT["paths"][path][method.lower()]["responses"][str(answer.status)]["content"]
        return answer.content_type, content[answer.content_type]["schema"]


class Following:
    """What a stream of events said, each checked by the document."""

    def __init__(self, answer: aiohttp.ClientResponse, described: dict[str, Any]) -> None:
        self._answer = answer
        self._described = described
        self._decoder = SSEDecoder()
        self.names: set[str] = set()

    async def until(self, *names: str) -> None:
        """Read until an event of each name was sent."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.names.issuperset(names):
                for event in self._decoder.feed(await self._answer.content.readany()):
                    check(json.loads(event.data), self._described[event.name])
                    self.names.add(event.name)


@pytest.fixture
async def asking(provider: Provider, tmp_path: Path) -> AsyncIterator[Asking]:
    sections = {"rules": {"budgets": [BUDGET]}}
    async with RunningProxy(provider.url, tmp_path, sections=sections, dashboard=("true",)) as candela:
        token = candela.paths.token.read_text().strip()
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http:
            yield Asking(candela, http)


async def test_every_route_answers_as_the_document_says(asking: Asking, provider: Provider) -> None:
    candela, root = asking.candela, API_ROOT
    provider.answer(message(text("hello")), message(text("again")))
    async with (
        asking.following("GET", f"{root}/events") as events,
        asking.following("GET", f"{root}/snapshots/events") as snapshots,
    ):
        async with asking.following("POST", f"{root}/intercept", {"filter": "model:opus"}) as intercept:
            await intercept.until("intercept")
            sending = asyncio.create_task(asking.send())
            held = await candela.exchange(lambda each: each.held)
            await asking("GET", f"{root}/intercept")
            await asking("POST", f"{root}/held/{{id}}", {**json.loads(BODY), "max_tokens": 65}, id=held.id)
            await sending
        await asking("POST", f"{root}/notices", {"text": "done"})
        await events.until("snapshot", "request", "notice")
        await snapshots.until("snapshot", "exchange", "notice")
    await candela.stored(held.id)
    for part in ("request", "response", "chunks", "provider/request", "provider/response", "provider/chunks"):
        assert await asking("GET", f"{root}/requests/{{id}}/{part}", id=held.id)
    for path in ("/requests/{id}", "/snapshots/{id}", "/requests/{id}/replay"):
        await asking("GET", f"{root}{path}", id=held.id)
    await asking("POST", f"{root}/requests/{{id}}/replay", id=held.id)
    for path in ("", "/me", "/openapi.json", "/sessions", "/requests", "/snapshots", "/spend"):
        await asking("GET", f"{root}{path}")
    await asking("GET", TRACES_PATH, query="?range=24h&limit=1")

    candela.proxy.refusals.memory(ProviderId.BEDROCK, counts=False).add(
        "us.anthropic.claude-opus-4-8", RefusedParts(fields=frozenset({"speed"})), "speed: not permitted"
    )
    for method in ("GET", "DELETE"):
        assert await asking(method, f"{root}/refusals")
    assert await asking("GET", f"{root}/budgets")
    wanted = {"for_s": 60, "why": "release night"}
    await asking("POST", f"{root}/budgets/{{name}}/override", wanted, name="my day")
    assert (await asking("GET", f"{root}/budgets"))[0]["override"]
    await asking("DELETE", f"{root}/budgets/{{name}}/override", name="my day")
    assert await asking("GET", f"{root}/audit")
    for method in ("GET", "POST"):
        await asking(method, f"{root}/rules")
    await asking("POST", f"{root}/page-links")
    EncryptedFile(candela.paths.vault, lambda: PASSPHRASE, cost=2).write("anthropic", "secret")
    await asking("POST", f"{root}/unlock", {"passphrase": PASSPHRASE})
    candela.feed.tell_credentials(CredentialState(ProviderId.BEDROCK, Standing.LOCKED))
    assert await asking("GET", f"{root}/credentials")

    assert asking.asked == {(route.method, route.path) for route in ROUTES}


async def test_a_method_that_a_path_does_not_have_is_refused_with_those_that_it_has(asking: Asking) -> None:
    for path, allowed in (("/intercept", "GET, POST"), ("/refusals", "GET, DELETE"), ("/held/1", "POST")):
        async with asking.http.put(f"{asking.candela.origin}{API_ROOT}{path}") as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, allowed)
            check(await answer.json(), {"$ref": "#/components/schemas/Error"})
