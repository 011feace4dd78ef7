"""What the pages of the request screen have in common."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol

from candela_tui.exchange import Exchange
from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.headers import header
from candela_tui.ui.bodies import Bodies, Side
from candela_tui.ui.clock import Clock
from candela_tui.ui.lines.folds import Level
from candela_tui.ui.lines.lines import Lines
from candela_tui.ui.preferences import Preferences


@dataclass(slots=True)
class Subject:
    """The request that the screen shows, and its newest snapshot."""

    exchange: Exchange
    bodies: Bodies
    clock: Clock
    agent: str = "main"
    tries: tuple[Exchange, ...] = ()
    """Every try of the same call, this one among them, the earliest first; none: there was no other."""
    preferences: Preferences = field(default_factory=Preferences)
    folds: dict[str, dict[str | int, Level]] = field(default_factory=dict)
    """By page, the level of detail of each block that it was chosen for alone: kept when a page is made anew."""
    _readable: dict[Side, tuple[bytes, bytes]] = field(default_factory=dict)
    """By side, a compressed body of the request and what it decodes to."""

    def take(self, exchange: Exchange) -> None:
        """Take a newer snapshot. One from a list has no header fields: those that are known stay."""
        known = self.exchange
        if not exchange.request_headers and known.request_headers:
            exchange = replace(
                exchange,
                request_headers=known.request_headers,
                response_headers=known.response_headers,
                provider_request_headers=known.provider_request_headers,
                provider_response_headers=known.provider_response_headers,
            )
        self.exchange = exchange

    async def request_body(self, side: Side = "client") -> bytes | None:
        """The request's body with its Content-Encoding undone; as it crossed where that can't be. Raises StoreError."""
        body = await self.bodies.request(side)
        of_client = side == "client"
        headers = self.exchange.request_headers if of_client else self.exchange.provider_request_headers
        encoding = header(headers, "content-encoding")
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
        if found is not None and found.response_headers:
            self.exchange = replace(
                self.exchange,
                request_headers=found.request_headers,
                response_headers=found.response_headers,
                provider_request_headers=found.provider_request_headers,
                provider_response_headers=found.provider_response_headers,
            )


class Page(Protocol):
    """One tab's content for one width. A page is made anew for another width, so it keeps no state beyond its lines.

    ``open`` and ``more`` raise StoreError where a body can't be read.
    """

    title: ClassVar[str]

    def __init__(self, subject: Subject, width: int) -> None: ...

    @property
    def lines(self) -> Lines:
        """What to show. May become another object as the page is written."""
        ...

    @property
    def follows(self) -> bool:
        """Whether to stay at the end while it grows."""
        ...

    async def open(self) -> Iterator[None]:
        """Get what it needs; return the steps that write its lines."""
        ...

    async def more(self) -> Iterator[None] | None:
        """The exchange grew: return the steps that bring the lines up to date; None: nothing to do."""
        ...
