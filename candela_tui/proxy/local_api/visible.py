"""What one viewer sees of a candela: the feed, the store and the budgets, without what belongs to others.

This is the only place that decides it. The handlers of the local API read through these as they do for the user of
this machine, and find nothing else.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, Protocol

from candela_tui.exchange import Exchange, Recording
from candela_tui.feed import Feed, Follower, News
from candela_tui.ledger.ledger import EVERY_DIMENSION, Dimension, Ledger
from candela_tui.ledger.usage_report import UsageReport
from candela_tui.store.history import EVERYTHING, ExchangeQuery
from candela_tui.store.reader import StoreReader
from candela_tui.team.roles import Permission
from candela_tui.team.viewer import KeyOwner, Viewer


class ShownFollower(Protocol):
    """Hears what is new."""

    def drain(self) -> News:
        """Take everything new."""


class ShownFeed(Protocol):
    """What handlers read of the feed."""

    def follow(self, wake: Callable[[], None], /) -> ShownFollower:
        """Return a follower. ``wake`` is called when there is news."""

    def unfollow(self, follower: Any, /) -> None:
        """Stop telling a follower."""

    def newer_than_store(self) -> list[Exchange]:
        """Return the newest snapshots of exchanges that are live, or ended and not stored yet."""

    def snapshot(self, exchange_id: str, /) -> Exchange | None:
        """Return the newest snapshot of an exchange that is live, or ended and not stored yet."""

    def recording(self, exchange_id: str, /) -> Recording | None:
        """Return the bodies of an exchange that is live or just ended."""


class ShownStore(Protocol):
    """What handlers read of the store. Every method blocks and raises StoreError."""

    def exchanges(self, query: ExchangeQuery = EVERYTHING, /) -> list[Exchange]:
        """Return exchanges without their headers, oldest first."""

    def totals(
        self,
        query: ExchangeQuery = EVERYTHING,
        /,
        *,
        by: Collection[Dimension] = EVERY_DIMENSION,
        without: Collection[str] = (),
    ) -> Ledger:
        """Return the sums over exchanges."""

    def usage(self, query: ExchangeQuery, begin: Callable[[], UsageReport], /) -> UsageReport:
        """Return a report over exchanges."""

    def exchange(self, id_or_prefix: str, /) -> Exchange | None:
        """Return one exchange with its headers."""

    def request_body(self, exchange_id: str, /) -> bytes | None:
        """Return the request's body."""

    def response_body(self, exchange_id: str, /) -> bytes | None:
        """Return the answer's body."""

    def response_chunks(self, exchange_id: str, after: int = 0, /) -> tuple[list[bytes], list[float]]:
        """Return the answer's chunks, and the time of each."""

    def provider_request_body(self, exchange_id: str, /) -> bytes | None:
        """Return the body that went to the provider."""

    def provider_response_body(self, exchange_id: str, /) -> bytes | None:
        """Return the body that came from the provider."""

    def provider_response_chunks(self, exchange_id: str, after: int = 0, /) -> tuple[list[bytes], list[float]]:
        """Return the chunks that came from the provider, and the time of each."""


class Sight:
    """Whose requests a viewer sees now. Used only on the proxy's event loop, and in threads that it waits for."""

    def __init__(self, viewer: Viewer, owners: Callable[[], tuple[KeyOwner, ...]]) -> None:
        """``owners`` returns whose every key is; the same tuple until that changes."""
        self.viewer = viewer
        self._owners = owners
        self._known: tuple[KeyOwner, ...] | None = None
        self._keys: frozenset[str] = frozenset()

    @property
    def keys(self) -> frozenset[str] | None:
        """The names of the keys whose requests are visible; None for all requests."""
        if self.viewer.sees_all:
            return None
        owners = self._owners()
        if owners is not self._known:
            self._known, self._keys = owners, self.viewer.visible_keys(owners)
        return self._keys

    def shows(self, exchange: Exchange) -> bool:
        """Return whether an exchange is visible."""
        keys = self.keys
        return keys is None or exchange.key in keys

    def query(self, query: ExchangeQuery) -> ExchangeQuery:
        """Return a query for what is visible of another one."""
        return replace(query, keys=self.keys)

    def news(self, news: News) -> News:
        """Return what is visible of news. Of others' requests that were removed, only that there were some is told:
        whose they were is no longer known."""
        if self.viewer.may(Permission.READ_STATE) and self.viewer.sees_all:
            return news
        return News(
            exchanges=tuple(filter(self.shows, news.exchanges)),
            missed=news.missed or bool(news.removed),
            completed=tuple(filter(self.shows, news.completed)),
        )

    def shows_budget(self, scope: str, target: str) -> bool:
        """Return whether a budget is visible for one of its targets: one's own, and for a lead those of the team."""
        keys = self.keys
        if keys is None:
            return True
        if not target:
            return False
        match scope:
            case "key":
                return target in keys
            case "user":
                return target in self.viewer.visible_users(self._owners())
            case "team":
                return target == self.viewer.team and self.viewer.sees_team
        return False


class VisibleFeed:
    """The feed as a viewer sees it."""

    def __init__(self, feed: Feed, sight: Sight) -> None:
        self._feed = feed
        self._sight = sight

    def follow(self, wake: Callable[[], None]) -> "VisibleFollower":
        """Return a follower that hears of what is visible."""
        return VisibleFollower(self._feed.follow(wake), self._sight)

    def unfollow(self, follower: "VisibleFollower") -> None:
        """Stop telling a follower."""
        self._feed.unfollow(follower.follower)

    def newer_than_store(self) -> list[Exchange]:
        """Return the newest snapshots of visible exchanges that are live, or ended and not stored yet."""
        return list(filter(self._sight.shows, self._feed.newer_than_store()))

    def snapshot(self, exchange_id: str) -> Exchange | None:
        """Return the newest snapshot of a visible exchange that is live, or ended and not stored yet."""
        found = self._feed.snapshot(exchange_id)
        return found if found is not None and self._sight.shows(found) else None

    def recording(self, exchange_id: str) -> Recording | None:
        """Return the bodies of a visible exchange that is live or just ended."""
        return self._feed.recording(exchange_id) if self.snapshot(exchange_id) is not None else None


class VisibleFollower:
    """A follower of the feed that hears of what is visible."""

    def __init__(self, follower: Follower, sight: Sight) -> None:
        self.follower = follower
        self._sight = sight

    def drain(self) -> News:
        """Take everything new."""
        return self._sight.news(self.follower.drain())


class VisibleStore:
    """The store as a viewer sees it. Every method blocks and raises StoreError."""

    def __init__(self, store: StoreReader, sight: Sight) -> None:
        self._store = store
        self._sight = sight

    def exchanges(self, query: ExchangeQuery = EVERYTHING) -> list[Exchange]:
        """Return visible exchanges without their headers, oldest first."""
        return self._store.exchanges(self._sight.query(query))

    def totals(
        self,
        query: ExchangeQuery = EVERYTHING,
        *,
        by: Collection[Dimension] = EVERY_DIMENSION,
        without: Collection[str] = (),
    ) -> Ledger:
        """Return the sums over visible exchanges, as the store does."""
        return self._store.totals(self._sight.query(query), by=by, without=without)

    def usage(self, query: ExchangeQuery, begin: Callable[[], UsageReport]) -> UsageReport:
        """Return a report over visible exchanges, as the store does."""
        return self._store.usage(self._sight.query(query), begin)

    def exchange(self, id_or_prefix: str) -> Exchange | None:
        """Return one visible exchange with its headers."""
        found = self._store.exchange(id_or_prefix)
        return found if found is not None and self._sight.shows(found) else None

    def request_body(self, exchange_id: str) -> bytes | None:
        """Return the request's body, if the exchange is visible."""
        return self._store.request_body(exchange_id) if self._sees(exchange_id) else None

    def response_body(self, exchange_id: str) -> bytes | None:
        """Return the answer's body, if the exchange is visible."""
        return self._store.response_body(exchange_id) if self._sees(exchange_id) else None

    def response_chunks(self, exchange_id: str, after: int = 0) -> tuple[list[bytes], list[float]]:
        """Return the answer's chunks, if the exchange is visible."""
        return self._store.response_chunks(exchange_id, after) if self._sees(exchange_id) else ([], [])

    def provider_request_body(self, exchange_id: str) -> bytes | None:
        """Return the body that went to the provider, if the exchange is visible."""
        return self._store.provider_request_body(exchange_id) if self._sees(exchange_id) else None

    def provider_response_body(self, exchange_id: str) -> bytes | None:
        """Return the body that came from the provider, if the exchange is visible."""
        return self._store.provider_response_body(exchange_id) if self._sees(exchange_id) else None

    def provider_response_chunks(self, exchange_id: str, after: int = 0) -> tuple[list[bytes], list[float]]:
        """Return the chunks that came from the provider, if the exchange is visible."""
        return self._store.provider_response_chunks(exchange_id, after) if self._sees(exchange_id) else ([], [])

    def _sees(self, exchange_id: str) -> bool:
        return self.exchange(exchange_id) is not None
