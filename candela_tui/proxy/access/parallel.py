"""Counts the requests that are under way with each key, for keys that may have only so many at once."""

import contextlib
from collections import Counter
from collections.abc import Iterator

from candela_tui.keys.key import Key


class ParallelRequests:
    """The requests under way in this candela, by key. Used only on the proxy's event loop."""

    def __init__(self) -> None:
        self._live: Counter[str] = Counter()

    @contextlib.contextmanager
    def one(self, key: Key) -> Iterator[bool]:
        """Count a request inside the block, and say whether its key may have one more."""
        if key.parallel is None:
            yield True
            return
        if self._live[key.id] >= key.parallel:
            yield False
            return
        self._live[key.id] += 1
        try:
            yield True
        finally:
            self._live[key.id] -= 1
            if not self._live[key.id]:
                del self._live[key.id]


def parallel_words(key: Key) -> str:
    """Say that a key has as many requests under way as it may."""
    return f"the key {key.name} may have {key.parallel} requests under way at once, and has them: wait until one ends"
