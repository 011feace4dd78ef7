"""The list of all sinks, and how the settings turn them on."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from candela_tui.exchange import Exchange
from candela_tui.sinks import json_lines
from candela_tui.sinks.context import SinkContext
from candela_tui.sinks.sink import Sink
from candela_tui.sinks.telemetry import sink as telemetry
from candela_tui.telemetry_state import TelemetryState


class ClosableSink(Sink, Protocol):
    """A sink with a queue that must be closed."""

    def completed(self, exchanges: Sequence[Exchange]) -> None:
        """Handle what was worked out of exchanges after they ended. Called from another thread."""

    def close(self, timeout_s: float) -> None:
        """Process the queued items, for up to ``timeout_s`` seconds. No method is called after this one."""

    def state(self) -> TelemetryState:
        """Return how sending or writing goes. Called from any thread."""


MakeSink = Callable[[SinkContext], ClosableSink | None]
"""Makes a sink from its section of the settings. Returns None if the section turns it off."""

SINKS: tuple[MakeSink, ...] = (json_lines.sink, telemetry.sink, telemetry.pubsub_sink)


def open_sinks(context: SinkContext) -> tuple[ClosableSink, ...]:
    """Open the sinks that are on. The caller closes them after the proxy has stopped."""
    return tuple(sink for make in SINKS if (sink := make(context)) is not None)


def telemetry_states(sinks: Iterable[ClosableSink]) -> tuple[TelemetryState, ...]:
    """Return how sending or writing goes, for each sink."""
    return tuple(sink.state() for sink in sinks)


def forward_to(sinks: Iterable[Sink]) -> Callable[[str, bytes], None] | None:
    """Return what passes on the telemetry of clients, or None if no sink sends telemetry."""
    found = next(
        (sink for sink in sinks if isinstance(sink, telemetry.Telemetry) and sink.name == telemetry.NAME), None
    )
    return found.forward if found is not None else None
