"""The feed of a running candela, followed over its event stream."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from candela_tui import wire
from candela_tui.attach.client import Client
from candela_tui.attach.errors import NotSignedIn, Unreachable
from candela_tui.attach.remote_history import RemoteHistory
from candela_tui.exchange import Exchange, Outcome
from candela_tui.feed import Feed, Notice
from candela_tui.protocol.sse import ServerSentEvent, SSEDecoder
from candela_tui.store.errors import StoreError
from candela_tui.wire import About, Credentials, Gone, NotUnderstood, Snapshot

_FIRST_RETRY_S = 0.25
_LAST_RETRY_S = 2.0
_JOIN_S = 2.0


class RemoteFeed(Feed):
    """A feed filled by a thread from ``start`` to ``close``. If the other candela exits, it waits for it to return."""

    def __init__(
        self,
        client: Client,
        history: RemoteHistory,
        about: About | None = None,
        note: Callable[[About], str] | None = None,
    ) -> None:
        """``note`` returns what the dashboard says about the other candela."""
        super().__init__()
        self._note = note or _note
        self.note = self._note(about) if about else None
        self._client = client
        self._history = history
        self._closed = threading.Event()
        self._socket: socket.socket | None = None
        self._attached = False
        self._told_until: datetime | None = None
        self._thread = threading.Thread(target=self._run, name="attached", daemon=True)

    def start(self) -> None:
        """Start following the event stream. Never raises."""
        self._thread.start()

    def close(self) -> None:
        """Stop following the event stream."""
        self._closed.set()
        self._break_off()
        self._thread.join(_JOIN_S)

    def lost_by_leaving(self) -> int:
        """Return 0, because live requests belong to another process."""
        return 0

    def _run(self) -> None:
        retry_s = _FIRST_RETRY_S
        while not self._closed.is_set():
            try:
                self._follow()
            except StoreError as error:
                if self.trouble is None:
                    retry_s = _FIRST_RETRY_S
                if not self._closed.is_set():
                    self._lost(error)
            self._closed.wait(retry_s)
            retry_s = min(_LAST_RETRY_S, retry_s * 2)

    def _follow(self) -> None:
        with self._client.ask(wire.SNAPSHOTS, "events", connected=self._connected) as answer:
            decoder = SSEDecoder()
            for piece in answer.pieces():
                self._take(decoder.feed(piece))
        raise Unreachable(f"The candela on {self._client.where} has ended the stream.")

    def _connected(self, sock: socket.socket) -> None:
        self._socket = sock
        if self._closed.is_set():
            self._break_off()

    def _break_off(self) -> None:
        sock = self._socket
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _take(self, events: Iterable[ServerSentEvent]) -> None:
        exchanges: dict[str, Exchange] = {}
        for event in events:
            match event.name:
                case wire.SNAPSHOT:
                    self._begin(self._client.understood(event.data, Snapshot))
                case wire.EXCHANGE:
                    exchange = self._exchange(event.data)
                    exchanges[exchange.id] = exchange
                case wire.NOTICE:
                    self._hear(self._client.understood(event.data, Notice))
                case wire.CREDENTIALS:
                    if (state := self._client.understood(event.data, Credentials).state) is not None:
                        self.tell_credentials(state)
                case wire.MISSED:
                    self.tell_missed()
                case wire.REMOVED:
                    self.tell_removed(self._client.understood(event.data, Gone).ids)
        if exchanges:
            self.publish(tuple(exchanges.values()))

    def _exchange(self, data: bytes) -> Exchange:
        try:
            return wire.decode_exchange(data)
        except NotUnderstood as error:
            raise self._client.not_understood(error) from error

    def _begin(self, snapshot: Snapshot) -> None:
        again, self._attached, self.trouble = self._attached, True, None
        self.note = self._note(snapshot.about)
        if again:
            self.notify(f"Attached again to the candela on {self._client.where} (pid {snapshot.about.pid}).")
        # Records read before this moment may show exchanges as live that have ended since.
        self.tell_missed()
        self._settle(set(snapshot.live))

    def _hear(self, notice: Notice) -> None:
        # Each stream begins with the latest notices, so skip those already shown.
        if self._told_until is None or notice.at > self._told_until:
            self._told_until = notice.at
            self.pass_on(notice)

    def _lost(self, error: StoreError) -> None:
        if isinstance(error, NotSignedIn):
            # The stream of who is signed out breaks off first, as that of a candela that ends.
            trouble = f"You are signed out: run `candela login {self._client.where}`"
            if self.trouble != trouble:
                self.trouble = trouble
                self.notify(f"{trouble}. This dashboard attaches again then.")
        elif self.trouble is None:
            unreachable = isinstance(error, Unreachable)
            why = f"The candela on {self._client.where} no longer answers" if unreachable else str(error).rstrip(".")
            self.trouble = f"{why}; trying again"
            self.notify(f"{why}. Its records are still shown; this dashboard attaches again when it is back.")
        self._settle(set())

    def _settle(self, live: set[str]) -> None:
        """Read the outcome of exchanges that are no longer live."""
        for known in self.newer_than_store():
            if known.id in live:
                continue
            try:
                ended = self._history.exchange(known.id)
            except StoreError:
                continue
            if ended is None:
                # It began and ended before it could be stored.
                ended = replace(known, outcome=Outcome.INTERRUPTED)
            if not ended.live:
                self.publish((ended,))


def _note(about: About) -> str:
    return f"Attached to candela {about.version} (pid {about.pid}); quitting here keeps it running"
