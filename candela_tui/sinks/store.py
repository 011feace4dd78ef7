"""The sink that stores exchanges in the database."""

from candela_tui.exchange import Exchange, Recording
from candela_tui.sinks.sink import Growth
from candela_tui.store.writer import StoreWriter


class StoreSink:
    """Passes exchanges to the store's writer, which has its own thread and a queue bounded in bytes."""

    def __init__(self, writer: StoreWriter) -> None:
        """Use ``writer``; its owner starts and closes it."""
        self._writer = writer

    def began(self, exchange: Exchange, recording: Recording) -> None:
        """Store the complete request."""
        self._writer.begin(exchange, recording.request)

    def grew(self, exchange: Exchange, growth: Growth | None) -> None:
        """Store the part, so that it survives a crash of this process."""
        if growth is not None:
            self._writer.grow(exchange, growth.chunks, growth.times, growth.provider)

    def ended(self, exchange: Exchange, growth: Growth) -> None:
        """Store the last part."""
        self._writer.end(exchange, growth.chunks, growth.times, growth.provider)
