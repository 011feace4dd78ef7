"""The bodies of one exchange, from the feed while it has them, else from the store."""

import asyncio

from candela_tui.exchange import Recording
from candela_tui.ui.sources import Sources

_GROWS_EVERY_S = 0.1


class Bodies:
    """Once obtained, the recording stays whole, also when the feed has let go of it."""

    def __init__(self, sources: Sources, exchange_id: str) -> None:
        self._sources = sources
        self._id = exchange_id
        self._recording: Recording | None = sources.feed.recording(exchange_id)
        self._request: bytes | None = None

    async def request(self) -> bytes | None:
        """The request's body; None: nothing is recorded. Raises StoreError."""
        if self._recording is not None:
            return self._recording.request
        if self._request is None:
            self._request = await asyncio.to_thread(self._sources.history.request_body, self._id)
        return self._request

    async def answer_after(self, chunks: int) -> tuple[list[bytes], list[float]]:
        """The chunks of the answer beyond so many, and their times in milliseconds. Raises StoreError."""
        if self._recording is not None:
            whole = len(self._recording.chunks)
            return self._recording.chunks[chunks:whole], self._recording.times[chunks:whole]
        return await asyncio.to_thread(self._sources.history.response_chunks, self._id, chunks)

    @property
    def grows_every_s(self) -> float:
        """Seconds after which there may be more of a live answer."""
        return self._sources.history.freshness_s if self._recording is None else _GROWS_EVERY_S
