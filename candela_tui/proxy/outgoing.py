"""One request on its way to a provider, and how its answer comes back to the client.

An ``Upstream`` turns what a client asks into an ``Attempt`` (or answers by itself with a ``Reply``); the relay carries
it out. What crosses untouched has no ``translate`` and no ``on_error``: the relay then passes bytes on as they come.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from candela_tui.protocol.adaptation import Adaptation

Pairs = list[tuple[str, str]]
"""Header fields in order; bytes that are not UTF-8 as surrogates."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asks of a route."""

    method: str
    path: str
    """Path and query below the route, as the client wrote them; begins with a slash."""
    headers: Pairs
    """All that came."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request exactly as it goes out. ``headers`` have no Host and no framing, which the connection adds."""

    method: str
    url: str
    """Percent-encoded, with the query."""
    headers: Pairs
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of candela's own making; the client gets it as it is, framed by its length."""

    status: int
    headers: Pairs
    body: bytes


class Translation(Protocol):
    """Turns the body of one answer into the client's form as it arrives."""

    @property
    def headers(self) -> Pairs:
        """The head for the client, without framing (no Content-Length: the length changes)."""

    @property
    def ping(self) -> bytes:
        """What may be said between two calls of ``feed`` while the provider is silent; empty: nothing."""

    @property
    def over(self) -> bool:
        """The answer is at its end whatever else comes: nothing more is read."""

    @property
    def metrics(self) -> tuple[tuple[str, str], ...]:
        """What the provider measured and the client's form has no place for."""

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes of the provider, without Content-Encoding; return what the client gets for them, perhaps
        nothing."""

    def finish(self) -> bytes:
        """The provider ended its body: the last bytes for the client. A stream that ended early ends early. Raises
        Untranslatable where the client could not tell that from a whole answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A request to send, what to record of it, and what to do with its answer."""

    request: Outgoing
    provider: str = "anthropic"
    """``anthropic``, ``vertex`` or ``bedrock``."""
    region: str | None = None
    model: str | None = None
    """The model as the provider spells it, where that is known and no longer the client's spelling."""
    adaptations: tuple[Adaptation, ...] = ()
    """Everything that was changed so far, also by attempts before."""
    translate: Callable[[int, Pairs], Translation] | None = None
    """Called with status and header fields of an answer below 400; None: the answer passes untouched."""
    on_error: Callable[[int, Pairs, bytes], Awaitable["Attempt | Reply | None"]] | None = None
    """Called with an answer of status 400 and above, its body whole unless it broke off, and without Content-Encoding:
    another attempt, or what the client gets; None from it: the answer as it came. No callable: errors pass untouched,
    too, and redirects, which are a 502 otherwise."""


class Upstream(Protocol):
    """One way to a provider that runs Claude. Lives as long as the proxy, on the proxy's loop."""

    async def attempt(self, asked: Asked) -> Attempt | Reply:
        """What to send for a client's request. Never raises for what a client or provider did: that is a Reply."""

    async def close(self) -> None:
        """End the tasks that it owns."""
