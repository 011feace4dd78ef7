"""The part of the store that the dashboard reads."""

from datetime import datetime
from typing import Protocol

from candela_tui.exchange import Exchange


class History(Protocol):
    """Recorded exchanges. Every method may block, may be called from any thread, and raises StoreError."""

    freshness_s: float
    """Seconds after which it may know more of a live answer."""

    def exchanges(
        self,
        *,
        session_id: str | None = ...,
        since: datetime | None = None,
        before: str | None = None,
        limit: int | None = None,
    ) -> list[Exchange]:
        """Exchanges without their headers, oldest first; ``limit`` keeps the newest. ``before`` is an id."""

    def exchange(self, id_or_prefix: str, /) -> Exchange | None:
        """One exchange with its headers."""

    def request_body(self, exchange_id: str, /) -> bytes | None:
        """The request's body as it crossed; None: not in the store."""

    def response_chunks(self, exchange_id: str, after: int = 0, /) -> tuple[list[bytes], list[float]]:
        """The response's chunks beyond the first ``after`` as they crossed, and their times in milliseconds."""

    def provider_request_body(self, exchange_id: str, /) -> bytes | None:
        """The body that went to the provider; None: not in the store, or the client's own body and answer are all
        that crossed."""

    def provider_response_chunks(self, exchange_id: str, after: int = 0, /) -> tuple[list[bytes], list[float]]:
        """What came from the provider, as ``response_chunks`` has what went to the client: the same where only the
        request was mapped; nothing where ``provider_request_body`` has none."""
