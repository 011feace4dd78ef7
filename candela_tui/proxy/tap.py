"""What the relay notes of one exchange while it relays: a few appends a chunk, nothing that can fail or wait."""

import secrets
import time
from collections.abc import Sequence
from datetime import datetime

from candela_tui.exchange import Outcome, Recording, utc_now
from candela_tui.protocol.errors import ApiError
from candela_tui.proxy.outgoing import Attempt, Pairs


class Tap:
    """The raw facts of one exchange, written by the relay and read by the capture on the same loop."""

    __slots__ = (
        "_zero",
        "attempt",
        "connected_ms",
        "dialect",
        "end_ms",
        "error",
        "first_byte_ms",
        "headers",
        "id",
        "method",
        "outcome",
        "path",
        "provider",
        "provider_headers",
        "provider_metrics",
        "provider_status",
        "recording",
        "response_headers",
        "route",
        "started_at",
        "status",
    )

    def __init__(
        self,
        *,
        method: str,
        path: str,
        route: str,
        dialect: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        provider: str = "anthropic",
    ) -> None:
        self.id = f"{time.time_ns() // 1000:014x}{secrets.token_hex(3)}"
        self.started_at: datetime = utc_now()
        self._zero = time.perf_counter()
        self.method = method
        self.path = path
        self.route = route
        self.dialect = dialect
        self.provider = provider
        """Whoever the route leads to; an attempt says it again."""
        self.headers = headers
        self.recording = Recording(body)
        self.connected_ms: float | None = None
        self.first_byte_ms: float | None = None
        self.end_ms: float | None = None
        self.status: int | None = None
        self.response_headers: Sequence[tuple[str, str]] = ()
        self.attempt: Attempt | None = None
        """The newest; None: nothing was sent to a provider yet."""
        self.provider_status: int | None = None
        self.provider_headers: Sequence[tuple[str, str]] = ()
        """Of the provider's newest answer that did not pass to the client as it came."""
        self.provider_metrics: tuple[tuple[str, str], ...] = ()
        self.outcome: Outcome | None = None
        """None while live, or where the answer itself tells: it ended as the provider ended it."""
        self.error: ApiError | None = None

    def _now(self) -> float:
        return (time.perf_counter() - self._zero) * 1000

    def connected(self) -> None:
        """A connection to the provider is at hand."""
        self.connected_ms = self._now()

    @property
    def url(self) -> str:
        """Where it went, without the query; "" before it went anywhere."""
        return self.attempt.request.url.partition("?")[0] if self.attempt else ""

    def attempted(self, attempt: Attempt) -> None:
        """This goes to the provider now. What the attempt before it brought is no longer of interest."""
        self.attempt = attempt
        self.provider_status, self.provider_headers = None, ()
        mapped = attempt.request.body is not self.recording.request
        translated = attempt.translate is not None or attempt.on_error is not None
        self.recording.provider = Recording(attempt.request.body) if mapped or translated else None

    def provider_answered(self, status: int, headers: Pairs) -> None:
        """The provider's status and header fields came, and the client gets others."""
        self.provider_status, self.provider_headers = status, headers

    def received(self, data: bytes) -> None:
        """The next bytes of the provider's body came, and the client gets others."""
        if self.recording.provider is not None:
            self.recording.provider.add(data, self._now())

    def passes_untouched(self) -> None:
        """The answer's body crosses as it comes."""
        own, provider = self.recording, self.recording.provider
        if provider is None:
            return
        if provider.request is own.request:
            own.provider = None
        else:
            provider.chunks, provider.times = own.chunks, own.times

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
