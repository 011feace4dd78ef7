"""A search that runs in other threads, a few hits at a time."""

import asyncio
import threading
from collections.abc import Generator, Iterator
from itertools import islice

from candela_tui.fulltext.finder import Hit
from candela_tui.threads import call_in_thread


class RunningSearch:
    """Yields hits until it is stopped."""

    def __init__(self, found: Iterator[Hit]) -> None:
        self._found = found
        self._stopped = False
        self._lock = threading.Lock()

    async def some(self, most: int) -> list[Hit]:
        """Return the next hits, fewer than ``most`` at the end. Raises what the search raises."""
        return await asyncio.to_thread(self._some, most)

    def _some(self, most: int) -> list[Hit]:
        with self._lock:
            return [] if self._stopped else list(islice(self._found, most))

    def stop(self) -> None:
        """Close what the search has open, in a thread: it may still be looking for the next hits."""
        self._stopped = True
        call_in_thread(self._close, "search")

    def _close(self) -> None:
        with self._lock:
            if isinstance(self._found, Generator):
                self._found.close()
