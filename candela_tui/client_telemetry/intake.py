"""Takes telemetry from clients: it is queued at once, and read, joined and passed on in a thread of its own."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from candela_tui.client_telemetry.payload import BadPayload, NoProtobuf, as_protobuf, decompressed, read
from candela_tui.client_telemetry.reports import ReportReader
from candela_tui.exchange import ClientReport
from candela_tui.sinks.background import BackgroundQueue

SIGNALS: Final = ("traces", "metrics", "logs")
NAME: Final = "telemetry.client"

logger = logging.getLogger(__name__)

Forward = Callable[[str, bytes], None]
"""Passes a request of OTLP on: its signal, and its body as protocol buffers."""


@dataclass(frozen=True, slots=True)
class Payload:
    """One request of a client."""

    signal: str
    content_type: str
    encoding: str
    body: bytes


class ClientTelemetry:
    """Takes payloads from any thread until it is closed."""

    def __init__(
        self,
        store: Callable[[Sequence[ClientReport]], None],
        forward: Forward | None,
        notify: Callable[[str], None],
    ) -> None:
        """``store`` keeps what the client says of requests. ``forward`` is None if the user has no collector."""
        self._store = store
        self._forward = forward
        self._notify = notify
        self._reader = ReportReader()
        self._queue: BackgroundQueue[Payload] | None = None

    def take(self, payload: Payload) -> bool:
        """Queue a payload, and return whether there was room for it."""
        if self._queue is None:
            # Most users have no client that sends any.
            self._queue = BackgroundQueue(NAME, self._consume, self._notify)
        return self._queue.put(payload, len(payload.body))

    def close(self, timeout_s: float) -> None:
        """Read what waits, for up to ``timeout_s`` seconds."""
        if self._queue is not None and not self._queue.close(timeout_s):
            logger.warning("[%s] did not finish within %g s", NAME, timeout_s)

    def _consume(self, payloads: Sequence[Payload]) -> None:
        reports: list[ClientReport] = []
        for payload in payloads:
            try:
                body = decompressed(payload.body, payload.encoding)
                document = read(payload.signal, payload.content_type, body)
                reports += self._reader.read(payload.signal, document)
                if self._forward is not None:
                    self._forward(payload.signal, as_protobuf(payload.signal, document))
            except (BadPayload, NoProtobuf) as error:
                logger.warning("[%s] a request for %s was left out: %s", NAME, payload.signal, error)
        if reports:
            self._store(reports)
