"""Records in the audit log who reads over the local API what users of other keys asked."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from candela_tui.audit.actor import own_user
from candela_tui.audit.log import AuditLog
from candela_tui.exchange import Exchange
from candela_tui.keys.key import Key

_MOST = 10_000
"""Requests that are remembered as recorded."""


class BodyReads:
    """Records the first time that a body is read in this process. A dashboard reads the same one again and again."""

    def __init__(self, audit: AuditLog, key_named: Callable[[str], Awaitable[Key | None]]) -> None:
        self._audit = audit
        self._key_named = key_named
        self._reader = own_user()
        """Only this user's programs can read the token."""
        self._recorded: OrderedDict[str, None] = OrderedDict()

    async def note(self, exchange: Exchange | None) -> None:
        """Record that a body of an exchange is about to be read, if its key is another user's. Raises AuditError,
        KeysError."""
        if exchange is None or exchange.key is None or exchange.id in self._recorded:
            return
        key = await self._key_named(exchange.key)
        if key is None or key.user in (None, self._reader):
            return
        read = {"key": key.name, "user": key.user, "session_id": exchange.session_id}
        await asyncio.to_thread(self._write, exchange.id, read)
        self._recorded[exchange.id] = None
        if len(self._recorded) > _MOST:
            self._recorded.popitem(last=False)

    def _write(self, exchange_id: str, read: dict[str, str | None]) -> None:
        with self._audit.writing() as write:
            write("body.read", exchange_id, None, read)
