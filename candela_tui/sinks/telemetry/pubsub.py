"""Publishes spans to Google Cloud Pub/Sub, one a message. https://docs.cloud.google.com/pubsub/docs/publisher"""

import concurrent.futures
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.exceptions import GoogleAuthError
from google.cloud.pubsub_v1 import PublisherClient
from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from candela_tui.sinks.telemetry.output import Fate, Result

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.sdk.metrics.export import MetricExporter
    from opentelemetry.sdk.trace import ReadableSpan

    from candela_tui.sinks.telemetry.destination import Signal

_TIMEOUT_S: Final = 10.0
_TRANSIENT: Final = frozenset({429, 499, 500, 502, 503, 504})


class Publisher:
    """A topic. A message is a request of OTLP with one span, as JSON or in binary form."""

    def __init__(self, project: str, topic: str, form: str, *, labelled: str | None = None) -> None:
        """``project`` is the topic's. ``labelled`` is the one that the messages name, if it is another."""
        self._client = PublisherClient()
        self._label = labelled or project
        self._topic = self._client.topic_path(project, topic)
        self._form = form
        self._closed = False
        self.name = f"{project}/{topic}"

    def send_spans(self, spans: "Sequence[ReadableSpan]") -> Result:
        """Publish spans, and wait until the service has them."""
        if self._closed:
            return Result(Fate.LATER, "can't be reached")
        waiting = []
        try:
            for span in spans:
                message = encode_spans((span,))
                assert span.context is not None
                said = {"trace_id": f"{span.context.trace_id:032x}", "project_id": self._label, "format": self._form}
                data = message.SerializeToString() if self._form == "proto" else _json(message)
                waiting.append(self._client.publish(self._topic, data, retry=None, timeout=_TIMEOUT_S, **said))
            lost, later = 0, False
            for each in waiting:
                try:
                    each.result(2 * _TIMEOUT_S)
                except (GoogleAPICallError, RetryError, concurrent.futures.TimeoutError) as error:
                    later |= getattr(error, "code", None) in (None, *_TRANSIENT)
                    lost += 1
        except GoogleAuthError:
            return Result(Fate.LOST, "has no credentials: sign in with `gcloud auth application-default login`")
        if lost == len(waiting) and lost:
            return Result(Fate.LATER, "can't be reached") if later else Result(Fate.LOST, "refuses what is sent")
        return Result(Fate.SENT, "did not take all spans" if lost else "", lost)

    def send_logs(self, records: "Sequence[ReadableLogRecord]") -> Result:
        """Do nothing: only spans are published."""
        return Result(Fate.SENT)

    def forward(self, signal: "Signal", body: bytes) -> Result:
        """Do nothing: only candela's spans are published."""
        return Result(Fate.SENT)

    def metric_exporter(self) -> "MetricExporter | None":
        """Return None: metrics are not published."""
        return None

    def close(self) -> None:
        """End. May be called from any thread."""
        if not self._closed:
            self._closed = True
            self._client.stop()


def _json(message: Any) -> bytes:
    document = MessageToDict(message)
    for part in document.get("resourceSpans", ()):
        for scope in part.get("scopeSpans", ()):
            for span, original in zip(
                scope.get("spans", ()), message.resource_spans[0].scope_spans[0].spans, strict=True
            ):
                # OTLP's JSON has ids as hexadecimal digits.
                span["traceId"], span["spanId"] = original.trace_id.hex(), original.span_id.hex()
                if original.parent_span_id:
                    span["parentSpanId"] = original.parent_span_id.hex()
                for link, of_link in zip(span.get("links", ()), original.links, strict=True):
                    link["traceId"], link["spanId"] = of_link.trace_id.hex(), of_link.span_id.hex()
    return json.dumps(document, ensure_ascii=False).encode()
