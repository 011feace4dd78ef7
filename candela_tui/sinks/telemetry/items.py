"""What the sink's thread gets."""

from dataclasses import dataclass

from candela_tui.exchange import Exchange
from candela_tui.sinks.telemetry.destination import Signal


@dataclass(frozen=True, slots=True)
class Ended:
    """An exchange that ended, with its bodies as far as they are needed."""

    exchange: Exchange
    request: bytes | None = None
    chunks: tuple[bytes, ...] | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """An exchange with what was worked out of it after its end."""

    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A client's own request of OTLP, as protocol buffers."""

    signal: Signal
    body: bytes


Item = Ended | Completed | Forwarded
