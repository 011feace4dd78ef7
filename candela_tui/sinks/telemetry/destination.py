"""Where telemetry goes: the settings of [telemetry], and the standard variables where they say nothing.

Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from candela_tui.config import TelemetrySettings

GRPC: Final = "grpc"
ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PROTOCOL: Final = "OTEL_EXPORTER_OTLP_PROTOCOL"
_DISABLED: Final = "OTEL_SDK_DISABLED"
_SAMPLER: Final = "OTEL_TRACES_SAMPLER"
_SAMPLER_ARGUMENT: Final = "OTEL_TRACES_SAMPLER_ARG"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class Signal(StrEnum):
    """A kind of telemetry, as its path is named."""

    TRACES = "traces"
    METRICS = "metrics"
    LOGS = "logs"


@dataclass(frozen=True, slots=True)
class Destination:
    """A collector."""

    endpoint: str
    """The base URL."""
    grpc: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    """Empty: the exporters read the standard variables."""
    own: Mapping[Signal, str] = field(default_factory=dict)
    """The signals that the standard variables send to a URL of their own."""

    def url(self, signal: Signal) -> str:
        """Return where a signal is sent."""
        if signal in self.own:
            return self.own[signal]
        return self.endpoint if self.grpc else f"{self.endpoint.rstrip('/')}/v1/{signal}"

    @property
    def place(self) -> str:
        """The host and port that traces go to."""
        return urlsplit(self.url(Signal.TRACES)).netloc.rpartition("@")[2]

    def is_at(self, port: int) -> bool:
        """Return whether it is this candela, which listens on a port of this machine."""
        return any(leads_to(self.url(signal), port) for signal in Signal)


def destination(settings: TelemetrySettings, environ: Mapping[str, str]) -> Destination | None:
    """Return the collector, or None if there is none."""
    if environ.get(_DISABLED, "").strip().lower() == "true":
        return None
    grpc = (settings.protocol or environ.get(_PROTOCOL, "").strip().lower()) == GRPC
    if settings.otlp_endpoint is not None:
        return Destination(settings.otlp_endpoint, grpc, settings.headers)
    own = {
        signal: value for signal in Signal if (value := environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"))
    }
    endpoint = environ.get(ENDPOINT, "").strip()
    if not endpoint and not own:
        return None
    return Destination(endpoint or ("http://localhost:4317" if grpc else "http://localhost:4318"), grpc, {}, own)


def share_of_traces(settings: TelemetrySettings, environ: Mapping[str, str]) -> float:
    """Return the share of traces to send: that of the settings, or where it is 1, of the standard variables."""
    if settings.sample != 1:
        return settings.sample
    match environ.get(_SAMPLER, "").strip().lower().removeprefix("parentbased_"):
        case "always_off":
            return 0.0
        case "traceidratio":
            try:
                return min(1.0, max(0.0, float(environ.get(_SAMPLER_ARGUMENT, "1"))))
            except ValueError:
                return 1.0
    return 1.0


def leads_to(url: str, port: int) -> bool:
    """Return whether a URL is that of a port of this machine."""
    try:
        parts = urlsplit(url)
        found = parts.port
    except ValueError:
        return False
    return parts.hostname in _LOOPBACK and found == port
