"""Where imported exchanges go: the store, or nowhere in a dry run."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from candela_tui.database_url import StoreLocation
from candela_tui.exchange import Kept
from candela_tui.imports.found import FoundExchange
from candela_tui.store.writer import StoreWriter
from candela_tui.threads import Stopped

_MOST_WAITING: Final = 32 * 2**20
"""Bytes that may wait for the writer. It would drop bodies at four times as many."""
_CHECK_S: Final = 0.2
_CLOSE_TIMEOUT_S: Final = 60.0


class Destination(Protocol):
    """Takes what an import finds."""

    def add(self, found: FoundExchange, /) -> None:
        """Store an exchange, soon. Raises Stopped."""

    def close(self) -> int:
        """Wait until everything is stored, and return how many exchanges are lost."""


class DryRun:
    """Stores nothing."""

    def add(self, found: FoundExchange, /) -> None:
        """Do nothing."""

    def close(self) -> int:
        """Return 0."""
        return 0


class StoreDestination:
    """Stores exchanges with a writer of its own, which shares the file with those of other candelas.

    ``on_problem`` is called with a message for the user from the writer's thread. While ``stopped`` returns True,
    ``add`` raises Stopped instead of waiting. ``kept`` says what is stored of each exchange besides its facts.
    """

    def __init__(
        self, path: StoreLocation, on_problem: Callable[[str], None], stopped: Callable[[], bool], kept: Kept
    ) -> None:
        self._stopped = stopped
        self._kept = kept
        self._changed = threading.Condition()
        self._waiting: dict[str, int] = {}
        self._writer = StoreWriter(path, on_problem=on_problem, on_stored=self._stored)
        self._writer.start()

    def add(self, found: FoundExchange, /) -> None:
        """Hand an exchange to the writer, once it has room. Raises Stopped."""
        self._wait(lambda: sum(self._waiting.values()) <= _MOST_WAITING)
        exchange = replace(found.exchange, kept=self._kept)
        with self._changed:
            self._waiting[exchange.id] = found.size
        if found.request is not None:
            self._writer.begin(exchange, found.request)
        self._writer.end(exchange, found.chunks, found.times)

    def close(self) -> int:
        """Wait until everything is stored, or until told to stop, and end the writer. Return how many are lost."""
        try:
            self._wait(lambda: not self._waiting)
        except Stopped:
            pass
        finally:
            self._writer.close(_CLOSE_TIMEOUT_S)
        return self._writer.lost

    def _wait(self, done: Callable[[], bool]) -> None:
        with self._changed:
            while not done():
                if self._stopped():
                    raise Stopped
                self._changed.wait(_CHECK_S)

    def _stored(self, exchange_id: str) -> None:
        with self._changed:
            self._waiting.pop(exchange_id, None)
            self._changed.notify_all()
