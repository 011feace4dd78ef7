"""The audit log in PostgreSQL, for all replicas on one database."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from candela_tui.audit.entry import AuditError
from candela_tui.audit.log import AuditLog, make_table
from candela_tui.text.times import utc_now

_WRITING = 0x6175646974
"""The advisory lock of who writes: "audit" as a number."""


class SharedAuditLog(AuditLog):
    """The log in a database."""

    def __init__(
        self,
        engine: Callable[[], Engine],
        database: str,
        actor: str,
        via: str,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """``database`` names the database to the user."""
        super().__init__(actor, via, now)
        self._engine = engine
        self._database = database

    @property
    def _is_made(self) -> bool:
        return True

    @contextlib.contextmanager
    def _begun(self) -> Iterator[Connection]:
        with self._reading() as connection, connection.begin():
            connection.execute(select(func.pg_advisory_xact_lock(_WRITING)))
            make_table(connection)
            yield connection

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            connection = self._engine().connect()
        except (SQLAlchemyError, OSError):
            raise self._away() from None
        try:
            with connection:
                yield connection
        except SQLAlchemyError:
            raise self._away() from None

    def _away(self) -> AuditError:
        return AuditError(f"{self._database}: the audit log can't be used, as PostgreSQL does not answer")
