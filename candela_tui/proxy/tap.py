"""What the relay notes of one exchange while it relays: a few appends a chunk, nothing that can fail or wait."""

import secrets
import time
from collections.abc import Sequence
from datetime import datetime

from candela_tui.exchange import Outcome, Recording, utc_now
from candela_tui.protocol.errors import ApiError


class Tap:
    """The raw facts of one exchange, written by the relay and read by the capture on the same loop."""

    __slots__ = (
        "_zero",
        "connected_ms",
        "end_ms",
        "error",
        "first_byte_ms",
        "headers",
        "id",
        "method",
        "outcome",
        "path",
        "recording",
        "response_headers",
        "route",
        "started_at",
        "status",
        "url",
    )

    def __init__(
        self, *, method: str, path: str, route: str, url: str, headers: Sequence[tuple[str, str]], body: bytes
    ) -> None:
        self.id = f"{time.time_ns() // 1000:014x}{secrets.token_hex(3)}"
        self.started_at: datetime = utc_now()
        self._zero = time.perf_counter()
        self.method = method
        self.path = path
        self.route = route
        self.url = url
        self.headers = headers
        self.recording = Recording(body)
        self.connected_ms: float | None = None
        self.first_byte_ms: float | None = None
        self.end_ms: float | None = None
        self.status: int | None = None
        self.response_headers: Sequence[tuple[str, str]] = ()
        self.outcome: Outcome | None = None
        """None while live, or where the answer itself tells: it ended as the provider ended it."""
        self.error: ApiError | None = None

    def _now(self) -> float:
        return (time.perf_counter() - self._zero) * 1000

    def connected(self) -> None:
        """A connection to the provider is at hand."""
        self.connected_ms = self._now()

    def answered(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        """The answer's status and headers came."""
        self.first_byte_ms = self._now()
        self.status = status
        self.response_headers = headers

    def chunk(self, data: bytes) -> None:
        """The next bytes of the answer's body crossed."""
        self.recording.add(data, self._now())

    def ended(self, outcome: Outcome | None = None, error: ApiError | None = None) -> None:
        """It is over. The first call holds."""
        if self.end_ms is None:
            self.outcome = outcome
            self.error = error
            self.end_ms = self._now()
