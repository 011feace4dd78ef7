"""The interface through which screens, commands and the local API read recorded exchanges from any database."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal, Protocol

from candela_tui.exchange import Exchange
from candela_tui.ledger.ledger import EVERY_DIMENSION, Dimension, Ledger

if TYPE_CHECKING:
    from candela_tui.analysis.context_parts import ContextPart
    from candela_tui.analysis.filter import Filter
    from candela_tui.analysis.limit_history import LimitedRequest
    from candela_tui.ledger.agent_types import AgentTypes
    from candela_tui.ledger.usage_report import UsageReport


class EverySession(Enum):
    """The type of ``EVERY_SESSION``, a sentinel."""

    EVERY_SESSION = "every session"


EVERY_SESSION: Final = EverySession.EVERY_SESSION
"""Exchanges of all sessions and those without a session; a ``session_id`` of None selects only the latter."""


@dataclass(frozen=True, slots=True)
class ExchangeQuery:
    """Selects the exchanges to read, one page of them."""

    session_id: str | Literal[EverySession.EVERY_SESSION] | None = EVERY_SESSION
    since: datetime | None = None
    """Only exchanges that began at this time or later."""
    until: datetime | None = None
    """Only exchanges that began before this time."""
    before: str | None = None
    """The id of an exchange; only those that began before it."""
    limit: int | None = None
    """The maximum number of exchanges; the newest are returned."""
    keys: frozenset[str] | None = None
    """Only exchanges with one of candela's keys of these names; None for all, also those without a key."""

    def includes(self, exchange: Exchange) -> bool:
        """Return whether the query selects an exchange, ignoring the limit."""
        return (
            (self.session_id is EVERY_SESSION or exchange.session_id == self.session_id)
            and (self.since is None or exchange.started_at >= self.since)
            and (self.until is None or exchange.started_at < self.until)
            and (self.before is None or exchange.id < self.before)
            and (self.keys is None or exchange.key in self.keys)
        )


EVERYTHING: Final = ExchangeQuery()


class Bodies(Protocol):
    """What crossed, request by request. Every method may block, may be called from any thread, and raises
    StoreError."""

    def exchange(self, id_or_prefix: str, /) -> Exchange | None:
        """Return one exchange with its headers."""

    def request_body(self, exchange_id: str, /) -> bytes | None:
        """Return the request's body as the client sent it, or None if it is not in the store."""

    def response_chunks(self, exchange_id: str, after: int = 0, /) -> tuple[list[bytes], list[float]]:
        """Return the response's chunks after the first ``after`` as they were sent, and their times in milliseconds."""


class NoBodies:
    """Bodies that were not recorded, or are not to be read."""

    def exchange(self, id_or_prefix: str, /) -> Exchange | None:
        """Return None."""
        return None

    def request_body(self, exchange_id: str, /) -> bytes | None:
        """Return None."""
        return None

    def response_chunks(self, exchange_id: str, after: int = 0, /) -> tuple[list[bytes], list[float]]:
        """Return no chunks."""
        return [], []


class History(Bodies, Protocol):
    """Recorded exchanges. Every method may block, may be called from any thread, and raises StoreError."""

    freshness_s: float
    """Seconds after which more of a live response may be available."""

    def exchanges(self, query: ExchangeQuery = EVERYTHING, /) -> list[Exchange]:
        """Return exchanges without their headers, oldest first."""

    def search(self, wanted: "Filter", query: ExchangeQuery = EVERYTHING, /, *, now: datetime) -> list[Exchange]:
        """Return the exchanges that a filter matches, oldest first. ``now`` is for filters on age."""

    def sessions_that_may_match(self, wanted: "Filter", /) -> frozenset[str | None] | None:
        """Return the sessions with exchanges that a filter may match, or None if it has to be tried on all."""

    def totals(
        self,
        query: ExchangeQuery = EVERYTHING,
        /,
        *,
        by: Collection[Dimension] = EVERY_DIMENSION,
        without: Collection[str] = (),
    ) -> Ledger:
        """Return the sums over exchanges, ignoring the query's limit. ``by`` names the dimensions that the ledger
        holds; ``without`` are ids of exchanges that are not counted."""

    def usage(self, query: ExchangeQuery, begin: Callable[[], "UsageReport"], /) -> "UsageReport":
        """Return a report to which every group of exchanges was added, ignoring the query's limit.

        ``begin`` makes an empty report, which says how long a group may last; it may be called again.
        """

    def agent_types(self, query: ExchangeQuery, /) -> "AgentTypes":
        """Return the types of sub-agents, as far as the exchanges of a query state them."""

    def five_hour_resets(self, query: ExchangeQuery, /) -> list[tuple[datetime, datetime | None]]:
        """Return when each exchange of a query began, and the end of the window of five hours that its answer
        states."""

    def limited_requests(self, query: ExchangeQuery, /) -> "list[LimitedRequest]":
        """Return the requests of a query that count in the windows of a subscription, in any order."""

    def context_parts(self, exchange_id: str, /) -> "tuple[ContextPart, ...] | None":
        """Return what fills the context window at a request, without the pieces of each part; None if that was not
        worked out."""

    def provider_request_body(self, exchange_id: str, /) -> bytes | None:
        """Return the body that was sent to the provider. None if it is not in the store, or if body and response are
        the client's own."""

    def provider_response_chunks(self, exchange_id: str, after: int = 0, /) -> tuple[list[bytes], list[float]]:
        """Return what the provider sent, in the form of ``response_chunks``: the same chunks if only the request was
        mapped; nothing if ``provider_request_body`` has none."""
