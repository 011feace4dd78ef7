"""The list of all sinks, and how the settings turn them on."""

from collections.abc import Callable
from typing import Protocol

from candela_tui.config import SinkSettings
from candela_tui.sinks import json_lines
from candela_tui.sinks.sink import Sink


class ClosableSink(Sink, Protocol):
    """A sink with a queue that must be closed."""

    def close(self, timeout_s: float) -> None:
        """Process the queued items, for up to ``timeout_s`` seconds. No method is called after this one."""


MakeSink = Callable[[SinkSettings, Callable[[str], None]], ClosableSink | None]
"""Makes a sink from its section of the settings and a function for notices. Returns None if the section is empty."""

SINKS: tuple[MakeSink, ...] = (json_lines.sink,)


def open_sinks(settings: SinkSettings, notify: Callable[[str], None]) -> tuple[ClosableSink, ...]:
    """Open the sinks that are on. The caller closes them after the proxy has stopped."""
    return tuple(sink for make in SINKS if (sink := make(settings, notify)) is not None)
