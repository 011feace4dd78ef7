"""What of a recording the store has not got yet."""

from candela_tui.exchange import ProviderSide
from candela_tui.proxy.tap import Tap


class Unstored:
    """Gives each byte of both sides once. The provider's side is told from the moment the client's answer begins:
    until then another attempt may take its place."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap
        self._chunks = 0
        self._provider_told = False
        self._provider_chunks = 0

    def __bool__(self) -> bool:
        """Whether there are chunks of either side."""
        own, provider = self._tap.recording, self._tap.recording.provider
        if self._chunks < len(own.chunks):
            return True
        apart = self._settled and provider is not None and provider.chunks is not own.chunks
        return provider is not None and apart and self._provider_chunks < len(provider.chunks)

    @property
    def _settled(self) -> bool:
        return self._tap.status is not None or self._tap.end_ms is not None

    def take(self) -> tuple[list[bytes], list[float], ProviderSide | None]:
        """The chunks that went to the client, their times, and what crossed on the provider's side."""
        recording = self._tap.recording
        start, self._chunks = self._chunks, len(recording.chunks)
        side = self._take_provider() if self._settled else None
        return recording.chunks[start : self._chunks], recording.times[start : self._chunks], side

    def _take_provider(self) -> ProviderSide | None:
        own, provider = self._tap.recording, self._tap.recording.provider
        if provider is None:
            return None
        request = None if self._provider_told else provider.request
        self._provider_told = True
        if provider.chunks is own.chunks:
            return ProviderSide(request, untouched=True)
        start, end = self._provider_chunks, len(provider.chunks)
        self._provider_chunks = end
        return ProviderSide(request, False, provider.chunks[start:end], provider.times[start:end])
