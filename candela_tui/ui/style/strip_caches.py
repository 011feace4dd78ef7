"""Textual's strips without their caches.

A ``Strip`` is one drawn line of a widget, and has seven caches of what was cut out of it or styled again. A dashboard
in use makes thousands of strips a second. Their caches were most of what the garbage collector had to look at, and as a
cache may hold its own strip, only the collector could free them. Its pauses stop every stream that the proxy relays.
The caches save less time than they take: candela keeps the strips of its lists and texts itself.
"""

from typing import Any, Final

import textual.strip


class _NoCache:
    """Stands in for a ``textual.cache.FIFOCache`` and keeps nothing, so that all strips can share one."""

    def get(self, key: object, default: Any = None) -> Any:
        """Return the default."""
        return default

    def __setitem__(self, key: object, value: object) -> None:
        """Do nothing."""

    def clear(self) -> None:
        """Do nothing."""


_NO_CACHE: Final = _NoCache()


def leave_out_strip_caches() -> None:
    """Let every strip that is made from now on do without caches."""
    vars(textual.strip)["FIFOCache"] = _no_cache


def _no_cache(_size: int) -> _NoCache:
    return _NO_CACHE
