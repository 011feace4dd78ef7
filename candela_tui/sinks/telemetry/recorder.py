"""Makes spans, log records and measurements of exchanges with OpenTelemetry's SDK."""

from collections.abc import Mapping, Sequence
from typing import Final

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from candela_tui import __version__
from candela_tui.exchange import Exchange
from candela_tui.sinks.telemetry.attributes import ERROR_TYPE, TOKEN_TYPE, Value, error_type, of_metrics

SCOPE: Final = "candela"
_NANOSECONDS: Final = 1_000_000_000
_TOKENS: Final = tuple(4.0**power for power in range(14))
_SECONDS: Final = tuple(0.01 * 2**power for power in range(17))
"""The boundaries that the conventions recommend, and beyond their 82 s up to 11 minutes."""


class _Ids(IdGenerator):
    """Gives the ids that were decided for the next span."""

    trace_id = 0
    span_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


class _Ended(SpanProcessor):
    """Keeps the spans that ended."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


class Recorder:
    """Makes what is sent. Not for several threads."""

    def __init__(self, service_name: str | None, project: str | None, reader: MetricReader | None) -> None:
        given = {"service.name": service_name, "service.namespace": project}
        named = {name: value for name, value in given.items() if value}
        # What is given wins over the standard variables, and those over the default.
        found = Resource.create({"service.version": __version__, **named})
        if str(found.attributes.get("service.name", "")).startswith("unknown_service"):
            found = found.merge(Resource({"service.name": "candela"}))
        self.resource: Final = found
        self._ids = _Ids()
        self._ended = _Ended()
        provider = TracerProvider(sampler=ALWAYS_ON, resource=found, id_generator=self._ids, shutdown_on_exit=False)
        provider.add_span_processor(self._ended)
        self._tracer = provider.get_tracer(SCOPE, __version__)
        self._meters = MeterProvider(
            metric_readers=() if reader is None else (reader,), resource=found, shutdown_on_exit=False, views=_VIEWS
        )
        meter = self._meters.get_meter(SCOPE, __version__)
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage", "{token}", "Number of input and output tokens used"
        )
        self._duration = meter.create_histogram("gen_ai.client.operation.duration", "s", "GenAI operation duration")
        self._cost = meter.create_counter("candela.cost", "USD", "Cost of the requests")

    def span(
        self,
        name: str,
        ids: tuple[int, int],
        parent: int | None,
        times: tuple[float, float],
        attributes: Mapping[str, Value],
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        error: str | None = None,
        remote_parent: bool = False,
        link: tuple[int, int] | None = None,
    ) -> None:
        """Make a span with the ids of its trace and its own, the id of its parent, and times in Unix seconds.

        ``error`` is its description if it failed. ``link`` has the ids of a span of another trace.
        """
        self._ids.trace_id, self._ids.span_id = ids
        context = (
            set_span_in_context(NonRecordingSpan(_context(ids[0], parent, remote=remote_parent))) if parent else None
        )
        start, end = (round(time * _NANOSECONDS) for time in times)
        span = self._tracer.start_span(
            name,
            context=context or set_span_in_context(NonRecordingSpan(_context(0, 0))),
            kind=kind,
            attributes=attributes,
            links=(Link(_context(*link)),) if link is not None else (),
            start_time=start,
        )
        if error is not None:
            span.set_status(Status(StatusCode.ERROR, error))
        span.end(max(start, end))

    def take_spans(self) -> Sequence[ReadableSpan]:
        """Return the spans made since the last call."""
        spans, self._ended.spans = self._ended.spans, []
        return spans

    def error_record(
        self, exchange: Exchange, ids: tuple[int, int], at: float, attributes: Mapping[str, Value]
    ) -> ReadableLogRecord:
        """Return a log record about an exchange that failed at a time (Unix seconds), in the span with these ids."""
        what = error_type(exchange) or "error"
        words = exchange.error.message if exchange.error is not None else ""
        record = LogRecord(
            timestamp=round(at * _NANOSECONDS),
            observed_timestamp=round(at * _NANOSECONDS),
            context=set_span_in_context(NonRecordingSpan(_context(*ids))),
            severity_text="ERROR",
            severity_number=SeverityNumber.ERROR,
            body=f"{what}: {words}" if words else what,
            attributes=dict(attributes),
            event_name="candela.request.failed",
        )
        return ReadableLogRecord(record, self.resource, InstrumentationScope(SCOPE, __version__))

    def measure(self, exchange: Exchange) -> None:
        """Add an exchange that ended to the metrics."""
        common = of_metrics(exchange)
        failed = error_type(exchange)
        if exchange.duration_ms is not None:
            self._duration.record(exchange.duration_ms / 1000, {**common, **({ERROR_TYPE: failed} if failed else {})})
        usage = exchange.usage
        if usage is not None:
            for kind, tokens in (("input", usage.prompt_tokens), ("output", usage.output_tokens)):
                if tokens is not None:
                    self._tokens.record(tokens, {**common, TOKEN_TYPE: kind})
        if exchange.cost is not None:
            self._cost.add(float(exchange.cost.total), common)

    def close(self, timeout_s: float) -> None:
        """Send the metrics a last time, for up to so long."""
        self._meters.shutdown(timeout_millis=timeout_s * 1000)


_VIEWS: Final = (
    View(instrument_name="gen_ai.client.token.usage", aggregation=ExplicitBucketHistogramAggregation(_TOKENS)),
    View(instrument_name="gen_ai.client.operation.duration", aggregation=ExplicitBucketHistogramAggregation(_SECONDS)),
)


def _context(trace_id: int, span_id: int | None, *, remote: bool = False) -> SpanContext:
    return SpanContext(trace_id, span_id or 0, remote, TraceFlags(TraceFlags.SAMPLED))
