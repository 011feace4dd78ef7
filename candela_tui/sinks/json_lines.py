"""[sinks.json_lines]: appends a line of JSON to a file for each request that ended."""

import logging
import os
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from pathlib import Path

from candela_tui.exchange import Exchange, Recording
from candela_tui.ledger.contexts import contexts
from candela_tui.reports.json_text import json_line
from candela_tui.reports.records import request_record
from candela_tui.sinks.background import BackgroundQueue, SinkError
from candela_tui.sinks.context import SinkContext
from candela_tui.sinks.sink import Growth
from candela_tui.telemetry_state import TelemetryState

_NAME = "sinks.json_lines"
logger = logging.getLogger(__name__)

_OWNER_ONLY = 0o600
_MOST_SESSIONS = 200
_MOST_OF_SESSION = 20
"""The tries of a call follow one another, so the last few requests of a session show which belong together."""


def sink(context: SinkContext) -> "JsonLines | None":
    """Make the sink, or return None if it is off."""
    path = context.settings.sinks.json_lines.path
    return JsonLines(path, context.notify) if path is not None else None


class JsonLines:
    """Appends the fields of ``candela requests --json`` to a file."""

    def __init__(self, path: Path, notify: Callable[[str], None]) -> None:
        self._path = path
        self._sessions: OrderedDict[str | None, deque[Exchange]] = OrderedDict()
        self._queue = BackgroundQueue(_NAME, self._write, notify)
        self._trouble: str | None = None
        self._lost = 0

    def began(self, exchange: Exchange, recording: Recording) -> None:
        """Do nothing; the line is written at the end."""

    def grew(self, exchange: Exchange, growth: Growth | None) -> None:
        """Do nothing; the line is written at the end."""

    def ended(self, exchange: Exchange, growth: Growth) -> None:
        """Queue the exchange's line."""
        self._queue.put(exchange)

    def completed(self, exchanges: Sequence[Exchange]) -> None:
        """Do nothing: a line has what was known at the end."""

    def state(self) -> TelemetryState:
        """Return how writing goes. May be called from any thread."""
        return TelemetryState(
            _NAME, str(self._path), self._trouble, self._queue.waiting, self._queue.dropped + self._lost, "requests"
        )

    def close(self, timeout_s: float) -> None:
        """Write the queued lines, for up to ``timeout_s`` seconds."""
        if not self._queue.close(timeout_s):
            logger.warning("[%s] did not finish within %g s", _NAME, timeout_s)

    def _write(self, exchanges: Sequence[Exchange]) -> None:
        lines = b"".join(map(self._line, exchanges))
        try:
            with open(self._path, "ab", opener=_open_for_owner) as file:
                file.write(lines)
        except OSError as error:
            self._trouble = f"[{_NAME}] {self._path} can't be written: {error.strerror}"
            self._lost += len(exchanges)
            raise SinkError(
                f"{self._trouble}. Requests are missing from it until it can; change its path in config.toml and"
                " restart candela."
            ) from None
        self._trouble = None

    def _line(self, exchange: Exchange) -> bytes:
        recent = self._sessions.setdefault(exchange.session_id, deque(maxlen=_MOST_OF_SESSION))
        self._sessions.move_to_end(exchange.session_id)
        if len(self._sessions) > _MOST_SESSIONS:
            self._sessions.popitem(last=False)
        recent.append(exchange)
        in_order = sorted(recent, key=lambda each: each.id)
        return json_line(request_record(exchange, contexts(in_order)[exchange.id])) + b"\n"


def _open_for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, _OWNER_ONLY)
