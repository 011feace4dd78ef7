"""The seam between the proxy and its watchers: the dashboard and the local API.

The proxy's thread publishes snapshots; any number of followers in other threads drain them at their own pace.
A follower that stops draining costs at most one snapshot an exchange, up to a bound.
"""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from candela_tui.credentials.state import CredentialState
from candela_tui.exchange import Exchange, Recording
from candela_tui.providers.identity import Provider
from candela_tui.storing import Storing
from candela_tui.telemetry_state import TelemetryState
from candela_tui.text.times import utc_now

_MOST_PENDING = 5000
_MOST_NOTICES = 100


@dataclass(frozen=True, slots=True)
class Notice:
    """A message for the user; it is in the log, too."""

    text: str
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class News:
    """Everything new since the last drain: the newest snapshot of each exchange that changed, oldest change first."""

    exchanges: tuple[Exchange, ...] = ()
    notices: tuple[Notice, ...] = ()
    missed: bool = False
    """More exchanges changed than may be pending for one follower: the oldest are only in the store."""
    credentials: tuple[CredentialState, ...] = ()
    """The newest state of each provider's credentials that changed."""
    removed: tuple[str, ...] = ()
    """The ids of exchanges that are no longer in the store."""
    completed: tuple[Exchange, ...] = ()
    """Exchanges that ended earlier, with what was worked out of them since."""


class Follower:
    """One reader of the feed. ``wake`` is called from the publishing thread when there is news after a drain; where
    it raises RuntimeError (its event loop is closed), the reader is gone and is removed."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._on_news = wake
        self._lock = threading.Lock()
        self._pending: OrderedDict[str, Exchange] = OrderedDict()
        self._notices: list[Notice] = []
        self._credentials: dict[Provider, CredentialState] = {}
        self._removed: list[str] = []
        self._completed: OrderedDict[str, Exchange] = OrderedDict()
        self._missed = False
        self._awake = False

    def drain(self) -> News:
        """Take everything new. May be called from any thread."""
        with self._lock:
            news = News(
                tuple(self._pending.values()),
                tuple(self._notices),
                self._missed,
                tuple(self._credentials.values()),
                tuple(self._removed),
                tuple(self._completed.values()),
            )
            self._pending = OrderedDict()
            self._notices = []
            self._credentials = {}
            self._removed = []
            self._completed = OrderedDict()
            self._missed = self._awake = False
        return news

    def _push(
        self,
        exchanges: tuple[Exchange, ...],
        notices: Iterable[Notice] = (),
        *,
        missed: bool = False,
        credentials: Iterable[CredentialState] = (),
        removed: Iterable[str] = (),
        completed: Iterable[Exchange] = (),
    ) -> bool:
        """Add news. Returns whether the reader must be woken."""
        with self._lock:
            self._missed |= missed
            for exchange in exchanges:
                self._pending[exchange.id] = exchange
                self._pending.move_to_end(exchange.id)
            while len(self._pending) > _MOST_PENDING:
                self._pending.popitem(last=False)
                self._missed = True
            self._notices = [*self._notices, *notices][-_MOST_NOTICES:]
            self._credentials |= {state.provider: state for state in credentials}
            self._completed |= {exchange.id: exchange for exchange in completed}
            while len(self._completed) > _MOST_PENDING:
                self._completed.popitem(last=False)
                self._missed = True
            for exchange_id in removed:
                self._pending.pop(exchange_id, None)
                self._completed.pop(exchange_id, None)
                self._removed.append(exchange_id)
            changed = self._pending or self._completed or self._removed
            news = changed or self._notices or self._missed or self._credentials
            return not self._awake and bool(news)

    def _wake(self) -> None:
        """Wake the reader, unless it was woken since its last drain."""
        with self._lock:
            if self._awake:
                return
            self._awake = True
        self._on_news()


class Feed:
    """Publishes snapshots to followers, and holds the snapshots and bodies that the store does not have yet."""

    def __init__(self, on_notice: Callable[[str], None] | None = None) -> None:
        """``on_notice`` gets the text of each notice of this process, in the thread that gives it."""
        self._on_notice = on_notice
        self._lock = threading.Lock()
        self._followers: tuple[Follower, ...] = ()
        self._live: dict[str, Exchange] = {}
        self._ended: dict[str, Exchange] = {}
        """Exchanges that ended, and whose end is not in the store yet."""
        self._recordings: dict[str, Recording] = {}
        self._published_at = -math.inf
        self._notices: list[Notice] = []
        self._credentials: dict[Provider, CredentialState] = {}
        self.storing: Callable[[], Storing] = Storing
        """Returns the state of storing; the owner of the store sets it."""
        self.telemetry: Callable[[], tuple[TelemetryState, ...]] = tuple
        """Returns how sending telemetry goes, to each place; the owner of the sinks sets it."""
        self.note: str | None = None
        """The source of the news, if it is not this process."""
        self.trouble: str | None = None
        """The reason why no news arrives, for the user; None: news arrives. A notice follows every change of either."""

    def follow(self, wake: Callable[[], None]) -> Follower:
        """Start following: the first drain has what is live or not stored yet, and the latest notices."""
        follower = Follower(wake)
        # Under the lock, so that what is live now can't overtake the news of its end.
        with self._lock:
            self._followers = (*self._followers, follower)
            asleep = follower._push(
                (*self._ended.values(), *self._live.values()), self._notices, credentials=self.credentials
            )
        self._wake([follower] if asleep else [])
        return follower

    def unfollow(self, follower: Follower) -> None:
        """Stop following."""
        with self._lock:
            self._followers = tuple(other for other in self._followers if other is not follower)

    def publish(self, exchanges: tuple[Exchange, ...]) -> None:
        """Publish new snapshots."""
        with self._lock:
            self._published_at = time.monotonic()
            for exchange in exchanges:
                if exchange.live:
                    self._live[exchange.id] = exchange
                else:
                    self._live.pop(exchange.id, None)
                    if exchange.id in self._recordings:
                        self._ended[exchange.id] = exchange
            asleep = [follower for follower in self._followers if follower._push(exchanges)]
        self._wake(asleep)

    def notify(self, text: str) -> None:
        """Give the user a notice. A repetition of the latest one is left out."""
        self.pass_on(Notice(text))

    def pass_on(self, notice: Notice) -> None:
        """Give the user a notice that another process made."""
        with self._lock:
            if self._notices and self._notices[-1].text == notice.text:
                return
            self._notices = [*self._notices, notice][-_MOST_NOTICES:]
            asleep = [follower for follower in self._followers if follower._push((), (notice,))]
        if self._on_notice is not None:
            self._on_notice(notice.text)
        self._wake(asleep)

    @property
    def credentials(self) -> tuple[CredentialState, ...]:
        """The state of each provider's credentials, as far as it is known."""
        return tuple(self._credentials.values())

    def tell_credentials(self, state: CredentialState) -> None:
        """Publish the state of a provider's credentials."""
        with self._lock:
            if self._credentials.get(state.provider) == state:
                return
            self._credentials = self._credentials | {state.provider: state}
            asleep = [follower for follower in self._followers if follower._push((), credentials=(state,))]
        self._wake(asleep)

    def tell_missed(self) -> None:
        """Publish that exchanges changed whose snapshots are only in the store."""
        with self._lock:
            asleep = [follower for follower in self._followers if follower._push((), missed=True)]
        self._wake(asleep)

    def tell_completed(self, exchanges: Sequence[Exchange]) -> None:
        """Publish what was worked out of ended exchanges, which are in the store."""
        with self._lock:
            asleep = [follower for follower in self._followers if follower._push((), completed=exchanges)]
        self._wake(asleep)

    def tell_removed(self, exchange_ids: Sequence[str]) -> None:
        """Publish that ended exchanges were removed from the store."""
        with self._lock:
            asleep = [follower for follower in self._followers if follower._push((), removed=exchange_ids)]
        self._wake(asleep)

    def _wake(self, followers: Iterable[Follower]) -> None:
        for follower in followers:
            try:
                follower._wake()
            except RuntimeError:
                self.unfollow(follower)

    def live_count(self) -> int:
        """Return the number of live exchanges."""
        return len(self._live)

    def quiet_s(self) -> float:
        """Return for how many seconds no exchange has been live; 0 while one is."""
        return 0.0 if self._live else time.monotonic() - self._published_at

    def unstored_count(self) -> int:
        """Return the number of exchanges that ended and are not in the store yet."""
        return len(self._ended)

    def lost_by_leaving(self) -> int:
        """Return the number of live exchanges that end with this process."""
        return self.live_count()

    def newer_than_store(self) -> list[Exchange]:
        """Return the newest snapshots of exchanges that are live, or ended and not stored yet."""
        with self._lock:
            return [*self._live.values(), *self._ended.values()]

    def snapshot(self, exchange_id: str) -> Exchange | None:
        """Return the newest snapshot of an exchange that is live, or ended and not stored yet; None: ask the store."""
        with self._lock:
            return self._live.get(exchange_id) or self._ended.get(exchange_id)

    def keep(self, exchange_id: str, recording: Recording) -> None:
        """Hold the bodies of an exchange until ``release``."""
        self._recordings[exchange_id] = recording

    def let_go(self, exchange_id: str, chunks: int, provider_chunks: int) -> None:
        """Free the first chunks of each side of a live answer, which are in the store."""
        recording = self._recordings.get(exchange_id)
        if recording is None:
            return
        recording.let_go(chunks)
        provider = recording.provider
        if provider is not None and provider.chunks is not recording.chunks:
            provider.let_go(provider_chunks)

    def release(self, exchange_id: str) -> None:
        """Free an exchange that is in the store, or too large to hold."""
        with self._lock:
            self._recordings.pop(exchange_id, None)
            self._ended.pop(exchange_id, None)

    def recording(self, exchange_id: str) -> Recording | None:
        """Return the bodies of an exchange that is live or just ended; None: ask the store."""
        return self._recordings.get(exchange_id)
