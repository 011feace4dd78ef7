"""The thread that keeps the full-text index up to date while candela runs."""

import math
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from candela_tui.file_lock import locked_now
from candela_tui.fulltext.index import delete_index, is_damage
from candela_tui.fulltext.indexer import Indexer
from candela_tui.store.errors import StoreError
from candela_tui.store.sequential_reader import SequentialReader
from candela_tui.threads import Pace, Stopped

_LOOKS_EVERY_S: Final = 2.0
"""Seconds between two looks at whether the store changed."""
_RETRY_S: Final = 30.0

_State = tuple[tuple[int, int] | None, ...]


class IndexerThread:
    """Indexes in the background from ``start`` to ``close``. What another process indexes, this one leaves to it.

    ``on_problem`` is called from the thread with a message for the user.
    """

    def __init__(
        self,
        index: Path,
        store: Path,
        on_problem: Callable[[str], None],
        quiet_s: Callable[[], float] = lambda: math.inf,
    ) -> None:
        """``quiet_s`` says for how many seconds no stream has been live: the thread waits for a quiet moment, but not
        for long, and rests nearly all of the time while there is none."""
        self._index_file = index
        self._store_file = store
        self._on_problem = on_problem
        self._told = ""
        self._stop = threading.Event()
        self._indexer: Indexer | None = None
        self._pace = Pace(self._stop, quiet_s)
        self._thread = threading.Thread(target=self._run, name="candela-index", daemon=True)

    def start(self) -> None:
        """Start the thread. Never raises: without it, searching only finds what was indexed before."""
        with suppress(RuntimeError):
            self._thread.start()

    def close(self, timeout_s: float) -> None:
        """End the thread. What it was about to index, it indexes the next time."""
        self._stop.set()
        if (indexer := self._indexer) is not None:
            # If the connection was closed meanwhile, there is nothing to end.
            with suppress(sqlite3.Error):
                indexer.interrupt()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._work()
            except Stopped:
                return
            except StoreError:
                # Whoever reads or writes the store says what is wrong with it.
                pass
            except (sqlite3.Error, OSError) as error:
                if is_damage(error):
                    with suppress(OSError):
                        delete_index(self._index_file)
                elif not self._stop.is_set():
                    self._tell(f"{self._index_file} can't be written ({error}): the search does not find what is new.")
            except Exception as error:  # noqa: BLE001 - the relay goes on whatever happens to the index
                self._tell(f"The search stopped on a fault of candela's own ({type(error).__name__}: {error}).")
                return
            self._stop.wait(_RETRY_S)

    def _tell(self, words: str) -> None:
        if words != self._told:
            self._told = words
            self._on_problem(words)

    def _work(self) -> None:
        with locked_now(self._index_file) as held:
            if not held:
                return
            store = SequentialReader(self._store_file)
            indexer = self._indexer = Indexer(self._index_file, store, self._pace.pause)
            try:
                self._keep_up(indexer)
            finally:
                self._indexer = None
                indexer.close()
                store.close()

    def _keep_up(self, indexer: Indexer) -> None:
        seen: _State = ()
        whole = True
        while True:
            self._pace.begin()
            state = self._state()
            if state != seen:
                indexer.compare(whole=whole)
                seen, whole = state, False
            look_at = time.monotonic() + _LOOKS_EVERY_S
            while (indexer.add_some() or indexer.tidy_some()) and time.monotonic() < look_at:
                self._pace.pause()
            if self._stop.wait(max(0.0, look_at - time.monotonic())):
                raise Stopped

    def _state(self) -> _State:
        """Return what changes whenever the store does."""
        wal = self._store_file.with_name(f"{self._store_file.name}-wal")
        return tuple(map(_state_of_file, (self._store_file, wal)))


def _state_of_file(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
