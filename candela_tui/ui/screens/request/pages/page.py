"""What the pages of the request screen have in common."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol

from candela_tui.analysis.served_changes import ServedChange
from candela_tui.analysis.traffic_side import TrafficSide
from candela_tui.exchange import Exchange
from candela_tui.ledger.sessions import SessionSummary
from candela_tui.pricing import Pricer
from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.headers import header
from candela_tui.text.times import Clock
from candela_tui.ui.state.earlier_requests import EarlierRequests
from candela_tui.ui.state.exchange_bodies import ExchangeBodies
from candela_tui.ui.state.preferences import Preferences
from candela_tui.ui.widgets.text_view.folding.folds import DetailLevel
from candela_tui.ui.widgets.text_view.lines import Lines


@dataclass(frozen=True, slots=True)
class ShownSession:
    """The session of the request, as far as it is loaded by now."""

    requests: Callable[[], Sequence[Exchange]] = tuple
    """Return its requests, the earliest first."""
    summary: Callable[[], SessionSummary] = lambda: SessionSummary(None)
    bodies_of: Callable[[str], ExchangeBodies] | None = None
    """Return the bodies of a request by its id; None if they can't be read."""


@dataclass(slots=True)
class ShownRequest:
    """The request that the screen shows, with its newest snapshot."""

    exchange: Exchange
    bodies: ExchangeBodies
    clock: Clock
    agent: str = "main"
    tries: tuple[Exchange, ...] = ()
    """Every try of the same call including this one, the earliest first; empty if there was no other."""
    session: ShownSession = field(default_factory=ShownSession)
    preferences: Preferences = field(default_factory=Preferences)
    earlier: EarlierRequests | None = None
    """The requests before it; None if they are not known."""
    pricer: Pricer | None = None
    """The prices in use; None if config.toml can't be read."""
    served_changes: tuple[ServedChange, ...] = ()
    """What is served otherwise since this request."""
    folds: dict[str, dict[str | int, DetailLevel]] = field(default_factory=dict)
    """By page title, the detail level of each block that the user folded separately: kept when a page is made again."""
    _readable: dict[TrafficSide, tuple[bytes, bytes]] = field(default_factory=dict)
    """By side, a compressed request body and its decoded form."""

    def take(self, exchange: Exchange) -> None:
        """Take a newer snapshot. Lists do not read header fields, so the known ones are kept."""
        known = self.exchange
        if exchange.request_headers is None and known.request_headers is not None:
            exchange = replace(
                exchange,
                request_headers=known.request_headers,
                response_headers=known.response_headers,
                provider_request_headers=known.provider_request_headers,
                provider_response_headers=known.provider_response_headers,
            )
        self.exchange = exchange

    async def request_body(self, side: TrafficSide = "client") -> bytes | None:
        """Return the request body, decoded; as it crossed if it can't be decoded. Raises StoreError."""
        body = await self.bodies.request(side)
        of_client = side == "client"
        headers = self.exchange.request_headers if of_client else self.exchange.provider_request_headers
        encoding = header(headers or (), "content-encoding")
        if not body or not encoding:
            return body
        known = self._readable.get(side)
        if known is None or known[0] is not body:
            try:
                readable = await asyncio.to_thread(decode_whole, encoding, body)
            except BadEncoding:
                readable = body
            known = self._readable[side] = (body, readable)
        return known[1]

    async def read_head(self) -> None:
        """Read the header fields that the newest snapshot lacks. Raises StoreError."""
        found = await self.bodies.exchange()
        if found is not None and found.response_headers is not None:
            self.exchange = replace(
                self.exchange,
                request_headers=found.request_headers,
                response_headers=found.response_headers,
                provider_request_headers=found.provider_request_headers,
                provider_response_headers=found.provider_response_headers,
            )


class Page(Protocol):
    """The content of one tab for one width. A page is made again for another width, so it keeps no state but its lines.

    ``open`` and ``more`` raise StoreError if a body can't be read.
    """

    title: ClassVar[str]
    key: ClassVar[str]
    """The key that opens it: a digit, or a letter for a tab that has its own key in the dashboard too."""

    def __init__(self, request: ShownRequest, width: int) -> None: ...

    @property
    def lines(self) -> Lines:
        """The lines to show. May be replaced by another object while the page is written."""
        ...

    @property
    def follows(self) -> bool:
        """Whether the view stays at the end while the page grows."""
        ...

    async def open(self) -> Iterator[None]:
        """Load what the page needs; return the steps that write its lines."""
        ...

    async def more(self) -> Iterator[None] | None:
        """Return the steps that bring the lines up to date after the exchange grew, or None if there is nothing to
        do."""
        ...
