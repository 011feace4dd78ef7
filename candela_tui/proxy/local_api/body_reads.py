"""Records in the audit log who reads over the local API what users of other keys asked."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from candela_tui.audit.actor import own_user
from candela_tui.audit.log import AuditLog
from candela_tui.exchange import Exchange

_MOST = 10_000
"""Requests that are remembered as recorded."""


class BodyReads:
    """Records the first time that a body is read in this process. A dashboard reads the same one again and again."""

    def __init__(self, audit: AuditLog, user_of: Callable[[str], Awaitable[str | None]]) -> None:
        """``user_of`` returns whose a key is, by its name; None if that is not known. It may raise KeysError."""
        self._audit = audit
        self._user_of = user_of
        self._reader = own_user()
        """Only this user's programs can read the token."""
        self._recorded: OrderedDict[str, None] = OrderedDict()

    async def note(self, exchange: Exchange) -> None:
        """Record that a body of an exchange is about to be read, if its key is another user's. Raises AuditError,
        KeysError."""
        if exchange.key is None or exchange.id in self._recorded:
            return
        user = await self._user_of(exchange.key)
        if user in (None, self._reader):
            return
        read = {"key": exchange.key, "user": user, "session_id": exchange.session_id}
        await asyncio.to_thread(self._write, exchange.id, read)
        self._recorded[exchange.id] = None
        if len(self._recorded) > _MOST:
            self._recorded.popitem(last=False)

    def _write(self, exchange_id: str, read: dict[str, str | None]) -> None:
        with self._audit.writing() as write:
            write("body.read", exchange_id, None, read)
