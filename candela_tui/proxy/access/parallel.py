"""Counts the requests that are under way with each key, for keys that may have only so many at once."""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable

from candela_tui.config import Settings
from candela_tui.database_url import database_url
from candela_tui.keys.key import Key


class ParallelRequests:
    """The requests under way in this candela, by the id of their key. Used only on the proxy's event loop."""

    def __init__(self) -> None:
        self._live: Counter[str] = Counter()

    def open(self) -> None:
        """Begin to know of other replicas, if there are any."""

    async def close(self) -> None:
        """Let other replicas know that nothing is under way here."""

    @contextlib.asynccontextmanager
    async def one(self, key: Key) -> AsyncIterator[bool]:
        """Count a request inside the block, and say whether its key may have one more."""
        if key.parallel is None:
            yield True
        elif not await self._take(key.id, key.parallel):
            yield False
        else:
            try:
                yield True
            finally:
                self._give_back(key.id)

    async def _take(self, key_id: str, most: int) -> bool:
        return self._take_here(key_id, most)

    def _take_here(self, key_id: str, most: int) -> bool:
        """Count a request, if this candela has fewer of its key."""
        if self._live[key_id] >= most:
            return False
        self._live[key_id] += 1
        return True

    def _give_back(self, key_id: str) -> None:
        self._live[key_id] -= 1
        if not self._live[key_id]:
            del self._live[key_id]


def parallel_requests(settings: Settings, notify: Callable[[str], None]) -> ParallelRequests:
    """Return what counts: this candela alone, or, with ``[store] url``, all replicas together. ``notify`` is told if
    that is not possible."""
    if settings.store.url is None:
        return ParallelRequests()
    # Import it here: most users have no database server.
    from candela_tui.proxy.access.shared_parallel import SharedParallelRequests
    from candela_tui.store.impatient_engine import impatient_engine

    url = database_url(settings.store.url)
    return SharedParallelRequests(lambda: impatient_engine(url), notify)


def parallel_words(key: Key) -> str:
    """Say that a key has as many requests under way as it may."""
    return f"the key {key.name} may have {key.parallel} requests under way at once, and has them: wait until one ends"
