"""The interface of a sink."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from candela_tui.exchange import Exchange, ProviderSide, Recording


@dataclass(frozen=True, slots=True)
class Growth:
    """The part of a response that arrived since the previous part: about a second of it, or 2 MB."""

    chunks: Sequence[bytes]
    times: Sequence[float]
    """Milliseconds since the request was received, one for each chunk."""
    provider: ProviderSide | None
    """The same for the provider's side; None if nothing there differs from the client's side."""


class Sink(Protocol):
    """Receives every exchange, on the proxy's event loop. No method may wait.

    A sink that writes anywhere has a bounded queue and its own thread (``BackgroundQueue``). If a sink raises, the user
    gets a notice; the request and the other sinks are not affected.
    """

    def began(self, exchange: Exchange, recording: Recording) -> None:
        """Handle a new exchange. Its request is complete, and its response grows in ``recording``."""

    def grew(self, exchange: Exchange, growth: Growth | None) -> None:
        """Handle a newer snapshot, at most ten times a second. ``growth`` is None until the next part is due."""

    def ended(self, exchange: Exchange, growth: Growth) -> None:
        """Handle the end of the exchange. ``growth`` is the last part."""
