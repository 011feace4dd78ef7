"""How sending telemetry goes, and what to tell the user of it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TelemetryState:
    """How sending telemetry to one place goes."""

    name: str
    """The section of config.toml: ``telemetry`` or ``telemetry.pubsub``."""
    endpoint: str
    """Where it is sent."""
    trouble: str | None = None
    """Why nothing can be sent at the moment, for the user."""
    waiting: int = 0
    """Requests and spans that wait to be sent."""
    dropped: int = 0
    """Those that will not be sent: they did not fit into the queue, or were refused."""


def telemetry_words(states: Iterable[TelemetryState]) -> list[str]:
    """Return the problems as sentences for the user; empty: there are none."""
    said: list[str] = []
    for state in states:
        if state.trouble is not None:
            said.append(f"{state.trouble}. {state.waiting:,} spans wait.")
        if state.dropped:
            said.append(f"[{state.name}] {state.dropped:,} spans were left out since candela started.")
    return said
