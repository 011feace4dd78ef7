"""The queue of exchanges to be stored: one entry per exchange, with a limit on the total size of their bodies."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from candela_tui.exchange import Exchange

_ENTRY_OVERHEAD = 10_000
"""Bytes that an entry without bodies counts for, because storing it takes work too."""
_OVERLOAD_BYTES = 24 * 2**20
_OVERLOAD_ENTRIES = 50
"""Fewer entries than this are no overload, even if a few large conversations take much memory."""
_CHUNK_OVERHEAD = 100
"""Bytes of memory that a chunk and its time take in addition to the chunk's own bytes."""


@dataclass(slots=True)
class Entry:
    """What happened to one exchange since it was last stored."""

    exchange: Exchange
    request: bytes | None = None
    chunks: list[bytes] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    provider_request: bytes | None = None
    provider_untouched: bool = False
    provider_chunks: list[bytes] = field(default_factory=list)
    provider_times: list[float] = field(default_factory=list)
    ended: bool = False
    dropped: bool = False
    """Whether later bodies were dropped because they were too large to hold in memory."""
    size: int = 0
    """Bytes of memory that the bodies take."""

    def follow_with(self, later: "Entry") -> None:
        """Append what arrived later for the same exchange."""
        self.exchange = later.exchange
        self.request = later.request if self.request is None else self.request
        self.chunks += later.chunks
        self.times += later.times
        if later.provider_request is not None:
            self.provider_request, self.provider_untouched = later.provider_request, later.provider_untouched
        self.provider_chunks += later.provider_chunks
        self.provider_times += later.provider_times
        self.ended |= later.ended
        self.dropped |= later.dropped
        self.size += later.size


class Backlog:
    """Entries in order of arrival. Every method may be called from any thread; only the waiting methods block."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._changed = threading.Condition()
        self._entries: dict[str, Entry] = {}
        self._bytes = 0
        self._enough_bytes = 0
        """How many bytes end the wait."""
        self._released: list[str] = []
        self._ended_at: float | None = None
        """When the first of the queued entries that ended was added (``time.monotonic()``)."""
        self._overflowed = False
        self._deadline: float | None = None
        self._abandoned = False

    def add(self, entry: Entry) -> bool:
        """Queue an entry. Return False if the backlog no longer accepts entries."""
        entry.size = sum(len(body) for body in (entry.request, entry.provider_request) if body)
        entry.size += sum(_CHUNK_OVERHEAD + len(chunk) for chunk in (*entry.chunks, *entry.provider_chunks))
        with self._changed:
            if self._abandoned:
                return False
            self._bytes += entry.size
            # A wait that would only go on costs the writer's thread a turn of the interpreter lock.
            ends_wait = not self._entries or (entry.ended and self._ended_at is None)
            held = self._entries.setdefault(entry.exchange.id, entry)
            if held is not entry:
                held.follow_with(entry)
            if entry.ended and self._ended_at is None:
                self._ended_at = time.monotonic()
            if self._bytes > self._most_bytes and entry.size:
                held.dropped = self._overflowed = True
            if held.dropped:
                self._empty(held)
                if held.ended:
                    self._released.append(held.exchange.id)
            if ends_wait or held.dropped or self._bytes > self._enough_bytes:
                self._changed.notify_all()
        return True

    def _empty(self, entry: Entry) -> None:
        self._bytes -= entry.size
        entry.request = entry.provider_request = None
        entry.size = 0
        entry.chunks, entry.times = [], []
        entry.provider_chunks, entry.provider_times = [], []

    def wait(self, until: float, *, patience_s: float, most_bytes: int, idle_until: float) -> None:
        """Wait until there is work to do and ``time.monotonic()`` has reached ``until``.

        Return earlier if an ended exchange has waited for ``patience_s``, if more than ``most_bytes`` are waiting, or
        if the backlog is closing; and without work at ``idle_until``.
        """
        with self._changed:
            self._enough_bytes = most_bytes
            left = idle_until - time.monotonic()
            if not self._changed.wait_for(lambda: self._entries or self._released or self.closing, left):
                return
            while not self.closing and self._bytes <= most_bytes:
                due = until if self._ended_at is None else min(until, self._ended_at + patience_s)
                if (left := due - time.monotonic()) <= 0:
                    return
                self._changed.wait(left)

    def rest(self, until: float) -> None:
        """Wait until ``time.monotonic()`` has reached ``until``, or until closing begins."""
        with self._changed:
            while not self.closing and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)

    def take(self, most_bytes: int) -> list[Entry]:
        """Return the first entries, about ``most_bytes`` in total. Pass each to ``give_back`` or ``settle`` later."""
        taken: list[Entry] = []
        size = 0
        with self._changed:
            while self._entries and size < most_bytes:
                entry = self._entries.pop(next(iter(self._entries)))
                taken.append(entry)
                size += entry.size + _ENTRY_OVERHEAD
            if not self._entries:
                self._ended_at = None
        return taken

    def give_back(self, entries: Sequence[Entry]) -> None:
        """Put entries that could not be stored back in front of those that arrived since."""
        with self._changed:
            if self._ended_at is None and any(entry.ended for entry in entries):
                self._ended_at = time.monotonic()
            since, self._entries = self._entries, {entry.exchange.id: entry for entry in entries}
            for exchange_id, later in since.items():
                held = self._entries.setdefault(exchange_id, later)
                if held is not later:
                    held.follow_with(later)
                if held.dropped:
                    self._empty(held)

    def settle(self, entry: Entry) -> None:
        """Mark an entry as finished."""
        with self._changed:
            self._bytes -= entry.size

    def take_released(self) -> list[str]:
        """Return the ids of ended exchanges whose bodies were dropped since the last call."""
        with self._changed:
            released, self._released = self._released, []
        return released

    def take_overflowed(self) -> bool:
        """Return whether bodies were dropped since the last call."""
        with self._changed:
            overflowed, self._overflowed = self._overflowed, False
        return overflowed

    @property
    def size(self) -> int:
        """Return the bytes of memory that the bodies of waiting entries, and of entries being stored, take."""
        return self._bytes

    @property
    def overloaded(self) -> bool:
        """Return whether speed matters more than disk space: many exchanges wait and their bodies take much memory."""
        return self._bytes > _OVERLOAD_BYTES and len(self._entries) > _OVERLOAD_ENTRIES

    @property
    def waiting(self) -> bool:
        """Return whether entries wait to be taken."""
        return bool(self._entries)

    @property
    def busy(self) -> bool:
        """Return whether there is work to do, or the backlog is closing."""
        return bool(self._entries or self._released) or self.closing

    @property
    def closing(self) -> bool:
        """Return whether the backlog is closing: no more entries are accepted."""
        return self._deadline is not None

    @property
    def overdue(self) -> bool:
        """Return whether the deadline for storing the last entries has passed."""
        return self._deadline is not None and time.monotonic() >= self._deadline

    def close(self, deadline: float) -> None:
        """Accept no more entries; the remaining ones may be tried until ``time.monotonic()`` reaches ``deadline``."""
        with self._changed:
            self._deadline = deadline
            self._changed.notify_all()

    def abandon(self) -> list[Entry]:
        """Stop handing out entries and return the remaining ones."""
        with self._changed:
            self._abandoned = True
            left, self._entries = list(self._entries.values()), {}
            self._bytes = 0
        return left
