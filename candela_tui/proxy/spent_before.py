"""Tell the rules what was spent before this process: the running ledger once, the budgets after each change of them."""

import asyncio
import contextlib
from datetime import datetime
from typing import Final

from candela_tui.feed import Feed
from candela_tui.ledger.running import RunningLedger
from candela_tui.providers.exchange_ids import id_at
from candela_tui.rules.budgets.books import Unreachable
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.store.errors import StoreError
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.once_current import once_current
from candela_tui.store.reader import StoreReader

_FILL_AGAIN_S: Final = 2.0
"""Seconds between two attempts to read what was spent from a database that is away."""
_FILLED_AT_ONCE: Final = 20
"""Sums added to the ledger before the loop continues with other work: about 0.1 ms."""


class SpentBefore:
    """Fills the ledger and the budgets from the store. Used only on the proxy's event loop."""

    def __init__(
        self, store: StoreReader | None, ledger: RunningLedger, budgets: Budgets, feed: Feed, started_at: datetime
    ) -> None:
        """``started_at`` is when this process began to count by itself."""
        self._store = store
        self._ledger = ledger
        self._budgets = budgets
        self._feed = feed
        self._started_at = started_at
        self._stopping = asyncio.Event()
        self._filling: asyncio.Task[None] | None = None

    def fill(self) -> None:
        """Begin to fill for the rules that are now in force; what is filled for those before them ends first."""
        self._filling = asyncio.create_task(self._fill(self._filling), name="ledger")

    async def close(self) -> None:
        """Stop trying, and wait for what is being filled."""
        self._stopping.set()
        if self._filling is not None:
            await self._filling

    async def _fill(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await before
        reader = self._store
        if reader is None:
            self._budgets.begin()
            return
        failed = False
        while not self._stopping.is_set() and self._filling is asyncio.current_task():
            try:
                await self._fill_from(reader)
            except (StoreError, Unreachable) as error:
                if not failed:
                    self._budgets.begin(incomplete=True)
                    self._feed.notify(f"Rules do not know what was spent before: {error}")
                failed = True
                if not self._budgets.shared:
                    return
                # The database may come back.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), _FILL_AGAIN_S)
            else:
                return

    async def _fill_from(self, reader: StoreReader) -> None:
        if not self._ledger.complete:
            # Ids sort by time (see ``id_at``). What another process relays from now on is not counted.
            query = ExchangeQuery(before=id_at(self._started_at))
            recorded = await once_current(lambda: reader.totals(query))
            for number, _ in enumerate(self._ledger.fill(recorded)):
                if number % _FILLED_AT_ONCE == 0:
                    await asyncio.sleep(0)
        await self._budgets.fill(reader, self._feed.newer_than_store())
