"""A collector that is down, slow, full or refuses: no request notices, and the user is told."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from candela_tui.config import Settings
from candela_tui.exchange import Recording
from candela_tui.sinks.context import SinkContext
from candela_tui.sinks.sink import Growth
from candela_tui.sinks.telemetry import sink as telemetry
from candela_tui.sinks.telemetry.sink import Telemetry
from candela_tui.telemetry_state import telemetry_words
from tests.proxy.running import RunningProxy
from tests.reports.exchanges import exchange
from tests.sinks.telemetry.asking import ask
from tests.standin import Provider
from tests.standin.otlp import PATIENCE_S, HttpCollector

SESSION = "0c7f5a5e-0000-4000-8000-000000000001"


def into(url: str) -> dict[str, Any]:
    return {"telemetry": {"otlp_endpoint": url}}


def opened(url: str, notices: list[str], **environ: str) -> Telemetry | None:
    settings = Settings.model_validate(into(url) if url else {})
    return telemetry.sink(SinkContext(settings, notices.append, 8181, environ=environ))


async def test_a_collector_that_is_down_costs_no_request_and_the_state_says_so(
    provider: Provider, tmp_path: Path
) -> None:
    with HttpCollector() as gone:
        pass
    async with RunningProxy(provider.url, tmp_path, sections=into(gone.url), flush_s=4) as proxy:
        assert [await ask(proxy, SESSION) for _ in range(3)] == [200] * 3
        await proxy.ended(3)
        await proxy.stop(0)
        [state] = proxy.feed.telemetry()
    assert state.dropped == 3 + 2  # The session and its turn have spans, too.
    assert state.trouble == f"[telemetry] The collector at {gone.url.removeprefix('http://')} can't be reached"
    assert telemetry_words((state,))[1] == "[telemetry] 5 spans were left out since candela started."
    assert any("can't be reached: spans are missing there" in notice for notice in proxy.notices)


async def test_a_collector_that_answers_late_costs_no_request(provider: Provider, tmp_path: Path) -> None:
    answer_now = threading.Event()

    def late(_: int) -> int:
        answer_now.wait(PATIENCE_S)
        return 200

    with HttpCollector(late) as collector:
        async with RunningProxy(provider.url, tmp_path, sections=into(collector.url)) as proxy:
            await ask(proxy, SESSION)
            await proxy.ended(1)
            collector.until(lambda: collector.tries > 0)
            assert [await ask(proxy, SESSION) for _ in range(3)] == [200] * 3
            await proxy.ended(4)
            answer_now.set()
    assert len([span for span in collector.spans if span.name.startswith("chat")]) == 4


async def test_what_a_collector_can_not_take_now_is_sent_again(provider: Provider, tmp_path: Path) -> None:
    with HttpCollector(lambda number: 503 if number == 0 else 200) as collector:
        async with RunningProxy(provider.url, tmp_path, sections=into(collector.url)) as proxy:
            await ask(proxy, SESSION)
            await proxy.ended(1)
    assert len([span for span in collector.spans if span.name.startswith("chat")]) == 1
    assert [notice for notice in proxy.notices if "telemetry" in notice] == []


@pytest.mark.parametrize("status", [302, 400, 401, 500])
async def test_what_a_collector_refuses_is_not_sent_again_and_counted(
    status: int, provider: Provider, tmp_path: Path
) -> None:
    with HttpCollector(lambda _: status) as collector:
        async with RunningProxy(provider.url, tmp_path, sections=into(collector.url)) as proxy:
            await ask(proxy, SESSION)
            await proxy.ended(1)
            await proxy.stop(0)
            [state] = proxy.feed.telemetry()
    place = collector.url.removeprefix("http://")
    assert f"[telemetry] The collector at {place} answers with {status}: spans are missing there" in proxy.notices
    assert state.dropped == 3


async def test_what_a_collector_takes_only_in_part_is_counted(provider: Provider, tmp_path: Path) -> None:
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = 2
    answer.partial_success.error_message = "too old"
    with HttpCollector(lambda _: (200, answer.SerializeToString())) as collector:
        async with RunningProxy(provider.url, tmp_path, sections=into(collector.url)) as proxy:
            await ask(proxy, SESSION)
            await proxy.ended(1)
            await proxy.stop(0)
            [state] = proxy.feed.telemetry()
    assert state.dropped == 2 * collector.batches_of_spans
    place = collector.url.removeprefix("http://")
    assert f"[telemetry] The collector at {place} rejects some of what it gets: too old" in proxy.notices


def test_what_does_not_fit_into_the_queue_is_dropped_and_counted() -> None:
    answer_now = threading.Event()
    notices: list[str] = []

    def late(_: int) -> int:
        answer_now.wait(PATIENCE_S)
        return 200

    with HttpCollector(late) as collector:
        settings = Settings.model_validate({"telemetry": {"otlp_endpoint": collector.url, "content": "full"}})
        sink = telemetry.sink(SinkContext(settings, notices.append, 8181))
        assert sink is not None
        end(sink, 0, b"")
        end(sink, 1, b" " * 40 * 2**20)
        end(sink, 2, b" " * 70 * 2**20)
        answer_now.set()
        sink.close(PATIENCE_S)
    assert sink.state().dropped == 1
    assert len([span for span in collector.spans if "chat" in span.name]) == 2
    assert notices == ["[telemetry] is slower than requests end: it leaves some out until it has caught up"]


def end(sink: Telemetry, number: int, request: bytes) -> None:
    recorded = exchange(number)
    sink.began(recorded, Recording(request))
    sink.ended(recorded, Growth((), (), None))


def test_without_an_endpoint_nothing_is_sent() -> None:
    notices: list[str] = []
    assert opened("", notices) is None
    assert opened("http://localhost:4318", notices, OTEL_SDK_DISABLED="true") is None
    assert notices == []


@pytest.mark.parametrize(
    ("url", "environ"),
    [
        ("http://127.0.0.1:8181/_local/otlp", {}),
        ("", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:8181/_local/otlp"}),
    ],
)
def test_a_candela_that_a_client_of_candela_starts_does_not_send_to_itself(url: str, environ: dict[str, str]) -> None:
    notices: list[str] = []
    assert opened(url, notices, **environ) is None
    [notice] = notices
    assert notice.endswith("is the address of this candela.")


def test_without_the_packages_the_user_is_told_how_to_install_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_packages(name: str) -> None:
        return None

    found: Callable[[str], Any] = no_packages
    monkeypatch.setattr(telemetry, "find_spec", found)
    notices: list[str] = []
    assert opened("http://localhost:4318", notices) is None
    [notice] = notices
    assert notice.startswith("No telemetry is sent, though [telemetry] otlp_endpoint is set")
    assert "otlp" in notice
