"""[telemetry]: sends what happened to an OpenTelemetry collector."""

import logging
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from candela_tui.exchange import Exchange, Recording
from candela_tui.installation import install_command
from candela_tui.sinks.background import BackgroundQueue
from candela_tui.sinks.context import SinkContext
from candela_tui.sinks.sink import Growth
from candela_tui.sinks.telemetry.destination import ENDPOINT, Signal, destination
from candela_tui.sinks.telemetry.items import Completed, Ended, Forwarded, Item
from candela_tui.telemetry_state import TelemetryState

if TYPE_CHECKING:
    from candela_tui.sinks.telemetry.exporting import Exporting
    from candela_tui.sinks.telemetry.output import Output

NAME: Final = "telemetry"
PUBSUB: Final = "telemetry.pubsub"
_PACKAGE: Final = "opentelemetry-exporter-otlp-proto-http"
_MODULES: Final = (
    "opentelemetry.sdk",
    "opentelemetry.exporter.otlp.proto.http",
    "opentelemetry.exporter.otlp.proto.grpc",
)
_PUBSUB_MODULES: Final = ("google.cloud.pubsub_v1", "opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.common")
_PROJECT: Final = "GOOGLE_CLOUD_PROJECT"
_TICK_S: Final = 1.0
_GATHER_S: Final = 0.25
"""A request of its own for each span would cost the collector and candela more than all else here."""

logger = logging.getLogger(__name__)


def sink(context: SinkContext) -> "Telemetry | None":
    """Make the sink, or return None if it is off or can't work."""
    settings = context.settings.telemetry
    found = destination(settings, context.environ)
    if found is None:
        return None
    set_by = "[telemetry] otlp_endpoint" if settings.otlp_endpoint is not None else ENDPOINT
    if found.is_at(context.port):
        # A client that candela runs has its address there, and may start another candela.
        context.notify(f"No telemetry is sent: {set_by} is the address of this candela.")
        return None
    if not _installed(_MODULES):
        context.notify(
            f"No telemetry is sent, though {set_by} is set: it needs Python packages that are not installed. "
            f"`{install_command(_PACKAGE, 'otlp')}` installs them."
        )
        return None

    def collector() -> "Output":
        from candela_tui.sinks.telemetry.collector import Collector

        return Collector(found, context.port)

    return Telemetry(context, NAME, found.endpoint, collector)


def pubsub_sink(context: SinkContext) -> "Telemetry | None":
    """Make the sink for Pub/Sub, or return None if it is off or can't work."""
    settings = context.settings.telemetry.pubsub
    if settings.topic is None:
        return None
    topic, form = settings.topic, settings.format
    project = settings.project or context.environ.get(_PROJECT)
    if project is None:
        context.notify(f"No spans are published: set [{PUBSUB}] project, or {_PROJECT}.")
        return None
    if not _installed(_PUBSUB_MODULES):
        context.notify(
            f"No spans are published, though [{PUBSUB}] topic is set: it needs Python packages that are not installed. "
            f"`{install_command('google-cloud-pubsub', 'pubsub')}` installs them."
        )
        return None

    def publisher() -> "Output":
        from candela_tui.sinks.telemetry.pubsub import Publisher

        return Publisher(project, topic, form, labelled=context.settings.telemetry.project)

    return Telemetry(context, PUBSUB, f"{project}/{topic}", publisher)


def _installed(modules: Sequence[str]) -> bool:
    try:
        return all(find_spec(name) is not None for name in modules)
    except ModuleNotFoundError:
        return False


class Telemetry:
    """Queues what ended. Everything else happens in a thread of its own, where the SDK is loaded, too."""

    def __init__(self, context: SinkContext, name: str, endpoint: str, open_output: "Callable[[], Output]") -> None:
        """``name`` is the section of config.toml. ``open_output`` is called in the thread."""
        self._context = context
        self.name = name
        self._open_output = open_output
        self._endpoint = endpoint
        self._full = context.settings.telemetry.content == "full"
        self._live: dict[str, Recording] = {}
        self._exporting: Exporting | None = None
        self._abandoned = False
        self._queue: BackgroundQueue[Item] = BackgroundQueue(
            name, self._consume, context.notify, tick_s=_TICK_S, gather_s=_GATHER_S, finish=self._finish
        )

    def began(self, exchange: Exchange, recording: Recording) -> None:
        """Keep the bodies until the exchange ends."""
        self._live[exchange.id] = recording

    def grew(self, exchange: Exchange, growth: Growth | None) -> None:
        """Do nothing; the span is sent at the end."""

    def ended(self, exchange: Exchange, growth: Growth) -> None:
        """Queue the exchange."""
        recording = self._live.pop(exchange.id, None)
        request, chunks = None, None
        if recording is not None:
            if self._full:
                request = recording.request
            # The first chunks of a large answer are only in the store.
            if (self._full or exchange.tools_called) and not recording.stored:
                chunks = tuple(recording.chunks)
        self._queue.put(Ended(exchange, request, chunks), len(request or b"") + sum(map(len, chunks or ())))

    def completed(self, exchanges: Sequence[Exchange]) -> None:
        """Queue what was worked out of exchanges after their end. May be called from any thread."""
        for exchange in exchanges:
            self._queue.put(Completed(exchange))

    def forward(self, signal: str, body: bytes) -> None:
        """Queue a client's own telemetry, as protocol buffers. May be called from any thread."""
        self._queue.put(Forwarded(Signal(signal), body), len(body))

    def close(self, timeout_s: float) -> None:
        """Send what waits, for up to ``timeout_s`` seconds."""
        patience_s = timeout_s / 2
        unreachable = self._exporting is not None and self._exporting.unreachable
        if self._queue.close(0 if unreachable else patience_s):
            return
        # The collector takes nothing. What is being sent is given up, so that the process can end.
        self._abandoned = True
        if self._exporting is not None:
            self._exporting.abort()
        if not self._queue.close(patience_s):
            logger.warning("[%s] did not finish within %g s", self.name, timeout_s)

    def state(self) -> TelemetryState:
        """Return how sending goes. May be called from any thread."""
        sent = self._exporting
        return TelemetryState(
            self.name,
            self._endpoint,
            trouble=sent.trouble if sent is not None else None,
            waiting=self._queue.waiting + (sent.waiting if sent is not None else 0),
            dropped=self._queue.dropped + (sent.lost if sent is not None else 0),
        )

    def _consume(self, items: Sequence[Item]) -> None:
        if self._exporting is None:
            if not items:
                return
            # Loading the SDK takes half a second, which nobody waits for here.
            from candela_tui.sinks.telemetry.exporting import Exporting

            self._exporting = Exporting(self._context, self._open_output(), self.name, self._queue.closing)
            if self._abandoned:
                self._exporting.abort()
        self._exporting.consume(items)

    def _finish(self) -> None:
        if self._exporting is not None:
            self._exporting.finish()
