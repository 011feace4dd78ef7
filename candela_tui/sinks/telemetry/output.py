"""The interface of a place that spans are sent to, and what became of a batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.sdk.metrics.export import MetricExporter
    from opentelemetry.sdk.trace import ReadableSpan

    from candela_tui.sinks.telemetry.destination import Signal


class Fate(Enum):
    """What became of a batch."""

    SENT = "sent"
    LATER = "later"
    """It can't be taken now."""
    LOST = "lost"
    """It is refused."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a batch, and why."""

    fate: Fate
    why: str = ""
    """For the user, after the name of the place: ``answers with 401``."""
    rejected: int = 0
    """How many of a batch that was sent were not taken."""


class Output(Protocol):
    """A place that telemetry is sent to. Its methods block, and are for one thread."""

    name: str
    """For the user."""

    def send_spans(self, spans: "Sequence[ReadableSpan]") -> Result:
        """Send spans."""

    def send_logs(self, records: "Sequence[ReadableLogRecord]") -> Result:
        """Send log records."""

    def forward(self, signal: "Signal", body: bytes) -> Result:
        """Send a client's own request of OTLP, as protocol buffers."""

    def metric_exporter(self) -> "MetricExporter | None":
        """Return an exporter for metrics, which belongs to the caller. None: metrics are not sent."""

    def close(self) -> None:
        """Give up what is being sent, and end. May be called from any thread."""
