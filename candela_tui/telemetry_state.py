"""How sending telemetry and writing further records goes, and what to tell the user about it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TelemetryState:
    """How sending telemetry to one place goes, or writing requests to a file."""

    name: str
    """The section of config.toml, such as ``telemetry``."""
    endpoint: str
    """Where it is sent, or the file."""
    trouble: str | None = None
    """Why nothing can be sent at the moment, for the user."""
    waiting: int = 0
    """Requests and spans that wait to be sent."""
    dropped: int = 0
    """Those that will not be sent: they did not fit into the queue, or were refused."""
    unit: str = "spans"
    """What they are: spans or requests."""


def telemetry_words(states: Iterable[TelemetryState]) -> list[str]:
    """Return the problems as sentences for the user; empty: there are none."""
    said: list[str] = []
    for state in states:
        if state.trouble is not None:
            said.append(f"{state.trouble}. {state.waiting:,} {state.unit} wait.")
        if state.dropped:
            said.append(f"[{state.name}] {state.dropped:,} {state.unit} were left out since candela started.")
    return said
