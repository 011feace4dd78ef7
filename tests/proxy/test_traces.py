"""``/_local/api/traces`` answers in the form of the original candela."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal

import aiohttp
import pytest

from tests.proxy.running import BODY, RunningProxy
from tests.standin import Gate, Provider, error, message, text

SESSION = "1f0c7a2e-0000-4000-8000-000000000001"
FIELDS = (
    "span_id,trace_id,model,provider,input_tokens,output_tokens,total_tokens,cost_usd,duration_ms,status,timestamp,name"
)


@pytest.fixture
async def program(candela: RunningProxy) -> AsyncIterator[aiohttp.ClientSession]:
    token = candela.paths.token.read_text().strip()
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        yield session


async def asked(candela: RunningProxy, http: aiohttp.ClientSession) -> None:
    headers = {"X-Claude-Code-Session-Id": SESSION, "x-api-key": "k"}
    async with http.post(f"{candela.url}/v1/messages", data=BODY, headers=headers) as answer:
        await answer.read()


async def traces(candela: RunningProxy, program: aiohttp.ClientSession, query: str = "") -> dict[str, object]:
    async with program.get(f"{candela.origin}/_local/api/traces{query}") as answer:
        assert answer.status == 200
        assert answer.content_type == "application/json"
        found: dict[str, object] = json.loads(await answer.text(), parse_float=Decimal)
        return found


async def test_the_newest_requests_come_first_with_the_fields_of_the_original(
    candela: RunningProxy, program: aiohttp.ClientSession, provider: Provider
) -> None:
    provider.answer(message(text("hi")))
    provider.answer(error(529, "overloaded_error"))
    async with aiohttp.ClientSession() as http:
        await asked(candela, http)
        await candela.ended(1)
        await asked(candela, http)
    await candela.ended(2)
    found = await traces(candela, program)
    assert found["count"] == 2
    failed, fine = found["spans"]  # type: ignore[misc]
    assert ",".join(fine) == FIELDS
    [exchange] = [each for each in await candela.ended(2) if each.usage is not None]
    assert exchange.usage is not None
    assert exchange.cost is not None
    assert fine | {"duration_ms": 0, "timestamp": ""} == {
        "span_id": exchange.id,
        "trace_id": SESSION,
        "model": exchange.model_used,
        "provider": "anthropic",
        "input_tokens": exchange.usage.prompt_tokens,
        "output_tokens": exchange.usage.output_tokens,
        "total_tokens": (exchange.usage.prompt_tokens or 0) + (exchange.usage.output_tokens or 0),
        "cost_usd": exchange.cost.total,
        "duration_ms": 0,
        "status": "ok",
        "timestamp": "",
        "name": "chat",
    }
    assert fine["timestamp"] == exchange.started_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (failed["status"], failed["input_tokens"], failed["cost_usd"]) == ("error", None, None)
    assert (await traces(candela, program, "?limit=1&range=24h"))["spans"] == [failed]


async def test_a_request_in_flight_is_not_known_to_be_fine(
    candela: RunningProxy, program: aiohttp.ClientSession, provider: Provider
) -> None:
    gate = Gate()
    provider.answer(message(text("a ", gate, "b")))
    async with aiohttp.ClientSession() as http, http.post(f"{candela.url}/v1/messages", data=BODY) as answer:
        await gate.reached()
        await candela.exchange(lambda exchange: exchange.live)
        [span] = (await traces(candela, program))["spans"]  # type: ignore[misc]
        assert span["status"] == "unset"
        gate.open()
        await answer.read()


async def test_what_asks_for_no_message_is_not_among_them(
    candela: RunningProxy, program: aiohttp.ClientSession, provider: Provider
) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{candela.url}/v1/models") as answer:
        await answer.read()
    await candela.ended(1)
    assert await traces(candela, program) == {"spans": [], "count": 0}


@pytest.mark.parametrize("query", ["?limit=0", "?limit=x", "?range=1y", "?since=now"])
async def test_a_mistake_in_the_query_is_said(
    candela: RunningProxy, program: aiohttp.ClientSession, query: str
) -> None:
    async with program.get(f"{candela.origin}/_local/api/traces{query}") as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["message"]


async def test_it_asks_for_the_token_as_the_rest_of_the_local_api(candela: RunningProxy) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{candela.origin}/_local/api/traces") as answer:
        assert answer.status == 401
