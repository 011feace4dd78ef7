"""Spans as messages of Pub/Sub, published to a stand-in of the service over gRPC."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.pubsub_v1 import types
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from candela_tui.config import Settings
from candela_tui.sinks.context import SinkContext
from candela_tui.sinks.telemetry import sink as telemetry
from tests.proxy.running import RunningProxy
from tests.sinks.telemetry.asking import ask
from tests.standin import Provider

SESSION = "0c7f5a5e-0000-4000-8000-000000000001"


class Topics:
    """The Publish call of the service; it refuses topics that it does not know."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self._lock = threading.Lock()
        self._server = grpc.server(ThreadPoolExecutor(2))
        handler = grpc.unary_unary_rpc_method_handler(
            self._publish, types.PublishRequest.deserialize, types.PublishResponse.serialize
        )
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("google.pubsub.v1.Publisher", {"Publish": handler}),)
        )
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def _publish(self, request: Any, context: grpc.ServicerContext) -> Any:
        if request.topic != "projects/my-project/topics/spans":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such topic")
        with self._lock:
            self.messages.extend(request.messages)
            return types.PublishResponse(message_ids=[str(len(self.messages))] * len(request.messages))

    def stop(self) -> None:
        self._server.stop(0).wait()


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> Iterator[Topics]:
    found = Topics()
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", found.address)
    yield found
    found.stop()


def into(topic: str, form: str) -> dict[str, Any]:
    return {"telemetry": {"pubsub": {"project": "my-project", "topic": topic, "format": form}}}


@pytest.mark.parametrize(("form", "project"), [("json", None), ("proto", "team-a")])
async def test_each_span_is_a_message_with_its_trace(
    form: str, project: str | None, topics: Topics, provider: Provider, tmp_path: Path
) -> None:
    sections = into("spans", form)
    sections["telemetry"]["project"] = project
    async with RunningProxy(provider.url, tmp_path, sections=sections) as proxy:
        await ask(proxy, SESSION)
        [exchange] = await proxy.ended(1)
    names, ids = set(), set()
    for message in topics.messages:
        if form == "json":
            [[scope]] = [part["scopeSpans"] for part in json.loads(message.data)["resourceSpans"]]
            [span] = scope["spans"]
            name, trace = span["name"], span["traceId"]
        else:
            [[scope]] = [part.scope_spans for part in ExportTraceServiceRequest.FromString(message.data).resource_spans]
            [span] = scope.spans
            name, trace = span.name, span.trace_id.hex()
        names.add(name)
        ids.add(trace)
        assert dict(message.attributes) == {"trace_id": trace, "project_id": project or "my-project", "format": form}
    assert names == {"session", "turn", f"chat {exchange.model}"}
    assert len(topics.messages) == 3
    assert len(ids) == 1


async def test_a_topic_that_does_not_exist_is_told_and_counted(
    topics: Topics, provider: Provider, tmp_path: Path
) -> None:
    async with RunningProxy(provider.url, tmp_path, sections=into("none", "json")) as proxy:
        await ask(proxy, SESSION)
        await proxy.ended(1)
        await proxy.stop(0)
        [state] = proxy.feed.telemetry()
    assert (state.name, state.dropped) == ("telemetry.pubsub", 3)
    told = "[telemetry.pubsub] The topic my-project/none refuses what is sent: spans are missing there"
    assert told in proxy.notices


def test_without_a_project_the_user_is_told() -> None:
    notices: list[str] = []
    settings = Settings.model_validate({"telemetry": {"pubsub": {"topic": "spans"}}})
    assert telemetry.pubsub_sink(SinkContext(settings, notices.append, 8181)) is None
    assert notices == ["No spans are published: set [telemetry.pubsub] project, or GOOGLE_CLOUD_PROJECT."]
