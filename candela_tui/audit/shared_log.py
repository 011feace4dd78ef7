"""The audit log in PostgreSQL, for all replicas on one database."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import Connection, func, select

from candela_tui.audit.log import AuditLog, make_table
from candela_tui.text.times import utc_now

_WRITING = 0x6175646974
"""The advisory lock of who writes: "audit" as a number."""


class SharedAuditLog(AuditLog):
    """The log in a database."""

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Connection]],
        actor: str,
        via: str,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """``transaction`` provides a connection whose changes are kept at the end of the block, and raises
        AuditError."""
        super().__init__(actor, via, now)
        self._transaction = transaction

    @property
    def _is_made(self) -> bool:
        return True

    @contextlib.contextmanager
    def _begun(self) -> Iterator[Connection]:
        with self._transaction() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(_WRITING)))
            make_table(connection)
            yield connection

    def _reading(self) -> AbstractContextManager[Connection]:
        return self._transaction()
