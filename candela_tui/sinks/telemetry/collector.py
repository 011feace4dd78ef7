"""Sends telemetry to a collector with OpenTelemetry's exporters, and says what became of it.

The exporters try transient failures again for ten seconds (1.45). They take a redirect for success, do not read what a
collector rejects of a batch, and their session honours HTTPS_PROXY even where that is this candela. All three are
settled here.
"""

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import requests
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics.export import MetricExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.util.re import parse_env_headers

from candela_tui.network.origins import proxy_for
from candela_tui.sinks.telemetry.destination import Destination, Signal, leads_to
from candela_tui.sinks.telemetry.output import Fate, Result

if TYPE_CHECKING:
    import grpc

_CERTIFICATE: Final = "OTEL_EXPORTER_OTLP_CERTIFICATE"
_HEADERS: Final = "OTEL_EXPORTER_OTLP_HEADERS"
_TIMEOUT: Final = "OTEL_EXPORTER_OTLP_TIMEOUT"
_DEFAULT_TIMEOUT_S: Final = 10.0
_METHODS: Final = {
    Signal.TRACES: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    Signal.METRICS: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    Signal.LOGS: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
}
_TRANSIENT_CODES: Final = frozenset({"CANCELLED", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED", "UNAVAILABLE"})
_TRANSIENT: Final = frozenset({429, 502, 503, 504})
"""Source: https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes"""


class Collector:
    """A collector, by HTTP or gRPC. Its methods block, and are for one thread, except the exporter of metrics."""

    def __init__(self, destination: Destination, own_port: int) -> None:
        """``own_port`` is candela's: an HTTP proxy there is left out."""
        # What fails is told to the user, once. The exporters would write a line for each try.
        logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)
        self._destination = destination
        self._own_port = own_port
        self.name = destination.place
        self._spans, self._span_answer = self._span_exporter()
        self._logs, self._log_answer = self._log_exporter()
        self._forwarding: Answers | None = None
        self._channels: dict[Signal, grpc.Channel] = {}

    def send_spans(self, spans: Sequence[ReadableSpan]) -> Result:
        """Send spans."""
        sent = self._spans.export(spans) is SpanExportResult.SUCCESS
        return _result(sent, self._span_answer, _rejected_spans)

    def send_logs(self, records: Sequence[ReadableLogRecord]) -> Result:
        """Send log records."""
        sent = self._logs.export(records) is LogRecordExportResult.SUCCESS
        return _result(sent, self._log_answer, _rejected_logs)

    def forward(self, signal: Signal, body: bytes) -> Result:
        """Send a client's own request of OTLP, as protocol buffers."""
        if self._destination.grpc:
            return self._forward_by_grpc(signal, body)
        url = self._destination.url(signal)
        if self._forwarding is None:
            self._forwarding = self._session(url)
            self._forwarding.verify = os.environ.get(_CERTIFICATE) or True
        try:
            self._forwarding.post(url, body, headers=self._headers(), timeout=_timeout_s(), allow_redirects=False)
        except requests.RequestException:
            return Result(Fate.LATER, "can't be reached")
        return _result(True, self._forwarding, lambda _: (0, ""))

    def _forward_by_grpc(self, signal: Signal, body: bytes) -> Result:
        import grpc

        if signal not in self._channels:
            self._channels[signal] = _channel(self._destination.url(signal))
        call = self._channels[signal].unary_unary(_METHODS[signal])
        try:
            call(body, timeout=_timeout_s(), metadata=tuple(self._grpc_headers().items()))
        except grpc.RpcError as error:
            code = error.code()
            if code.name in _TRANSIENT_CODES:
                return Result(Fate.LATER, "can't be reached, or takes nothing now")
            return Result(Fate.LOST, f"answers with {code.name}")
        return Result(Fate.SENT)

    def _headers(self) -> dict[str, str]:
        return {"content-type": "application/x-protobuf", **_env_headers(), **self._destination.headers}

    def close(self) -> None:
        """Give up what is being sent, and end. May be called from any thread."""
        self._spans.shutdown()
        self._logs.shutdown()  # type: ignore[no-untyped-call]

    def metric_exporter(self) -> MetricExporter:
        """Return an exporter for metrics, which belongs to the caller."""
        if self._destination.grpc:
            from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as Grpc

            return Grpc(endpoint=self._destination.url(Signal.METRICS), headers=self._grpc_headers())
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as Http

        url = self._destination.url(Signal.METRICS)
        return Http(endpoint=url, headers=dict(self._destination.headers), session=self._session(url))

    def _span_exporter(self) -> "tuple[SpanExporter, Answers | None]":
        url = self._destination.url(Signal.TRACES)
        if self._destination.grpc:
            from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as Grpc

            return Grpc(endpoint=url, headers=self._grpc_headers()), None
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as Http

        session = self._session(url)
        return Http(endpoint=url, headers=dict(self._destination.headers), session=session), session

    def _log_exporter(self) -> "tuple[LogRecordExporter, Answers | None]":
        url = self._destination.url(Signal.LOGS)
        if self._destination.grpc:
            from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as Grpc

            return Grpc(endpoint=url, headers=self._grpc_headers()), None
        from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as Http

        session = self._session(url)
        return Http(endpoint=url, headers=dict(self._destination.headers), session=session), session

    def _grpc_headers(self) -> dict[str, str]:
        # gRPC takes names in lower case only. The exporters for it read the variable only without any.
        return {name.lower(): value for name, value in {**_env_headers(), **self._destination.headers}.items()}

    def _session(self, url: str) -> "Answers":
        proxy = proxy_for(url)
        if proxy is not None and leads_to(proxy, self._own_port):
            proxy = None
        return Answers(proxy)


def _env_headers() -> dict[str, str]:
    return dict(parse_env_headers(os.environ.get(_HEADERS, ""), liberal=True))


def _timeout_s() -> float:
    try:
        return float(os.environ.get(_TIMEOUT) or _DEFAULT_TIMEOUT_S)
    except ValueError:
        return _DEFAULT_TIMEOUT_S


def _channel(url: str) -> "grpc.Channel":
    import grpc

    parts = urlsplit(url)
    if parts.scheme != "https":
        return grpc.insecure_channel(parts.netloc)
    certificate = os.environ.get(_CERTIFICATE)
    roots = Path(certificate).read_bytes() if certificate else None
    return grpc.secure_channel(parts.netloc, grpc.ssl_channel_credentials(roots))


class Answers(requests.Session):
    """A session that keeps what the collector answered last, which the exporters do not tell."""

    def __init__(self, proxy: str | None) -> None:
        super().__init__()
        # What the environment says of proxies is settled, and a .netrc is for people.
        self.trust_env = False
        if proxy is not None:
            self.proxies = {"http": proxy, "https": proxy}
        self.status: int | None = None
        """None: there was no answer."""
        self.body = b""

    def request(self, *arguments: Any, **named: Any) -> requests.Response:
        """Send a request."""
        self.status, self.body = None, b""
        response = super().request(*arguments, **named)
        self.status, self.body = response.status_code, response.content
        return response


def _result(sent: bool, answer: Answers | None, rejected: Callable[[bytes], tuple[int, str]]) -> Result:
    if answer is None:
        # The exporter for gRPC does not tell why.
        return Result(Fate.SENT) if sent else Result(Fate.LATER, "can't be reached, or refuses what is sent")
    if answer.status is None:
        return Result(Fate.LATER, "can't be reached")
    if answer.status in _TRANSIENT:
        return Result(Fate.LATER, f"answers with {answer.status}")
    if not (sent and answer.status < 300):
        return Result(Fate.LOST, f"answers with {answer.status}")
    count, why = rejected(answer.body)
    return Result(Fate.SENT, f"rejects some of what it gets{why}" if count else "", count)


def _rejected_spans(body: bytes) -> tuple[int, str]:
    try:
        found = ExportTraceServiceResponse.FromString(body).partial_success
    except DecodeError:
        # Some collectors answer with JSON, or anything.
        return 0, ""
    return found.rejected_spans, f": {found.error_message}" if found.error_message else ""


def _rejected_logs(body: bytes) -> tuple[int, str]:
    try:
        found = ExportLogsServiceResponse.FromString(body).partial_success
    except DecodeError:
        return 0, ""
    return found.rejected_log_records, f": {found.error_message}" if found.error_message else ""
