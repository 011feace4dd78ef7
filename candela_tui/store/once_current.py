"""Waits until a store is of this version."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from candela_tui.store.errors import OutdatedStore

_Read = TypeVar("_Read")
_AGAIN_S: Final = 0.2
"""Seconds between two attempts."""


async def once_current(read: Callable[[], _Read], waits: Callable[[], None] = lambda: None) -> _Read:
    """Return what is read from the store in a thread, once the store is of this version: after an update, the writer
    brings it up to date. ``waits`` is called when it is not yet. Raises StoreError."""
    while True:
        try:
            return await asyncio.to_thread(read)
        except OutdatedStore:
            waits()
            await asyncio.sleep(_AGAIN_S)
