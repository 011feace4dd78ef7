"""The types of a request to a provider and of its response to the client.

An ``Upstream`` turns a client's request into an ``Attempt`` (or answers it with a ``Reply``), and ``Attempts`` carries
it out. An attempt whose response passes through unchanged has no ``translate`` and no ``on_error``: the relay then
forwards bytes as they arrive.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from candela_tui.credentials.owner import Accepts
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.headers import HeaderList
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.providers.exchange_ids import new_id
from candela_tui.providers.identity import ROUTES, Dialect, Provider, Route


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
    noted: list[RuleAction] = field(default_factory=list, compare=False)
    """What rules do about it and its answer; they add to it, also while the answer passes."""
    read: dict[str, object] = field(default_factory=dict, init=False, compare=False, repr=False)
    """What rules have read of it, so that several of them read it once. A changed request begins with nothing."""
    id: str = field(default_factory=new_id, compare=False)
    """The id of its exchange. A changed request keeps it."""

    @property
    def dialect(self) -> Dialect:
        """The protocol that the client uses."""
        return self.route.dialect

    @property
    def resource(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]


@dataclass(frozen=True, slots=True)
class ProviderRequest:
    """A request exactly as it is sent. ``headers`` lack Host and framing, which the connection adds."""

    method: str
    url: str
    """The percent-encoded URL with its query."""
    headers: HeaderList
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete response that the client gets as it is, with a Content-Length."""

    status: int
    headers: HeaderList
    body: bytes
    refused_by: str | None = None
    """The rule that refused the request, or None if none did."""


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
