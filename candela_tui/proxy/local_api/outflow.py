"""Send a long answer in slices, so that neither building it nor a slow reader holds up the relay."""

import asyncio
import time
from typing import Self

from aiohttp import web

_SLICE_S = 0.001
"""Seconds that building the answer may hold the loop: a chunk of the relay waits about that long at most."""
_PIECE = 128 * 1024
_STALLED_S = 30.0


class Outflow:
    """Writes one answer of unknown length. A reader that reads nothing for 30 s is disconnected."""

    def __init__(self, request: web.BaseRequest, content_type: str) -> None:
        self.response = web.StreamResponse(
            headers={
                "Content-Type": content_type,
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
            }
        )
        self._request = request
        self._pending: list[bytes | memoryview] = []
        self._size = 0
        self._slice_end = time.perf_counter() + _SLICE_S

    async def start(self) -> Self:
        """Send the status and header fields."""
        await self.response.prepare(self._request)
        return self

    async def add(self, data: bytes) -> None:
        """Queue data to be sent at the next ``flush`` at the latest. Large data goes in pieces."""
        for start in range(0, len(data), _PIECE):
            piece = data if len(data) <= _PIECE else memoryview(data)[start : start + _PIECE]
            self._pending.append(piece)
            self._size += len(piece)
            if self._size >= _PIECE or time.perf_counter() >= self._slice_end:
                await self.flush()

    async def flush(self) -> None:
        """Send pending data, after the loop's other work."""
        if self._pending:
            data = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
            self._pending, self._size = [], 0
            try:
                async with asyncio.timeout(_STALLED_S):
                    await self.response.write(data)
            except TimeoutError:
                self.break_off()
                raise ConnectionResetError("the reader takes nothing") from None
        await asyncio.sleep(0)
        self._slice_end = time.perf_counter() + _SLICE_S

    def break_off(self) -> None:
        """Close the connection without an end, so that the reader can tell that the answer is incomplete."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def finish(self) -> web.StreamResponse:
        """Send the rest and the end."""
        await self.flush()
        await self.response.write_eof()
        return self.response
