"""Telemetry that the client sends to candela is joined to its requests, and passed on to the user's collector."""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from candela_tui.api_root import OTLP_ROOT
from candela_tui.client_telemetry.payload import JSON, PROTOBUF, as_protobuf
from candela_tui.exchange import Exchange, ToolRun
from tests.client_telemetry.payloads import Document, log, logs, of_tool
from tests.proxy.running import RunningProxy
from tests.sinks.telemetry.asking import ask
from tests.standin import Provider, message, tool_use
from tests.standin.otlp import GrpcCollector, HttpCollector

SESSION = "0c7f5a5e-0000-4000-8000-000000000001"


async def send(
    proxy: RunningProxy, signal: str, document: Document, kind: str = JSON, encoding: str = "", method: str = "POST"
) -> int:
    """Send telemetry; the status of the answer."""
    body = json.dumps(document).encode() if kind == JSON else as_protobuf(signal, document)
    headers = {"Content-Type": kind}
    if encoding:
        body, headers["Content-Encoding"] = gzip.compress(body), encoding
    async with (
        aiohttp.ClientSession() as client,
        client.request(method, f"{proxy.origin}{OTLP_ROOT}/v1/{signal}", data=body, headers=headers) as answer,
    ):
        await answer.read()
        return answer.status


async def called(proxy: RunningProxy, provider: Provider) -> Exchange:
    """A stored exchange whose answer calls a tool."""
    provider.answer(message(tool_use("Bash", {"command": "ls"}, id="toolu_1")))
    await ask(proxy, SESSION, prompt="p1")
    exchange = await proxy.exchange()
    await proxy.stored(exchange.id)
    return exchange


def ended(exchange: Exchange) -> float:
    return exchange.started_at.timestamp() + (exchange.duration_ms or 0) / 1000


@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("names_request", [True, False])
async def test_what_the_client_measured_is_joined_to_the_request(
    kind: str, encoding: str, names_request: bool, provider: Provider, tmp_path: Path
) -> None:
    async with RunningProxy(provider.url, tmp_path) as proxy:
        exchange = await called(proxy, provider)
        request_id = exchange.request_id if names_request else None
        at = ended(exchange)
        of_logs, of_traces = of_tool(SESSION, request_id, "toolu_1", at)
        assert await send(proxy, "logs", of_logs, kind, encoding) == 200
        await proxy.reported(exchange.id)
        assert await send(proxy, "traces", of_traces, kind, encoding) == 200
        found = await proxy.reported(exchange.id)
    [run] = found.tool_runs
    assert run == ToolRun(
        "toolu_1",
        "Bash",
        "accept",
        "user_temporary",
        decided_at=pytest.approx(at + 2, abs=1e-3),
        waited_ms=2000,
        ended_at=pytest.approx(at + 3, abs=1e-3),
        ran_ms=1000,
        success=True,
    )


async def test_a_wait_that_arrives_before_its_decision_is_joined_too(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path) as proxy:
        exchange = await called(proxy, provider)
        of_logs, of_traces = of_tool(SESSION, exchange.request_id, "toolu_1", ended(exchange))
        await send(proxy, "traces", of_traces)
        await send(proxy, "logs", of_logs)
        found = await proxy.reported(exchange.id)
    assert [run.waited_ms for run in found.tool_runs] == [2000]


async def test_the_clients_own_cost_is_kept_with_the_request(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path) as proxy:
        exchange = await called(proxy, provider)
        said = {"session.id": SESSION, "request_id": exchange.request_id, "cost_usd": 0.029362999999999997}
        await send(proxy, "logs", logs(log("api_request", ended(exchange), said)))
        found = await proxy.reported(exchange.id)
    assert found.reported_cost == Decimal("0.029363")


async def test_what_comes_before_its_request_is_stored_waits_for_it(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path) as proxy:
        said = {"session.id": SESSION, "request_id": "req_early", "cost_usd": 1.5}
        await send(proxy, "logs", logs(log("api_request", 1.0, said)))
        provider.answer(message(tool_use("Bash", {}), headers=(("request-id", "req_early"),)))
        await ask(proxy, SESSION)
        exchange = await proxy.exchange()
        found = await proxy.reported(exchange.id)
    assert found.reported_cost == Decimal("1.5")


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
async def test_all_of_it_is_passed_on_to_the_collector(provider: Provider, tmp_path: Path, protocol: str) -> None:
    with GrpcCollector() if protocol == "grpc" else HttpCollector() as collector:
        sections = {"telemetry": {"otlp_endpoint": collector.url, "protocol": protocol, "headers": {"X-Key": "k"}}}
        async with RunningProxy(provider.url, tmp_path, sections=sections) as proxy:
            of_logs, of_traces = of_tool(SESSION, "req_1", "toolu_1", 1000.0)
            await send(proxy, "logs", of_logs)
            await send(proxy, "traces", of_traces)
            await send(proxy, "metrics", {"resourceMetrics": []})
    [span] = collector.spans
    assert (span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()) == (
        "claude_code.tool.blocked_on_user",
        "d104455555d364cbf21c8c02793ee650",
        "52444f717228c568",
        "d5fb98394c7b756c",
    )
    assert [record.body.string_value for record in collector.logs] == [
        "claude_code.tool_decision",
        "claude_code.tool_result",
    ]
    assert [headers.get("x-key") for headers in collector.headers] == ["k"] * len(collector.headers)


@pytest.mark.parametrize(
    ("signal", "kind", "method", "status"),
    [
        ("profiles", JSON, "POST", 404),
        ("traces", JSON, "GET", 405),
        ("traces", "text/plain", "POST", 415),
    ],
)
async def test_what_is_no_telemetry_is_refused(
    signal: str, kind: str, method: str, status: int, provider: Provider, tmp_path: Path
) -> None:
    async with (
        RunningProxy(provider.url, tmp_path) as proxy,
        aiohttp.ClientSession() as client,
        client.request(
            method, f"{proxy.origin}{OTLP_ROOT}/v1/{signal}", data=b"{}", headers={"Content-Type": kind}
        ) as answer,
    ):
        assert answer.status == status
        told: Any = await answer.json()
    assert told["error"]["message"].startswith("telemetry is")
    assert provider.requests == []


async def test_telemetry_that_can_not_be_read_harms_nothing(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path) as proxy:
        exchange = await called(proxy, provider)
        for body in (b"no JSON", b"[]", b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":3}]}]}]}'):
            async with (
                aiohttp.ClientSession() as client,
                client.post(f"{proxy.origin}{OTLP_ROOT}/v1/logs", data=body, headers={"Content-Type": JSON}) as answer,
            ):
                assert answer.status == 200
        said = {"session.id": SESSION, "request_id": exchange.request_id, "cost_usd": 2.0}
        await send(proxy, "logs", logs(log("api_request", 1.0, said)))
        assert (await proxy.reported(exchange.id)).reported_cost == Decimal(2)
    assert [notice for notice in proxy.notices if "telemetry" in notice] == []
