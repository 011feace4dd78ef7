"""The types of a request to a provider and of its response to the client.

An ``Upstream`` turns a client's request into an ``Attempt`` (or answers it with a ``Reply``), and ``Attempts`` carries
it out. An attempt whose response passes through unchanged has no ``translate`` and no ``on_error``: the relay then
forwards bytes as they arrive. An attempt with a ``trial`` may be followed by one at another provider.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Protocol

from candela_tui.credentials.owner import Accepts
from candela_tui.keys.key import Key
from candela_tui.network.header_fields import named_fields, request_fields
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.arrival import Arrival
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.headers import HeaderList
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.providers.exchange_ids import new_id
from candela_tui.providers.identity import ROUTES, Dialect, Provider, Route


@dataclass(frozen=True, slots=True)
class Named:
    """What a client asked for that knows nothing of candela."""

    host: str
    """The host, which is one of those that candela opens."""
    target: str
    """The path and query, as the client wrote them."""


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """A client's request on a route."""

    method: str
    path: str
    """The path and query after the route's prefix, as the client wrote them, starting with a slash."""
    headers: HeaderList
    """All header fields that the client sent."""
    body: bytes
    route: Route = ROUTES[0]
    """The route of the request. candela's own requests have none and use the first one."""
    arrival: Arrival = Arrival.BASE_URL
    """How it came in."""
    named: Named | None = None
    """What it was sent to, if it did not come in by a base URL."""
    noted: list[RuleAction] = field(default_factory=list, compare=False)
    """What rules do about it and its answer; they add to it, also while the answer passes."""
    read: dict[object, object] = field(default_factory=dict, init=False, compare=False, repr=False)
    """What rules have read of it, by the function that reads it, so that several of them read it once. A changed
    request begins with nothing."""
    answer_fields: HeaderList = field(default_factory=list, compare=False)
    """Header fields about limits that rules add to the answer, in place of the provider's."""
    id: str = field(default_factory=new_id, compare=False)
    """The id of its exchange. A changed request keeps it."""
    key: Key | None = None
    """The key of candela's that the client has, if it has one."""
    session: str | None = None
    """The session that a field of [sessions] header names, if one does."""

    @property
    def dialect(self) -> Dialect:
        """The protocol that the client uses."""
        return self.route.dialect

    @property
    def fields(self) -> HeaderList:
        """The header fields that go on to the provider; all of them if the client asked for the provider itself."""
        return request_fields(self.headers) if self.named is None else named_fields(self.headers)

    @property
    def resource(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]


@dataclass(frozen=True, slots=True)
class ProviderRequest:
    """A request exactly as it is sent. The connection adds Host and Content-Length, or sets those of ``headers`` where
    they are."""

    method: str
    url: str
    """The percent-encoded URL with its query."""
    headers: HeaderList
    body: bytes


@dataclass(frozen=True, slots=True)
class Repeat:
    """Where an answer is from that was given before."""

    of: str
    """The id of the exchange that it is from."""
    saved: Decimal | None
    """What it cost then, in USD. None: not known."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete response that the client gets as it is, with a Content-Length."""

    status: int
    headers: HeaderList
    body: bytes
    refused_by: str | None = None
    """The rule that refused the request, or None if none did."""
    repeats: Repeat | None = None
    """The earlier answer that this is, if it is one."""


class Translation(Protocol):
    """Translates the body of one response to the client's format as it arrives."""

    @property
    def headers(self) -> HeaderList:
        """The response headers for the client, without framing (no Content-Length, because the length changes)."""

    @property
    def ping(self) -> bytes:
        """The bytes that may be sent between two calls of ``feed`` while the provider is silent, or empty bytes."""

    @property
    def over(self) -> bool:
        """Whether the response is complete, so that nothing more is read."""

    @property
    def metrics(self) -> tuple[tuple[str, str], ...]:
        """Measurements by the provider that do not fit the client's format."""

    def feed(self, chunk: bytes) -> bytes:
        """Translate the provider's next decoded bytes, and return the bytes for the client, possibly none."""

    def finish(self) -> bytes:
        """Return the last bytes for the client after the provider's body has ended.

        A stream that ended early also ends early for the client. Raises Untranslatable if the client could mistake
        that for a complete response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A request to send, what to record about it, and what to do with its response."""

    request: ProviderRequest
    provider: Provider = Provider.ANTHROPIC
    region: str | None = None
    model: str | None = None
    """The provider's id of the model, if it is known and differs from the client's."""
    adaptations: tuple[Adaptation, ...] = ()
    """All changes to the request so far, including those of earlier attempts."""
    translate: Callable[[int, HeaderList], Translation] | None = None
    """Called with the status and headers of a response below 400. Without it the response passes through unchanged."""
    own_credentials: bool = False
    """Whether the request carries candela's credentials instead of the client's. A redirect then becomes a 502, because
    the client would follow it with its own Anthropic key. Otherwise redirects pass through unchanged."""
    on_accepted: Callable[[], None] | None = None
    """Called when the provider answers with a status below 300, before the body is read. It must not block."""
    on_error: "OnError | None" = None
    """Called with a response of status 400 or above and its decoded body, which is complete unless the provider broke
    off. Returns another attempt, a reply for the client, or None to pass the response on. Without it errors pass
    through unchanged."""
    on_failure: "Callable[[Reply], Reply] | None" = None
    """Called with candela's own error, in the format of the Messages API, if there is no response to pass on. Returns
    it in the client's format."""
    trial: "Trial | None" = None
    """Decides whether another provider is asked if this one fails. Without it, the response is the client's."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt has no answer yet that the client should get."""

    attempt: Attempt
    status: int
    """The status of the error: the provider's, in the terms of the Messages API, or candela's own 502 or 504."""
    error: ApiError
    answer: Reply | Exception
    """What the client gets if no other provider answers. An exception breaks the connection off."""


class Trial(Protocol):
    """Judges an attempt that another provider may take over from, before the client gets any of its answer."""

    @property
    def timeout_s(self) -> float | None:
        """How long the attempt may take until its message begins. None: as long as it takes."""

    @property
    def holds(self) -> bool:
        """Whether a stream is held back until its first content, which shows that it is not an error."""

    def concerns(self, status: int) -> bool:
        """Return whether an error with this status is one for which another provider is asked."""

    def passed(self) -> None:
        """Take note that the client gets this attempt's answer."""

    async def after(self, failure: Failure) -> "Attempt | Reply | Failure":
        """Return what comes after a failure: an attempt at another provider or its reply, or the failure that the
        client gets."""


def with_following(attempt: Attempt, wrap: "Callable[[Attempt | Reply], Attempt | Reply]") -> Attempt:
    """Return the attempt with ``wrap`` applied to each that follows it after an error or a failure, and to replies."""
    error, trial = attempt.on_error, attempt.trial
    if error is None and trial is None:
        return attempt

    async def on_error(status: int, headers: HeaderList, body: bytes) -> Attempt | Reply | None:
        following = await error(status, headers, body) if error is not None else None
        return wrap(following) if following is not None else None

    return replace(
        attempt,
        on_error=on_error if error is not None else None,
        trial=_Wrapped(trial, wrap) if trial is not None else None,
    )


class _Wrapped:
    """A trial with a function applied to the attempts that follow."""

    def __init__(self, trial: Trial, wrap: "Callable[[Attempt | Reply], Attempt | Reply]") -> None:
        self._trial = trial
        self._wrap = wrap
        self.timeout_s = trial.timeout_s
        self.holds = trial.holds
        self.concerns = trial.concerns
        self.passed = trial.passed

    async def after(self, failure: Failure) -> Attempt | Reply | Failure:
        following = await self._trial.after(failure)
        return following if isinstance(following, Failure) else self._wrap(following)


OnError = Callable[[int, HeaderList, bytes], Awaitable[Attempt | Reply | None]]


class Upstream(Protocol):
    """A route to a provider that runs Claude. It lives as long as the proxy, on the proxy's event loop."""

    @property
    def accepts(self) -> Accepts:
        """The credentials of a client that go on to the provider."""

    async def attempt(self, asked: ClientRequest) -> Attempt | Reply:
        """Return the attempt to send for a client's request. Errors of a client or provider are a Reply, never
        raised."""

    async def close(self) -> None:
        """End the tasks that this upstream owns."""
