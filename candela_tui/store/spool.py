"""Keeps what ended while PostgreSQL does not answer: in a SQLite store beside the settings, until it answers again."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from candela_tui.file_lock import locked
from candela_tui.store.backlog import Entry
from candela_tui.store.bodies import unpack_part
from candela_tui.store.database import connect_to_write
from candela_tui.store.dialects import writing
from candela_tui.store.entry_writer import write_entries
from candela_tui.store.errors import DamagedStore, ForeignStore, StoreError
from candela_tui.store.lanes import Lanes
from candela_tui.store.migrate import bring_up_to_date
from candela_tui.store.reader import StoreReader

_MOST_BYTES: Final = 2**30
"""The size of the file from which nothing is added to it."""
_MOST_BASES: Final = 4 * 2**20
_AT_ONCE: Final = 8
_UNUSABLE: Final = (SQLAlchemyError, OSError, DamagedStore, ForeignStore, UnicodeDecodeError)


class Spool:
    """A file that several candelas of a user may add to, and read one at a time. Used only by writers' threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = StoreReader(path)
        self._after = ""
        """The id of the last exchange that was read."""
        self.waiting = 0
        """Exchanges in the file that were not read yet, as far as this process knows."""
        with contextlib.suppress(StoreError):
            self.waiting = self._reader.count_ended()

    def keep(self, entries: Sequence[Entry]) -> bool:
        """Add entries that ended. Return False if that is not possible: then none of them was added."""
        try:
            if self.path.exists() and self.path.stat().st_size > _MOST_BYTES:
                return False
            with locked(self.path), contextlib.closing(connect_to_write(self.path)) as connection:
                bring_up_to_date(connection, self.path)
                with writing(connection):
                    write_entries(connection, entries, {}, Lanes(_MOST_BASES))
        except _UNUSABLE:
            return False
        # An exchange that began before the last one that was read may have ended after it: all are read again.
        self._after = ""
        try:
            self.waiting = self._reader.count_ended()
        except StoreError:
            self.waiting += len(entries)
        return True

    def read(self) -> list[Entry]:
        """Return the next entries, and none after the last. Raises StoreError."""
        if not self.path.exists():
            return []
        listed = self._reader.listed_after(self._after, _AT_ONCE)
        return [entry for each in listed if (entry := self._entry(each.id)) is not None]

    def _entry(self, exchange_id: str) -> Entry | None:
        exchange = self._reader.exchange(exchange_id)
        if exchange is None:
            return None
        entry = Entry(exchange, self._reader.request_body(exchange_id), ended=True)
        entry.chunks, entry.times = self._reader.response_chunks(exchange_id)
        # Of what the provider sent, the file may have the end, and the database the beginning.
        entry.provider_request, entry.provider_untouched, parts = self._reader.provider_side(exchange_id)
        for chunks, times in map(unpack_part, parts):
            entry.provider_chunks += chunks
            entry.provider_times += times
        return entry

    def settle(self, entries: Sequence[Entry]) -> None:
        """Go on behind these entries, which are in the database now."""
        self._after = entries[-1].exchange.id if entries else self._after
        self.waiting = max(0, self.waiting - len(entries))

    @property
    def empty(self) -> bool:
        """Whether everything was read. Raises StoreError."""
        return not self._reader.listed_after(self._after, 1)

    def remove(self) -> None:
        """Delete the file: everything in it was settled."""
        self._after, self.waiting = "", 0
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                self.path.with_name(f"{self.path.name}{suffix}").unlink(missing_ok=True)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep others from adding to the file, and from reading it."""
        with locked(self.path):
            yield
