"""The relay's notes of one exchange: a few appends per chunk, nothing that can fail or block."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from candela_tui.exchange import Outcome, Overhead, ProviderAttempt, Recording
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.upstream import Attempt, ClientRequest, Failure, Repeat
from candela_tui.redaction import redact_text
from candela_tui.spill_file import Spilled
from candela_tui.text.times import utc_now

_MOST_ALIKE = 2**20
"""Bytes of an answer after which both sides are stored: until it is known that they are alike, the provider's waits in
memory."""


class Added:
    """What candela adds to one exchange, as it is noted."""

    __slots__ = ("chunks", "chunks_s", "head_ms", "longest_s", "request_ms")

    def __init__(self) -> None:
        self.request_ms: float | None = None
        self.head_ms: float | None = None
        self.chunks = 0
        self.chunks_s = 0.0
        self.longest_s = 0.0


@dataclass(frozen=True, slots=True)
class SpilledRequests:
    """The bodies of an exchange's requests, while they wait in a file: the client's, then the provider's."""

    where: Spilled
    own_size: int
    """Bytes of the client's."""
    apart: bool
    """Whether the provider's is another body than the client's."""


class RawExchange:
    """The raw facts of one exchange, written by the relay and read by capture on the same loop."""

    __slots__ = (
        "_added",
        "_ahead",
        "_attempted_ms",
        "_attempts",
        "_compared",
        "_zero",
        "alike",
        "attempt",
        "changes",
        "connected_ms",
        "edited",
        "end_ms",
        "error",
        "failed_attempts",
        "first_byte_ms",
        "held_at_ms",
        "id",
        "outcome",
        "provider_headers",
        "provider_metrics",
        "provider_status",
        "recording",
        "released_at_ms",
        "repeats",
        "replays",
        "request",
        "response_headers",
        "spilled",
        "started_at",
        "status",
        "taken",
    )

    def __init__(self, request: ClientRequest) -> None:
        self.id = request.id
        self.started_at: datetime = utc_now()
        self._zero = time.perf_counter()
        self.request = request
        self.recording = Recording(request.body)
        self.held_at_ms: float | None = None
        self.released_at_ms: float | None = None
        self.edited: ClientRequest | None = None
        """The request that took the client's place, if the user edited it while it was held."""
        self.changes: tuple[Adaptation, ...] = ()
        """What the user changed in it."""
        self.replays: str | None = None
        """The id of the exchange whose request candela sends again."""
        self.repeats: Repeat | None = None
        """The earlier answer that the client got again, if it got one."""
        self._added = Added()
        self._attempts = 0
        self._attempted_ms: float | None = None
        self.failed_attempts: tuple[ProviderAttempt, ...] = ()
        """Attempts that failed before another provider was asked, or none was left to ask."""
        self.connected_ms: float | None = None
        self.first_byte_ms: float | None = None
        self.end_ms: float | None = None
        self.status: int | None = None
        self.response_headers: Sequence[tuple[str, str]] = ()
        self.attempt: Attempt | None = None
        """The newest attempt; None if nothing was sent to a provider yet."""
        self.provider_status: int | None = None
        self.provider_headers: Sequence[tuple[str, str]] = ()
        """The header fields of the provider's newest answer that did not pass to the client unchanged."""
        self.provider_metrics: tuple[tuple[str, str], ...] = ()
        self.alike = False
        """Whether a translation has changed nothing so far: the provider got the client's request, and the client gets
        the provider's bytes, some of them later."""
        self._ahead = b""
        """Bytes of the provider that the client does not have yet, if both sides are alike."""
        self._compared = 0
        self.outcome: Outcome | None = None
        """None while it is live, or if the provider ended the answer: then the answer itself shows the outcome."""
        self.error: ApiError | None = None
        self.taken = False
        """Whether capture has begun to read it."""
        self.spilled: SpilledRequests | None = None

    def _now(self) -> float:
        return (time.perf_counter() - self._zero) * 1000

    def held(self) -> None:
        """Note that the request waits for the user."""
        self.held_at_ms = self._now()

    def released(self) -> None:
        """Note that the request no longer waits."""
        self.released_at_ms = self._now()

    def changed(self, edited: ClientRequest, changes: tuple[Adaptation, ...]) -> None:
        """Note the request that goes on instead of the client's."""
        self.edited, self.changes = edited, changes

    def connected(self) -> None:
        """Note that a connection to the provider is open."""
        self.connected_ms = self._now()

    @property
    def url(self) -> str:
        """The URL that the request went to, without the query; "" before it was sent."""
        return self.attempt.request.url.partition("?")[0] if self.attempt else ""

    def attempted(self, attempt: Attempt) -> None:
        """Note an attempt that is about to be sent. It replaces the previous one and its answer."""
        self._attempts += 1
        self._attempted_ms = self._now()
        self._went_to(attempt)

    def failed(self, failure: Failure) -> None:
        """Note that an attempt failed that another provider may take over from."""
        self.failed_attempts += (self._ended_attempt(failure.attempt, failure.status, failure.error),)

    def returned_to(self, attempt: Attempt) -> None:
        """Note that the client gets the failure of an earlier attempt."""
        if attempt is not self.attempt:
            self._went_to(attempt)

    @property
    def attempts(self) -> tuple[ProviderAttempt, ...]:
        """The attempts at each provider, if there were several: the one that answered is the last."""
        failed, newest = self.failed_attempts, self._attempted_ms
        if not failed or newest is None or self.attempt is None:
            return ()
        if newest <= failed[-1].started_ms:
            return failed if len(failed) > 1 else ()
        return (*failed, self._ended_attempt(self.attempt, self.status, None, self.first_byte_ms))

    def _ended_attempt(
        self, attempt: Attempt, status: int | None, error: ApiError | None, ended_ms: float | None = None
    ) -> ProviderAttempt:
        return ProviderAttempt(
            attempt.provider,
            attempt.region,
            attempt.model,
            status,
            error.type if error is not None else None,
            redact_text(error.message) if error is not None else None,
            self._attempted_ms or 0.0,
            ended_ms if error is None else self._now(),
        )

    def _went_to(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.provider_status, self.provider_headers = None, ()
        mapped = attempt.request.body is not self.recording.request
        translated = attempt.translate is not None or attempt.on_error is not None
        self.recording.provider = Recording(attempt.request.body) if mapped or translated else None

    def sent(self) -> None:
        """Note that the connection to the provider has the request."""
        if self._attempted_ms is not None and self.connected_ms is not None:
            held = (self.released_at_ms or 0.0) - (self.held_at_ms or 0.0)
            self._added.request_ms = self._attempted_ms - held + self._now() - self.connected_ms

    def provider_answered(self, status: int, headers: HeaderList) -> None:
        """Note the head of a provider's answer that does not pass to the client unchanged."""
        self.provider_status, self.provider_headers = status, headers

    def received(self, data: bytes) -> None:
        """Note the next bytes of a provider's body that do not pass to the client unchanged."""
        if self.recording.provider is not None:
            self.recording.provider.add(data, self._now())

    def may_be_alike(self) -> None:
        """Note that the answer is translated from here on, maybe to the same bytes."""
        provider = self.recording.provider
        self.alike = provider is not None and provider.request is self.recording.request

    def translated(self, data: bytes, translation: bytes) -> None:
        """Note what became of the provider's next bytes."""
        if not self.alike:
            return
        ahead = self._ahead + data
        self._compared += len(data)
        self.alike = self._compared <= _MOST_ALIKE and ahead.startswith(translation)
        self._ahead = ahead[len(translation) :] if self.alike else b""

    def passes_untouched(self) -> None:
        """Note that the answer's body passes unchanged."""
        own, provider = self.recording, self.recording.provider
        if provider is None:
            return
        if provider.request is own.request:
            own.provider = None
        else:
            provider.chunks, provider.times, provider.spilled = own.chunks, own.times, own.spilled

    def answered(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        """Note the status and header fields of the answer to the client."""
        self.first_byte_ms = self._now()
        self.status = status
        self.response_headers = headers

    def head_written(self, arrived_at: float) -> None:
        """Note that the client's connection has the head of the answer, which arrived at a ``perf_counter`` time."""
        self._added.head_ms = (time.perf_counter() - arrived_at) * 1000

    def chunk(self, data: bytes, arrived_at: float | None = None) -> None:
        """Note the next bytes of the body, which were sent to the client.

        ``arrived_at`` is the ``perf_counter`` time at which they arrived; None if they waited for the client."""
        now = time.perf_counter()
        self.recording.add(data, (now - self._zero) * 1000)
        if arrived_at is not None:
            took = now - arrived_at
            added = self._added
            added.chunks += 1
            added.chunks_s += took
            if took > added.longest_s:
                added.longest_s = took

    @property
    def overhead(self) -> Overhead | None:
        """The time that candela itself added; None if nothing was measured, as for what it answered itself.

        A request that was sent more than once has no time before its first byte: the earlier answers are part of it."""
        added = self._added
        if added.head_ms is None:
            return None
        request_ms = added.request_ms if self._attempts == 1 else None
        return Overhead(request_ms, added.head_ms, added.chunks, added.chunks_s * 1000, added.longest_s * 1000)

    def ended(self, outcome: Outcome | None = None, error: ApiError | None = None) -> None:
        """Note the end. Only the first call counts."""
        if self.end_ms is None:
            self.outcome = outcome
            self.error = error
            self.end_ms = self._now()
            self.alike = self.alike and not self._ahead
            if self.alike:
                # There is only one side.
                self.recording.provider = None

    @property
    def spillable(self) -> tuple[bytes, ...]:
        """The bodies of its requests that may wait in a file: it has ended, and capture has not begun to read it."""
        own, provider = self.recording, self.recording.provider
        if self.end_ms is None or self.taken or self.spilled is not None or self.edited is not None:
            return ()
        if provider is None or provider.request is own.request:
            return (own.request,)
        return own.request, provider.request

    def spill_requests(self, where: Spilled) -> None:
        """Let go of the bodies of its requests, which are in a file."""
        bodies = self.spillable
        self.spilled = SpilledRequests(where, len(bodies[0]), apart=len(bodies) > 1)
        if self.attempt is not None:
            # Nobody sends it again.
            self.attempt = replace(self.attempt, request=replace(self.attempt.request, body=b""))
        self._set_requests(b"", b"")

    def unspill_requests(self, data: bytes) -> None:
        """Take back the bodies of its requests."""
        spilled, self.spilled = self.spilled, None
        if spilled is not None:
            own = data[: spilled.own_size]
            self._set_requests(own, data[spilled.own_size :] if spilled.apart else own)

    def _set_requests(self, own: bytes, provider: bytes) -> None:
        self.request = replace(self.request, body=own)
        self.recording.request = own
        if self.recording.provider is not None:
            self.recording.provider.request = provider
