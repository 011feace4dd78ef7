"""Find the part of an answer that the sinks have not received yet."""

from candela_tui.exchange import ProviderSide
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.sinks.sink import Growth


class GrowthCursor:
    """Returns each byte of both sides once. The provider's side starts when the client's answer begins: until then
    another attempt may replace it."""

    def __init__(self, raw: RawExchange) -> None:
        self._raw = raw
        self._chunks = 0
        self._provider_told = False
        self._provider_chunks = 0

    def __bool__(self) -> bool:
        """Return whether there are new chunks of either side."""
        own, provider = self._raw.recording, self._raw.recording.provider
        if self._chunks < len(own.chunks):
            return True
        alike = self._raw.alike or (provider is not None and provider.chunks is own.chunks)
        apart = self._settled and not alike
        return provider is not None and apart and self._provider_chunks < len(provider.chunks)

    @property
    def _settled(self) -> bool:
        return self._raw.status is not None or self._raw.end_ms is not None

    def take(self, *, undecoded: bool = False) -> Growth:
        """Return the part since the last call, as far as capture has read it. ``undecoded``: as far as it arrived."""
        recording = self._raw.recording
        start, self._chunks = self._chunks, recording.readable if undecoded else recording.decoded
        side = self._take_provider(undecoded=undecoded) if self._settled else None
        return Growth(recording.chunks[start : self._chunks], recording.times[start : self._chunks], side)

    def _take_provider(self, *, undecoded: bool) -> ProviderSide | None:
        own, provider = self._raw.recording, self._raw.recording.provider
        if provider is None or self._raw.alike:
            return None
        request = None if self._provider_told else provider.request
        self._provider_told = True
        if provider.chunks is own.chunks:
            return ProviderSide(request, untouched=True)
        start, end = self._provider_chunks, provider.readable if undecoded else provider.decoded
        self._provider_chunks = end
        return ProviderSide(request, False, provider.chunks[start:end], provider.times[start:end])
