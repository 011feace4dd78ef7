"""A collector that decodes what it gets with OpenTelemetry's own types, over HTTP or gRPC, and fails on demand."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import grpc
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

PATIENCE_S = 30.0
_REQUESTS: dict[str, Callable[[], Message]] = {
    "/v1/traces": trace_service_pb2.ExportTraceServiceRequest,
    "/v1/metrics": metrics_service_pb2.ExportMetricsServiceRequest,
    "/v1/logs": logs_service_pb2.ExportLogsServiceRequest,
}


class Received:
    """What arrived, by signal."""

    def __init__(self) -> None:
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.tries = 0
        """How many requests came, also those that were refused."""
        self._messages: list[Any] = []
        self._changed = threading.Condition()

    def add(self, message: Message, headers: dict[str, str]) -> None:
        with self._changed:
            self._messages.append(message)
            self.headers.append(headers)
            self._changed.notify_all()

    def tried(self) -> int:
        """Count a request; its number, from 0."""
        with self._changed:
            self.tries += 1
            self._changed.notify_all()
            return self.tries - 1

    def until(self, true: Callable[[], bool]) -> None:
        """Wait for what arrives. Fails after PATIENCE_S."""
        with self._changed:
            assert self._changed.wait_for(true, PATIENCE_S), self._messages

    @property
    def resources(self) -> list[Resource]:
        """The resource of each part."""
        return [part.resource for message in self._messages for part in _parts(message)]

    @property
    def spans(self) -> list[Span]:
        """All spans, in the order of their arrival."""
        return [span for part in self._of("resource_spans") for scope in part.scope_spans for span in scope.spans]

    @property
    def batches_of_spans(self) -> int:
        """How many messages had spans."""
        return sum(hasattr(message, "resource_spans") for message in self._messages)

    @property
    def logs(self) -> list[LogRecord]:
        """All log records."""
        return [one for part in self._of("resource_logs") for scope in part.scope_logs for one in scope.log_records]

    @property
    def metrics(self) -> list[Metric]:
        """All metrics."""
        return [one for part in self._of("resource_metrics") for scope in part.scope_metrics for one in scope.metrics]

    def _of(self, field: str) -> Iterator[Any]:
        for message in self._messages:
            yield from getattr(message, field, ())


def _parts(message: Any) -> Iterator[Any]:
    for field in ("resource_spans", "resource_logs", "resource_metrics"):
        yield from getattr(message, field, ())


def said(of: Any) -> dict[str, Any]:
    """The attributes of a span, a record, a data point or a resource."""
    return {each.key: _value(each.value) for each in of.attributes}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind) if kind else None


Answer = Callable[[int], int | tuple[int, bytes]]
"""Chooses the status, and the body, of the answer to a request by its number. May wait."""


class HttpCollector(Received):
    """A collector at ``url`` while used as a context manager."""

    def __init__(self, answer: Answer = lambda _: 200) -> None:
        super().__init__()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                told = answer(collector.tried())
                status, back = told if isinstance(told, tuple) else (told, b"")
                if 200 <= status < 300 and self.path in _REQUESTS:
                    message = _REQUESTS[self.path]()
                    message.ParseFromString(body)
                    collector.bodies.append(body)
                    collector.add(message, {name.lower(): value for name, value in self.headers.items()})
                self.send_response(status)
                self.send_header("Content-Length", str(len(back)))
                self.end_headers()
                self.wfile.write(back)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class GrpcCollector(Received):
    """The same over gRPC."""

    def __init__(self) -> None:
        super().__init__()
        self._server = grpc.server(ThreadPoolExecutor(4))
        for add, base, response in (
            (
                trace_service_pb2_grpc.add_TraceServiceServicer_to_server,
                trace_service_pb2_grpc.TraceServiceServicer,
                trace_service_pb2.ExportTraceServiceResponse,
            ),
            (
                metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server,
                metrics_service_pb2_grpc.MetricsServiceServicer,
                metrics_service_pb2.ExportMetricsServiceResponse,
            ),
            (
                logs_service_pb2_grpc.add_LogsServiceServicer_to_server,
                logs_service_pb2_grpc.LogsServiceServicer,
                logs_service_pb2.ExportLogsServiceResponse,
            ),
        ):
            add(_servicer(base, response, self), self._server)
        self.url = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(0).wait()


def _servicer(base: Any, response: Callable[[], Message], received: Received) -> Any:
    class Servicer(base):  # type: ignore[misc]
        def Export(self, request: Message, context: grpc.ServicerContext) -> Message:  # noqa: N802
            received.tried()
            received.add(request, dict(context.invocation_metadata()))
            return response()

    return Servicer()
