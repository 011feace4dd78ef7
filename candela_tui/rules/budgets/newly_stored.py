"""Finds what other candelas store in the same file, so that each request counts once in budgets."""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from candela_tui.exchange import Exchange
from candela_tui.providers.exchange_ids import id_at
from candela_tui.store.reader import StoreReader

_LATE: Final = timedelta(minutes=1)
"""How long after its request began a process may first store it, beyond the time between two looks."""
_AT_ONCE: Final = 1000
"""Ids that are read in one transaction."""


class NewlyStored:
    """Which exchanges are counted already, and which have to be looked at in the store. Used on the proxy's loop.

    The ids of exchanges sort by the time at which they began. A look lists those that began shortly before the last
    look or later, and those that were live then. What is counted is known by its id for as long as it may be listed.
    """

    def __init__(self, moment: datetime) -> None:
        """What began shortly before a moment or later is listed first."""
        self._since = id_at(moment - _LATE)
        """The id from which on exchanges are listed."""
        self._counted: set[str] = set()
        self._open: set[str] = set()
        """Exchanges that are in the store and not counted, such as those whose answers have not ended."""

    def __contains__(self, exchange_id: str) -> bool:
        """Whether an exchange is counted. It is not known of those that are neither listed nor looked at any more."""
        return exchange_id in self._counted

    def count(self, exchange_id: str) -> None:
        """Note that an exchange is counted, or never has to be."""
        self._open.discard(exchange_id)
        self._counted.add(exchange_id)

    def count_read(self, exchange_id: str) -> None:
        """Note that one is counted which was read from the store and is read again only if it is listed."""
        self._open.discard(exchange_id)
        if exchange_id >= self._since:
            self._counted.add(exchange_id)

    def expect(self, exchange_id: str) -> None:
        """Look until an exchange has ended."""
        self._open.add(exchange_id)

    async def look(self, store: StoreReader, own: Collection[str], now: datetime) -> list[Exchange]:
        """Return the exchanges that ended and are not counted, with what they cost. ``own`` are those of this process
        that are live: it counts them itself. The caller notes those that it counts. Raises StoreError."""
        listed = await asyncio.to_thread(_ids_from, store, self._since)
        wanted = self._open.union(listed) - self._counted - set(own)
        found = await asyncio.to_thread(store.costs_of, wanted) if wanted else []
        # What is gone from the store counts no more.
        self._open.intersection_update(exchange.id for exchange in found)
        for exchange in found:
            if exchange.id not in self._counted:
                self.expect(exchange.id)
        since = id_at(now - _LATE)
        if since > self._since:
            self._since = since
            self._counted = {each for each in self._counted if each >= since}
        return [exchange for exchange in found if not exchange.live and exchange.id not in self._counted]


def _ids_from(store: StoreReader, exchange_id: str) -> list[str]:
    found: list[str] = []
    last = exchange_id
    while True:
        page = store.listed_after(last, _AT_ONCE)
        found += [listed.id for listed in page]
        if len(page) < _AT_ONCE:
            return found
        last = page[-1].id
