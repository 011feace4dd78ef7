"""The bodies of one exchange, byte for byte."""

from collections.abc import Sequence
from dataclasses import dataclass, field


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


@dataclass(slots=True)
class Recording:
    """The bodies of one exchange, byte for byte.

    ``request`` is complete from the start. ``chunks`` and ``times`` only grow, the time first, so that another
    thread may read ``len(chunks)`` of both at any moment. The first chunks of a large response are released once they
    are stored: take a slice, then check ``stored``.
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
