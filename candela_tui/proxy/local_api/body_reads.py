"""Records in the audit log who reads over the local API what others asked."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from candela_tui.audit.body_read import is_of_other_user, record_body_read
from candela_tui.audit.log import AuditLog
from candela_tui.exchange import Exchange
from candela_tui.team.viewer import KeyOwner, Viewer

_MOST = 10_000
"""Requests that are remembered as recorded."""


class BodyReads:
    """Records the first time that someone reads a body in this process: a dashboard reads the same one often."""

    def __init__(
        self, audit: AuditLog, user_of: Callable[[str], Awaitable[str | None]], viewer: Viewer | None = None
    ) -> None:
        """``user_of`` returns whose a key is, by its name; None if that is not known. It may raise KeysError.
        ``viewer`` is who reads; None for the user of this machine, as only their programs can read the token."""
        self._audit = audit
        self._user_of = user_of
        self._viewer = viewer
        self._recorded: OrderedDict[tuple[str | None, str], None] = OrderedDict()

    def by(self, viewer: Viewer) -> "BodyReads":
        """Return what records the reading of someone else."""
        theirs = BodyReads(self._audit, self._user_of, viewer)
        theirs._recorded = self._recorded
        return theirs

    async def note(self, exchange: Exchange) -> None:
        """Record that a body of an exchange is about to be read, if it is another user's. Raises AuditError,
        KeysError."""
        reader = self._viewer.name if self._viewer is not None else None
        if (reader, exchange.id) in self._recorded:
            return
        user = await self._user_of(exchange.key) if exchange.key is not None else None
        if self._is_own(exchange, user):
            return
        await asyncio.to_thread(
            record_body_read,
            self._audit,
            exchange.id,
            key=exchange.key,
            user=user,
            session_id=exchange.session_id,
            reader=reader,
        )
        self._recorded[reader, exchange.id] = None
        if len(self._recorded) > _MOST:
            self._recorded.popitem(last=False)

    def _is_own(self, exchange: Exchange, user: str | None) -> bool:
        if self._viewer is None:
            return not is_of_other_user(user)
        return exchange.key is not None and self._viewer.is_own(KeyOwner(exchange.key, user, None))
