"""Spans as a collector gets them: names, parents and sums, over HTTP and gRPC."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.proxy.running import RunningProxy
from tests.sinks.telemetry.asking import ask
from tests.standin import Provider, error, message, text, tool_use
from tests.standin.otlp import GrpcCollector, HttpCollector, Received, said

SESSION = "0c7f5a5e-0000-4000-8000-000000000001"


def into(collector: Any, **more: Any) -> dict[str, Any]:
    return {"telemetry": {"otlp_endpoint": collector.url, **more}}


def by_name(received: Received) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    for span in received.spans:
        found.setdefault(span.name, []).append(span)
    return found


async def two_turns(proxy: RunningProxy, provider: Provider) -> None:
    """A turn with two tool calls, and another."""
    provider.answer(
        message(
            tool_use("Bash", {"command": "ls"}, id="toolu_1"),
            tool_use("Read", {"file_path": "/x"}, id="toolu_2"),
        ),
        message(text("Done.")),
        message(text("Hi.")),
    )
    called = [
        {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}},
        {"type": "tool_use", "id": "toolu_2", "name": "Read", "input": {"file_path": "/x"}},
    ]
    results = [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "a.txt"},
        {"type": "tool_result", "tool_use_id": "toolu_2", "content": "text"},
    ]
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Look."}]
    await ask(proxy, SESSION, messages, prompt="p1")
    await proxy.ended(1)
    messages += [{"role": "assistant", "content": called}, {"role": "user", "content": results}]
    await ask(proxy, SESSION, messages, prompt="p1", **{"X-Claude-Code-Prev-Tool-Durations": "Bash=0;Read=0"})
    await proxy.ended(2)
    messages += [{"role": "assistant", "content": "Done."}, {"role": "user", "content": "Hi"}]
    await ask(proxy, SESSION, messages, prompt="p2")
    await proxy.ended(3)


@pytest.mark.parametrize("kind", [HttpCollector, GrpcCollector])
async def test_a_session_has_turns_with_requests_with_tool_calls(
    kind: type[AbstractContextManager[Any]], provider: Provider, tmp_path: Path
) -> None:
    with kind() as collector:
        sections = into(
            collector, protocol="grpc" if kind is GrpcCollector else "http/protobuf", headers={"X-Key": "k"}
        )
        async with RunningProxy(provider.url, tmp_path, sections=sections) as proxy:
            await two_turns(proxy, provider)
            exchanges = sorted(await proxy.ended(3), key=lambda exchange: exchange.id)
    spans = by_name(collector)
    [session] = spans["session"]
    turns = sorted(spans["turn"], key=lambda span: span.start_time_unix_nano)
    requests = sorted(spans["chat claude-opus-4-8"], key=lambda span: span.start_time_unix_nano)
    [bash], [read] = spans["execute_tool Bash"], spans["execute_tool Read"]
    assert len(collector.spans) == 1 + 2 + 3 + 2
    assert {span.trace_id for span in collector.spans} == {session.trace_id}
    assert session.parent_span_id == b""
    assert [turn.parent_span_id for turn in turns] == [session.span_id] * 2
    assert [request.parent_span_id for request in requests] == [turns[0].span_id, turns[0].span_id, turns[1].span_id]
    assert {bash.parent_span_id, read.parent_span_id} == {requests[0].span_id}
    assert [said(tool)["gen_ai.tool.call.id"] for tool in (bash, read)] == ["toolu_1", "toolu_2"]
    assert {request.kind for request in requests} == {Span.SPAN_KIND_CLIENT}
    assert [said(turn)["candela.turn.requests"] for turn in turns] == [2, 1]
    for request, exchange in zip(requests, exchanges, strict=True):
        assert exchange.cost is not None
        facts = said(request)
        assert facts["candela.cost.usd"] == pytest.approx(float(exchange.cost.total))
        assert request.start_time_unix_nano == pytest.approx(exchange.started_at.timestamp() * 1e9, abs=1e6)
        assert {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "anthropic",
            "gen_ai.request.model": "claude-opus-4-8",
            "gen_ai.response.model": "claude-opus-4-8",
            "gen_ai.conversation.id": SESSION,
            "gen_ai.usage.input_tokens": 12 + 3072 + 4096,
            "gen_ai.usage.output_tokens": 15,
            "gen_ai.usage.cache_read.input_tokens": 4096,
            "gen_ai.usage.cache_write.input_tokens": 3072,
            "candela.usage.cache_write_5m_tokens": 1024,
            "candela.usage.cache_write_1h_tokens": 2048,
            "candela.route": "anthropic-direct",
        }.items() <= facts.items()
    total = sum(said(turn)["candela.turn.cost_usd"] for turn in turns)
    assert total == pytest.approx(sum(said(request)["candela.cost.usd"] for request in requests))
    assert said(requests[0])["gen_ai.response.finish_reasons"] == ["tool_use"]
    assert {said(resource)["service.name"] for resource in collector.resources} == {"candela"}
    assert {headers["x-key"] for headers in collector.headers} == {"k"}
    assert not [name for span in collector.spans for name in said(span) if "messages" in name or "arguments" in name]


async def test_metrics_have_the_tokens_the_durations_and_the_cost(provider: Provider, tmp_path: Path) -> None:
    with HttpCollector() as collector:
        async with RunningProxy(provider.url, tmp_path, sections=into(collector)) as proxy:
            await two_turns(proxy, provider)
            exchanges = await proxy.ended(3)
    metrics = {metric.name: metric for metric in collector.metrics}
    tokens = {
        said(point)["gen_ai.token.type"]: point for point in metrics["gen_ai.client.token.usage"].histogram.data_points
    }
    assert {kind: (point.count, point.sum) for kind, point in tokens.items()} == {
        "input": (3, 3 * 7180),
        "output": (3, 45),
    }
    assert list(tokens["input"].explicit_bounds) == [4.0**power for power in range(14)]
    [duration] = metrics["gen_ai.client.operation.duration"].histogram.data_points
    assert duration.sum == pytest.approx(sum(exchange.duration_ms or 0 for exchange in exchanges) / 1000)
    [cost] = metrics["candela.cost"].sum.data_points
    assert cost.as_double == pytest.approx(3 * 0.029363)
    assert "session.id" not in said(cost)


async def test_a_failed_request_is_an_error_in_its_span_and_a_log_record_in_it(
    provider: Provider, tmp_path: Path
) -> None:
    provider.answer(error(529, "Overloaded"))
    with HttpCollector() as collector:
        async with RunningProxy(provider.url, tmp_path, sections=into(collector)) as proxy:
            await ask(proxy, SESSION)
            await proxy.ended(1)
    [span] = by_name(collector)["chat claude-opus-4-8"]
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert said(span)["error.type"] == "overloaded_error"
    [record] = collector.logs
    assert record.body.string_value == "overloaded_error: Overloaded"
    assert (record.trace_id, record.span_id) == (span.trace_id, span.span_id)
    assert record.severity_text == "ERROR"


async def test_the_spans_of_a_session_join_across_restarts(provider: Provider, tmp_path: Path) -> None:
    with HttpCollector() as collector:
        for turn in ("p1", "p2"):
            async with RunningProxy(provider.url, tmp_path, sections=into(collector)) as proxy:
                await ask(proxy, SESSION, prompt=turn)
                [exchange] = await proxy.ended(1)
                await proxy.stored(exchange.id)
            _as_of_another_process(tmp_path)
    spans = by_name(collector)
    assert len(spans["session"]) == 1
    assert [said(turn)["candela.turn.number"] for turn in spans["turn"]] == [1, 2]
    assert {turn.parent_span_id for turn in spans["turn"]} == {spans["session"][0].span_id}
    assert len({span.trace_id for span in collector.spans}) == 1


def _as_of_another_process(data: Path) -> None:
    import sqlite3

    with sqlite3.connect(data / "candela.db") as store:
        store.execute("update exchanges set pid = 1")
    store.close()


async def test_content_is_sent_if_the_user_wants_it(provider: Provider, tmp_path: Path) -> None:
    with HttpCollector() as collector:
        sections = into(collector, content="full", cache_creation_name=True, service_name="laptop", project="team-a")
        async with RunningProxy(provider.url, tmp_path, sections=sections) as proxy:
            await two_turns(proxy, provider)
    spans = by_name(collector)
    first, second, _ = sorted(spans["chat claude-opus-4-8"], key=lambda span: span.start_time_unix_nano)
    assert said(first)["gen_ai.input.messages"] == '[{"role":"user","parts":[{"type":"text","content":"Look."}]}]'
    assert (
        '{"type":"tool_call","id":"toolu_1","name":"Bash","arguments":{"command":"ls"}}'
        in said(first)["gen_ai.output.messages"]
    )
    assert '{"type":"tool_call_response","id":"toolu_2","response":"text"}' in said(second)["gen_ai.input.messages"]
    [bash] = spans["execute_tool Bash"]
    assert said(bash)["gen_ai.tool.call.arguments"] == '{"command":"ls"}'
    assert said(bash)["gen_ai.tool.call.result"] == "a.txt"
    assert said(first)["gen_ai.usage.cache_creation.input_tokens"] == 3072
    named = {(said(resource)["service.name"], said(resource)["service.namespace"]) for resource in collector.resources}
    assert named == {("laptop", "team-a")}


async def test_only_the_share_of_sessions_is_sent_that_the_user_wants(provider: Provider, tmp_path: Path) -> None:
    with HttpCollector() as collector:
        async with RunningProxy(provider.url, tmp_path, sections=into(collector, sample=0)) as proxy:
            await ask(proxy, SESSION)
            await proxy.ended(1)
    assert collector.spans == []
    assert {metric.name for metric in collector.metrics} >= {"gen_ai.client.token.usage", "candela.cost"}


async def test_a_request_in_the_clients_own_trace_has_the_clients_span_as_parent(
    provider: Provider, tmp_path: Path
) -> None:
    trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    with HttpCollector() as collector:
        async with RunningProxy(provider.url, tmp_path, sections=into(collector)) as proxy:
            await ask(proxy, SESSION, traceparent=f"00-{trace}-{parent}-01")
            await ask(proxy, SESSION, traceparent=f"00-{trace}-{parent}-00")
            await proxy.ended(2)
    [span] = collector.spans
    assert (span.name, span.trace_id.hex(), span.parent_span_id.hex()) == ("chat claude-opus-4-8", trace, parent)
