"""The bodies of one exchange, from the feed while it has them, else from the store."""

import asyncio
from typing import Literal

from candela_tui.exchange import Exchange, Recording
from candela_tui.ui.sources import Sources

_GROWS_EVERY_S = 0.1

Side = Literal["client", "provider"]
"""Whose bytes: what crossed between the client and candela, or between candela and the provider."""


class Bodies:
    """Once obtained, the recording stays, also when the feed has let go of it."""

    def __init__(self, sources: Sources, exchange_id: str) -> None:
        self._history = sources.history
        self._id = exchange_id
        self._recording: Recording | None = sources.feed.recording(exchange_id)
        self._requests: dict[Side, bytes | None] = {}

    async def exchange(self) -> Exchange | None:
        """The exchange with its header fields as the store has it; None: it has not. Raises StoreError."""
        return await asyncio.to_thread(self._history.exchange, self._id)

    async def request(self, side: Side = "client") -> bytes | None:
        """The request's body; None: nothing is recorded. Raises StoreError.

        The provider's is None also where it was the client's own, byte for byte.
        """
        if self._recording is not None:
            of_side = self._of(side)
            return of_side.request if of_side is not None else None
        if side not in self._requests:
            read = self._history.request_body if side == "client" else self._history.provider_request_body
            self._requests[side] = await asyncio.to_thread(read, self._id)
        return self._requests[side]

    def _of(self, side: Side) -> Recording | None:
        return self._recording if side == "client" or self._recording is None else self._recording.provider

    async def answer_after(self, chunks: int, side: Side = "client") -> tuple[list[bytes], list[float]]:
        """The chunks of the answer beyond so many, and their times in milliseconds. Raises StoreError."""
        if self._recording is not None:
            of_side = self._of(side)
            if of_side is None:
                return [], []
            whole = len(of_side.chunks)
            held, times = of_side.chunks[chunks:whole], of_side.times[chunks:whole]
            if of_side.stored <= chunks:
                return held, times
            # The first of a large answer are in the store alone.
            stored, stored_times = await self._stored_after(chunks, side)
            return [*stored, *held[len(stored) :]], [*stored_times, *times[len(stored) :]]
        return await self._stored_after(chunks, side)

    async def _stored_after(self, chunks: int, side: Side) -> tuple[list[bytes], list[float]]:
        read = self._history.response_chunks if side == "client" else self._history.provider_response_chunks
        return await asyncio.to_thread(read, self._id, chunks)

    @property
    def grows_every_s(self) -> float:
        """Seconds after which there may be more of a live answer."""
        return self._history.freshness_s if self._recording is None else _GROWS_EVERY_S
