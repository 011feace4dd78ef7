"""Pass bytes between two connections, unread and with flow control in both directions."""

import asyncio
from collections.abc import Callable
from typing import cast


class EarlyBytes(asyncio.Protocol):
    """Keeps what arrives on a connection until it is known what is to be done with it."""

    def __init__(self, data: bytes = b"", on_lost: Callable[[], None] = lambda: None) -> None:
        """``data`` arrived before. ``on_lost`` is called if the connection ends meanwhile."""
        self.data = bytearray(data)
        self.has_ended = False
        """Whether nothing more will come."""
        self._on_lost = on_lost
        self._news = asyncio.Event()

    async def more(self) -> None:
        """Wait until more has arrived, or nothing more will."""
        if not self.has_ended:
            self._news.clear()
            await self._news.wait()

    def data_received(self, data: bytes) -> None:
        """asyncio's hook for bytes."""
        self.data += data
        self._news.set()

    def eof_received(self) -> bool:
        """asyncio's hook for the end of what the peer sends."""
        self.has_ended = True
        self._news.set()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's hook for the end of the connection."""
        self.has_ended = True
        self._news.set()
        self._on_lost()


class TunnelEnd(asyncio.Protocol):
    """One of the two connections of a tunnel."""

    def __init__(self, on_lost: Callable[[], None] = lambda: None) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: TunnelEnd | None = None
        self._on_lost = on_lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's hook: the connection is there."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own is not a subclass of it.

    def data_received(self, data: bytes) -> None:
        """asyncio's hook for bytes: they go to the other end at once."""
        if (onward := self._onward) is not None:
            onward.write(data)

    def pause_writing(self) -> None:
        """asyncio's hook: this end has enough, so the other is not read for now."""
        if (onward := self._onward) is not None:
            onward.pause_reading()

    def resume_writing(self) -> None:
        """asyncio's hook: this end takes more again."""
        if (onward := self._onward) is not None:
            onward.resume_reading()

    def eof_received(self) -> bool:
        """asyncio's hook: this peer sends no more, but may still read. Without TLS the other is told just that."""
        onward = self._onward
        if onward is None or not onward.can_write_eof():
            return False
        onward.write_eof()
        return self.transport is not None and self.transport.get_extra_info("sslcontext") is None

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's hook for the end of this connection, which ends the other."""
        if (onward := self._onward) is not None:
            onward.close()
        self._on_lost()

    @property
    def _onward(self) -> asyncio.Transport | None:
        transport = self.other.transport if self.other is not None else None
        return None if transport is None or transport.is_closing() else transport


def join(one: TunnelEnd, other: TunnelEnd) -> None:
    """Make two ends a tunnel. Both have their connections."""
    one.other, other.other = other, one
    assert one.transport is not None
    assert other.transport is not None
    # One of them may have ended before there was another to tell.
    if one.transport.is_closing():
        other.transport.close()
    elif other.transport.is_closing():
        one.transport.close()
