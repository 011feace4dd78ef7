"""The bodies of one exchange: from memory if it is live or has just ended, otherwise from the store."""

import asyncio
from collections.abc import Sequence

from candela_tui.exchange import Recording
from candela_tui.proxy.local_api.visible import ShownFeed, ShownStore


class Bodies:
    """Reads the bodies of one side. Every method raises StoreError."""

    def __init__(self, feed: ShownFeed, store: ShownStore, exchange_id: str, *, of_provider: bool) -> None:
        self._live = feed.recording(exchange_id)
        self._store = store
        self._id = exchange_id
        self._of_provider = of_provider

    @property
    def _recording(self) -> Recording | None:
        return self._live.provider if self._live is not None and self._of_provider else self._live

    async def request(self) -> Sequence[bytes] | None:
        """Return the request's body in pieces; None if it was not recorded, or is the client's own."""
        if self._live is not None:
            return None if self._recording is None else [self._recording.request]
        read = self._store.provider_request_body if self._of_provider else self._store.request_body
        body = await asyncio.to_thread(read, self._id)
        return None if body is None else [body]

    async def response(self) -> Sequence[bytes] | None:
        """Return the answer's body in pieces, so far; None as in ``request``."""
        if self._live is not None:
            return None if self._recording is None else (await self.chunks(0))[0]
        read = self._store.provider_response_body if self._of_provider else self._store.response_body
        body = await asyncio.to_thread(read, self._id)
        return None if body is None else [body]

    async def chunks(self, after: int) -> tuple[Sequence[bytes], Sequence[float]]:
        """Return the answer's chunks after the first ``after``, so far, and the time of each."""
        if self._live is None:
            return await self._stored_after(after)
        recording = self._recording
        if recording is None:
            return [], []
        held, times = recording.after(after)
        if recording.stored <= after:
            return held, times
        # The first chunks of a large answer are only in the store.
        stored, stored_times = await self._stored_after(after)
        return [*stored, *held[len(stored) :]], [*stored_times, *times[len(stored) :]]

    async def _stored_after(self, after: int) -> tuple[list[bytes], list[float]]:
        read = self._store.provider_response_chunks if self._of_provider else self._store.response_chunks
        return await asyncio.to_thread(read, self._id, after)
