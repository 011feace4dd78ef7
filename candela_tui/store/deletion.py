"""Deletes sessions for a command, while candelas may be running or not."""

import contextlib
from collections.abc import Collection, Iterator

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from candela_tui.database_url import StoreLocation
from candela_tui.exchange import Outcome
from candela_tui.store.codecs import read_text, stored_text
from candela_tui.store.database import connect_to_write
from candela_tui.store.dialects import same
from candela_tui.store.errors import DamagedStore, ForeignStore, unchangeable
from candela_tui.store.interrupted_rows import mark_interrupted
from candela_tui.store.removal import Removed, bytes_to_free, free_pages, free_some, give_pages_back, remove
from candela_tui.store.schema import exchanges
from candela_tui.text.times import utc_now


class Deletion:
    """Deletes sessions, and frees their space."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def live(self, session_ids: Collection[str | None]) -> list[str | None]:
        """Return those of the sessions that have a request in flight."""
        mark_interrupted(self._connection)
        of_session = exchanges.c.session_id
        live = select(of_session).distinct().where(exchanges.c.outcome == Outcome.LIVE.value)
        with self._connection.begin():
            found = {read_text(value) for value in self._connection.execute(live).scalars()}
        return [session_id for session_id in session_ids if session_id in found]

    def delete(self, session_id: str | None) -> Removed:
        """Delete a session: after this, it is in no list. Requests in flight stay."""
        of_session = same(exchanges.c.session_id, stored_text(session_id))
        return remove(self._connection, of_session & (exchanges.c.outcome != Outcome.LIVE.value), utc_now())

    def free(self) -> Iterator[int]:
        """Free the space of everything that was deleted, and yield the bytes that are left after each step."""
        while free_some(self._connection):
            with self._connection.begin():
                left = bytes_to_free(self._connection)
            yield left
        while free_pages(self._connection) and give_pages_back(self._connection):
            yield 0


@contextlib.contextmanager
def deleting(path: StoreLocation) -> Iterator[Deletion]:
    """Open an existing store of this version for deletions. Raises StoreError."""
    try:
        connection = connect_to_write(path)
        try:
            yield Deletion(connection)
        finally:
            connection.close()
    except ForeignStore:
        raise
    except (DamagedStore, SQLAlchemyError, OSError, UnicodeDecodeError) as error:
        raise unchangeable(path, error) from error
