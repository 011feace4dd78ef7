"""The sink for the feed, which the dashboard and the local API follow."""

from candela_tui.exchange import Exchange, Recording
from candela_tui.feed import Feed
from candela_tui.sinks.sink import Growth


class FeedSink:
    """Publishes snapshots to the feed. Each follower has a bounded queue."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def began(self, exchange: Exchange, recording: Recording) -> None:
        """Publish the exchange, and keep its bodies until the store has them."""
        self._feed.keep(exchange.id, recording)
        self._feed.publish((exchange,))

    def grew(self, exchange: Exchange, growth: Growth | None) -> None:
        """Publish the newer snapshot."""
        self._feed.publish((exchange,))

    def ended(self, exchange: Exchange, growth: Growth) -> None:
        """Publish the last snapshot."""
        self._feed.publish((exchange,))
