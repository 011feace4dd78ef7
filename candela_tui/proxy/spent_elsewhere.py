"""Tells the budgets what other candelas with the same SQLite file spend."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from candela_tui.rules.budgets.engine import Budgets
from candela_tui.store.errors import StoreError
from candela_tui.store.reader import StoreReader

_LOOK_AGAIN_S: Final = 2.0
"""Seconds between two looks into the store. Each takes about two milliseconds of a helper thread."""


class SpentElsewhere:
    """Looks into the store while there are budgets. Used only on the proxy's event loop."""

    def __init__(self, store: StoreReader | None, budgets: Budgets, notify: Callable[[str], None]) -> None:
        self._store = store
        self._budgets = budgets
        self._notify = notify
        self._stopping = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to look. Replicas that share their budgets tell each other what they spend."""
        if self._store is not None and not self._budgets.shared:
            self._looking = asyncio.create_task(self._look(self._store), name="spent elsewhere")

    async def close(self) -> None:
        """Stop, once what is being read is counted."""
        self._stopping.set()
        if self._looking is not None:
            await self._looking

    async def _look(self, store: StoreReader) -> None:
        failed = False
        while not self._stopping.is_set():
            try:
                await self._budgets.count_newly_stored(store)
            except StoreError as error:
                if not failed:
                    self._notify(f"Budgets do not know what other candelas on this machine spend: {error}")
                failed = True
            else:
                failed = False
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _LOOK_AGAIN_S)
