"""The bodies of one exchange, byte for byte."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from array import array

    from candela_tui.spill_file import Spilled


@dataclass(frozen=True, slots=True)
class ProviderSide:
    """What was exchanged with the provider since the last report, if it differs from the client's side."""

    request: bytes | None = None
    """The body of the request; None if it was reported before."""
    untouched: bool = False
    """Whether the response passed to the client unchanged, so that its bytes are the client's."""
    chunks: Sequence[bytes] = ()
    times: Sequence[float] = ()
    """Chunks and times of the response, as in a recording; empty if it passed unchanged."""


@dataclass(frozen=True, slots=True)
class SpilledChunks:
    """Chunks that wait in a file, and are empty in the recording meanwhile."""

    start: int
    ends: "array[int]"
    """Where each chunk ends in the file's bytes."""
    where: "Spilled"

    @property
    def end(self) -> int:
        """The index behind the last of them."""
        return self.start + len(self.ends)


@dataclass(slots=True)
class Recording:
    """The bodies of one exchange, byte for byte.

    ``request`` is complete from the start. ``chunks`` and ``times`` only grow, the time first, so that another
    thread may read ``len(chunks)`` of both at any moment. The first chunks of a large response are released once they
    are stored, and chunks that nobody has read yet may wait in a file: take ``after``, then check ``stored``.
    """

    request: bytes
    chunks: list[bytes] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    """Milliseconds since the request was received, one for each chunk."""
    provider: "Recording | None" = None
    """What was exchanged with the provider, if a mapping is between it and the client. If only the request is mapped,
    its ``chunks`` and ``times`` are the same lists as these."""

    stored: int = 0
    """How many of the first chunks are in the store, and may be empty here."""
    decoded: int = 0
    """How many of the first chunks capture has read."""
    size: int = 0
    """Bytes of all chunks."""
    unread: int = 0
    """Bytes of the chunks in memory that capture has not read."""
    spilled: deque[SpilledChunks] = field(default_factory=deque)
    """The chunks that wait in a file, in their order. Capture has read none of them."""

    @property
    def readable(self) -> int:
        """How many of the first chunks are not behind any in a file."""
        try:
            return self.spilled[0].start
        except IndexError:
            return len(self.chunks)

    def after(self, start: int) -> tuple[list[bytes], list[float]]:
        """Return the chunks after the first ``start``, and their times, up to those that wait in a file."""
        while True:
            end = self.readable
            found = self.chunks[start:end], self.times[start:end]
            # Another thread may have moved some of them to a file meanwhile.
            if self.readable >= end:
                return found

    def decode(self, count: int) -> None:
        """Note that capture has read the first ``count`` chunks."""
        if count > self.decoded:
            self.unread -= sum(map(len, self.chunks[self.decoded : count]))
            self.decoded = count

    def spill(self, run: SpilledChunks) -> None:
        """Empty chunks that are in a file. All that wait in a file are in front of them."""
        self.spilled.append(run)
        self.chunks[run.start : run.end] = [b""] * len(run.ends)
        self.unread -= run.where.size

    def unspill(self, data: bytes) -> None:
        """Take back the first of the chunks that wait in a file."""
        run = self.spilled[0]
        starts = (0, *run.ends)
        self.chunks[run.start : run.end] = [data[start:end] for start, end in zip(starts, run.ends, strict=False)]
        self.spilled.popleft()
        self.unread += run.where.size

    def let_go(self, count: int) -> None:
        """Empty the first ``count`` chunks, which are in the store, as far as capture has read them."""
        start, end = self.stored, min(count, self.decoded)
        if end <= start:
            return
        # Set before they are emptied, so that a reader that took a slice meanwhile sees that it may lack them.
        self.stored = end
        if self.provider is not None and self.provider.chunks is self.chunks:
            self.provider.stored = end
        self.chunks[start:end] = [b""] * (end - start)

    def add(self, chunk: bytes, at_ms: float) -> None:
        """Append the next chunk of the response's body."""
        self.times.append(at_ms)
        self.chunks.append(chunk)
        self.size += len(chunk)
        self.unread += len(chunk)
