"""Read the bodies of one exchange: from the feed while it has them, else from the store."""

import asyncio
from collections.abc import Sequence

from candela_tui.analysis.context_parts import ContextPart
from candela_tui.analysis.traffic_side import TrafficSide
from candela_tui.exchange import Exchange, Recording
from candela_tui.ui.state.data_sources import DataSources

_GROWS_EVERY_S = 0.1


class ExchangeBodies:
    """The bodies of one exchange. A recording from the feed is kept, even after the feed has dropped it."""

    def __init__(self, sources: DataSources, exchange_id: str) -> None:
        self._history = sources.history
        self._id = exchange_id
        self._recording: Recording | None = sources.feed.recording(exchange_id)
        self._requests: dict[TrafficSide, bytes | None] = {}

    async def exchange(self) -> Exchange | None:
        """Read the exchange with its header fields from the store; None if it is not there. Raises StoreError."""
        return await asyncio.to_thread(self._history.exchange, self._id)

    async def context_parts(self) -> Sequence[ContextPart] | None:
        """Return what fills the context window, as the store has it; None if it has not. Raises StoreError."""
        return await asyncio.to_thread(self._history.context_parts, self._id)

    async def request(self, side: TrafficSide = "client") -> bytes | None:
        """Return the request's body; None if it is not recorded. Raises StoreError.

        The provider's body is also None if it is the client's own, byte for byte.
        """
        if self._recording is not None:
            of_side = self._of(side)
            return of_side.request if of_side is not None else None
        if side not in self._requests:
            read = self._history.request_body if side == "client" else self._history.provider_request_body
            self._requests[side] = await asyncio.to_thread(read, self._id)
        return self._requests[side]

    def _of(self, side: TrafficSide) -> Recording | None:
        return self._recording if side == "client" or self._recording is None else self._recording.provider

    async def answer_after(self, chunks: int, side: TrafficSide = "client") -> tuple[list[bytes], list[float]]:
        """Return the answer's chunks after the first ``chunks``, with their times in milliseconds. Raises
        StoreError."""
        if self._recording is not None:
            of_side = self._of(side)
            if of_side is None:
                return [], []
            held, times = of_side.after(chunks)
            if of_side.stored <= chunks:
                return held, times
            # The first chunks of a large answer are only in the store.
            stored, stored_times = await self._stored_after(chunks, side)
            return [*stored, *held[len(stored) :]], [*stored_times, *times[len(stored) :]]
        return await self._stored_after(chunks, side)

    async def _stored_after(self, chunks: int, side: TrafficSide) -> tuple[list[bytes], list[float]]:
        read = self._history.response_chunks if side == "client" else self._history.provider_response_chunks
        return await asyncio.to_thread(read, self._id, chunks)

    @property
    def grows_every_s(self) -> float:
        """Seconds between two looks at a growing answer."""
        return self._history.freshness_s if self._recording is None else _GROWS_EVERY_S
