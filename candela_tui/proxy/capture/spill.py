"""Keep what capture has not read yet out of memory: beyond a bound it waits in a file, until it is read back."""

import asyncio
import itertools
import logging
import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from candela_tui.exchange import Recording
from candela_tui.exchange.recording import SpilledChunks
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.spill_file import Spilled, SpillFile
from candela_tui.threads import answer_awaited, call_in_thread

_IN_MEMORY: Final = 8 * 2**20
"""Bytes that wait in memory, the oldest first: what capture reads next."""
_WRITTEN_AT_ONCE: Final = 32 * 2**20
_READ_AT_ONCE: Final = 4 * 2**20
_RUN_BYTES: Final = 2**20
"""Bytes of chunks that are read back together."""
_WORTH: Final = 16 * 1024
"""Bytes of one exchange's answer that are worth a place in the file."""
_RUN_CHUNKS: Final = 2000
"""The same in chunks, however small they are: looking at them takes 0.2 ms."""
_SLICE_S: Final = 0.0005
"""How long this may hold the loop, in seconds."""
_AGAIN_AFTER_S: Final = 10.0
"""Seconds after which a disk that was full is tried again."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Requests:
    """The request bodies of one exchange."""

    raw: RawExchange
    parts: tuple[bytes, ...]

    def settle(self, where: Spilled) -> int:
        """Free the memory, unless they are being read already. Return the bytes that were freed."""
        if not self.raw.spillable:
            return 0
        self.raw.spill_requests(where)
        return len(self.parts[0])


@dataclass(frozen=True, slots=True)
class _Chunks:
    """Chunks of one side of an answer."""

    recording: Recording
    start: int
    parts: tuple[bytes, ...]

    def settle(self, where: Spilled) -> int:
        """Free the memory, unless they are being read already. Return the bytes of requests that were freed: none."""
        if self.recording.decoded <= self.start:
            ends = array("Q", itertools.accumulate(map(len, self.parts)))
            self.recording.spill(SpilledChunks(self.start, ends, where))
        return 0


_Piece = _Requests | _Chunks


class Spill:
    """Moves bodies to a file and back, in threads. Used on the loop of capture."""

    def __init__(
        self,
        directory: Path | None,
        may_spill: Callable[[RawExchange], bool],
        notify: Callable[[str], None],
        in_memory: int = _IN_MEMORY,
    ) -> None:
        """``directory`` is where the file may be; None: all of it stays in memory. ``may_spill`` says whether the
        bodies of an exchange may be on the disk."""
        self._file = SpillFile(directory) if directory is not None else None
        self._directory = directory
        self._may_spill = may_spill
        self._notify = notify
        self._in_memory = in_memory
        self._full_until = 0.0
        self._told = False
        self._slice_end = 0.0

    async def make_room(self, raws: Sequence[RawExchange], requests: int) -> tuple[int, bool]:
        """Move to the file what is too much, the newest first, of exchanges in the order in which they are read.
        ``requests`` is how many bytes of clients' requests wait in memory. Return how many of them were moved, and
        whether there may be more to move."""
        excess = requests + sum(raw.recording.unread for raw in raws) - self._in_memory
        if self._file is None or excess <= 0 or time.monotonic() < self._full_until:
            return 0, False
        pieces: list[_Piece] = []
        size = 0
        for raw in reversed(raws):
            if size >= min(excess, _WRITTEN_AT_ONCE):
                break
            if self._may_spill(raw):
                for piece in _pieces(raw, excess - size):
                    pieces.append(piece)
                    size += sum(map(len, piece.parts))
            await self._breathe()
        moved = await self._write(self._file, pieces) if pieces else 0
        return moved, size >= _WRITTEN_AT_ONCE and self._full_until < time.monotonic()

    async def _write(self, file: SpillFile, pieces: Sequence[_Piece]) -> int:
        parts = [piece.parts for piece in pieces]
        try:
            written = await answer_awaited(call_in_thread(lambda: file.write(parts), "candela-spill"))
        except OSError as error:
            self._full_until = time.monotonic() + _AGAIN_AFTER_S
            if not self._told:
                self._told = True
                self._notify(
                    f"Much waits to be recorded, and {self._directory} takes no more of it ({error.strerror}). "
                    f"It stays in memory."
                )
            return 0
        self._told = False
        moved = 0
        for piece, where in zip(pieces, written, strict=True):
            moved += piece.settle(where)
            await self._breathe()
        return moved

    async def _breathe(self) -> None:
        """Let the loop do other work, if this has held it for long enough."""
        if time.perf_counter() >= self._slice_end:
            await asyncio.sleep(0)
            self._slice_end = time.perf_counter() + _SLICE_S

    async def read_back_requests(self, raws: Iterable[RawExchange]) -> int:
        """Take back the requests of the first of these exchanges. Return the bytes of clients' requests that were taken
        back. Raises OSError if the disk does not return the first."""
        wanted: list[RawExchange] = []
        places: list[Spilled] = []
        for raw in raws:
            if raw.spilled is None or sum(where.size for where in places) >= _READ_AT_ONCE:
                break
            wanted.append(raw)
            places.append(raw.spilled.where)
        bodies = await answer_awaited(call_in_thread(lambda: _read_in_order(places), "candela-spill"))
        for raw, body in zip(wanted, bodies, strict=False):
            raw.unspill_requests(body)
        return sum(len(raw.recording.request) for raw in wanted[: len(bodies)])

    async def read_back_chunks(self, recording: Recording) -> None:
        """Take back the first chunks that wait. Raises OSError if the disk does not return them."""
        places: list[Spilled] = []
        for run in recording.spilled:
            if sum(where.size for where in places) >= _READ_AT_ONCE:
                break
            places.append(run.where)
        for data in await answer_awaited(call_in_thread(lambda: _read_in_order(places), "candela-spill")):
            recording.unspill(data)


def _sides(raw: RawExchange) -> tuple[Recording, ...]:
    own, provider = raw.recording, raw.recording.provider
    # Another attempt may replace the provider's side until the client's answer begins.
    apart = provider is not None and provider.chunks is not own.chunks and raw.status is not None
    return (own, provider) if apart and provider is not None else (own,)


def _pieces(raw: RawExchange, wanted: int) -> Iterator[_Piece]:
    """Yield what of an exchange may wait in the file, up to about ``wanted`` bytes."""
    requests = raw.spillable
    if requests:
        yield _Requests(raw, requests)
        wanted -= sum(map(len, requests))
    for side in _sides(raw):
        yield from _chunk_pieces(side, min(wanted, _WRITTEN_AT_ONCE))


def _chunk_pieces(side: Recording, wanted: int) -> Iterator[_Chunks]:
    """Yield the first runs of chunks behind those that are in the file, or behind those that stay in memory."""
    if min(wanted, side.unread) < _WORTH:
        return
    start, end = side.decoded, len(side.chunks)
    if side.spilled:
        start = side.spilled[-1].end
    elif side.unread > wanted:
        start += round((end - start) * (1 - wanted / side.unread))
    while start < end and wanted >= _WORTH:
        parts: list[bytes] = []
        size = 0
        while start + len(parts) < end and size < _RUN_BYTES and len(parts) < _RUN_CHUNKS:
            chunk = side.chunks[start + len(parts)]
            parts.append(chunk)
            size += len(chunk)
        if size >= _WORTH:
            yield _Chunks(side, start, tuple(parts))
        start += len(parts)
        wanted -= size


def _read_in_order(wanted: Sequence[Spilled]) -> list[bytes]:
    """Read up to the first that the disk does not return. Raises OSError if that is the first of all."""
    bodies: list[bytes] = []
    for where in wanted:
        try:
            bodies.append(where.read())
        except OSError:
            if not bodies:
                raise
            break
    return bodies
