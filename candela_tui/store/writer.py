"""The thread that writes the store, the only one that does."""

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from candela_tui.database_url import DatabaseUrl, StoreLocation
from candela_tui.exchange import ClientReport, Exchange, ProviderSide
from candela_tui.store.audit_retention import AuditRetention
from candela_tui.store.backlog import Backlog, Entry
from candela_tui.store.client_reports import WaitingReports, write_reports
from candela_tui.store.database import FileIdentity, connect_to_write, damage, driver_connection, identity_of
from candela_tui.store.dialects import on_postgres, writing
from candela_tui.store.entry_writer import stored_progress, write_entries
from candela_tui.store.errors import (
    DamagedStore,
    ForeignStore,
    StoreError,
    Trouble,
    is_about_statement,
    said,
    trouble_of,
    unwritable,
)
from candela_tui.store.housekeeping import Housekeeping
from candela_tui.store.interrupted_rows import mark_interrupted
from candela_tui.store.lanes import Lanes
from candela_tui.store.migrate import bring_up_to_date
from candela_tui.store.postgres import NoDriver
from candela_tui.store.process_locks import hold_process_lock
from candela_tui.store.responses import Progress
from candela_tui.store.results import Parts, Waiting, WaitingResults, write_results
from candela_tui.store.retention import Limits
from candela_tui.store.set_aside import set_aside
from candela_tui.store.spool import Spool
from candela_tui.text import amounts
from candela_tui.text.times import Clock

_MOST_QUEUED: Final = 128 * 2**20
_MOST_BASES: Final = 16 * 2**20
_BETWEEN_BATCHES_S: Final = 0.2
_SHARE_OF_TIME: Final = 4
"""The writer pauses after each batch for this many times the batch's duration, to leave the processor to the relay.
It does not pause while an ended exchange, or much data, waits."""
_ENDED_WAITS_S: Final = 0.02
"""How long an ended exchange waits for others to be stored with it, in seconds. It was already reported, so it must
survive a kill of the process: including the commit, it is on disk after 30 ms."""
_MUCH: Final = 8 * 2**20
"""Bytes that are stored without a pause, and the maximum per transaction."""
_FIRST_RETRY_S: Final = 0.1
_LAST_RETRY_S: Final = 5.0

_LOOKS_EVERY_S: Final = 1.0
"""Seconds between two looks for a file that was removed, while there is nothing to store."""
_LARGE: Final = 4 * 2**20
"""Bytes of a live response above which its stored chunks are released from memory."""
_LONGEST_CHECK_S: Final = 2.0
"""How long an idle writer checks the file for damage, in seconds: enough for about 1 GB."""

_SPOOLS_AFTER_S: Final = 10.0
"""How long what ended waits in memory for a server that does not answer, in seconds."""
_SHARE_TO_STORE: Final = 0.5
"""The share of the time to close in which what waits is stored, and not put into the spool."""
_SPOOLED_AT_ONCE: Final = 32 * 2**20

_UNSTORABLE = (DamagedStore, SQLAlchemyError, sqlite3.Error, OSError, ValueError, TypeError, ArithmeticError)
"""What a transaction may fail with: errors of the database, of the file system, or of a value that doesn't fit."""


logger = logging.getLogger(__name__)


class StoreWriter:
    """Stores exchanges in the background.

    ``on_problem`` is called from the writer's thread with a message for the user. ``on_stored`` is called with the id
    of an ended exchange once its bodies are committed, or never will be: from the writer's thread, or from the caller's
    after the writer gave up or was closed.
    ``on_part_stored`` is called from the writer's thread with the id of a large live response and the number of its
    first chunks that are committed, for each side.
    ``on_removed`` is called from the writer's thread with the ids of exchanges that this process removed (see
    ``limits``), or another one.
    """

    def __init__(
        self,
        path: StoreLocation,
        *,
        on_problem: Callable[[str], None],
        on_stored: Callable[[str], None],
        on_part_stored: Callable[[str, int, int], None] | None = None,
        on_removed: Callable[[Sequence[str]], None] | None = None,
        limits: Limits | None = None,
        clock: Clock | None = None,
        most_queued: int = _MOST_QUEUED,
        spool: Spool | None = None,
        audit: AuditRetention | None = None,
    ) -> None:
        """``spool``: where to keep what ended while the store can't be written for long, or candela ends meanwhile.
        ``audit``: removes what is too old in the audit log, which has no thread of its own."""
        self._path = path
        self._on_problem = on_problem
        self._on_stored = on_stored
        self._on_part_stored = on_part_stored
        self._on_removed = on_removed
        self._housekeeping = Housekeeping(limits or Limits(), clock or Clock(), self._forget_removed, on_problem, audit)
        self._backlog = Backlog(most_queued)
        self._results = WaitingResults()
        self._reports = WaitingReports()
        self.on_reported: Callable[[Sequence[str]], None] = lambda _: None
        """Called from the writer's thread with the ids of exchanges that the client reported on."""
        self._lanes = Lanes(_MOST_BASES)
        self._progress: dict[str, Progress] = {}
        self._in_doubt: set[str] = set()
        """Exchanges that may have been written when the server was lost."""
        self._spool = spool
        self._lost_at: float | None = None
        """Since when nothing can be stored (``time.monotonic()``)."""
        self._connection: Connection | None = None
        self._opened: FileIdentity | None = None
        self._checked = False
        """Whether the open file was checked, or is too large to check."""
        self._told: Trouble | None = None
        self._told_overflow = False
        self._retry_s = 0.0
        self._rejected = False
        """Whether the last statement failed on a file that opened well."""
        self._thread = threading.Thread(target=self._run, name="candela-store", daemon=True)
        self.stored = 0
        """How many ended exchanges were committed."""
        self.lost = 0
        """How many ended exchanges could not be stored and are lost."""
        self.trouble: str | None = None
        """Why nothing can be stored at the moment, as a message."""

    def start(self) -> None:
        """Start the thread, which opens the store. Never raises; problems are reported to ``on_problem``."""
        try:
            self._thread.start()
        except RuntimeError as error:
            self._stop_storing(f"Nothing is stored: no thread for it could be started ({error}). Start candela again.")
            self._abandon()

    def begin(self, exchange: Exchange, request: bytes) -> None:
        """Record that an exchange began. ``request`` is its whole body."""
        self._add(Entry(exchange, request))

    def grow(
        self,
        exchange: Exchange,
        chunks: Sequence[bytes],
        times: Sequence[float],
        provider: ProviderSide | None = None,
    ) -> None:
        """Record more of the response: the chunks since the last call, each with its time in ms. ``provider`` is what
        was exchanged with the provider since then, with its request in the first call; None if it equals the
        client's side."""
        self._add(_entry(exchange, chunks, times, provider, ended=False))

    def end(
        self,
        exchange: Exchange,
        chunks: Sequence[bytes],
        times: Sequence[float],
        provider: ProviderSide | None = None,
    ) -> None:
        """Record that the exchange ended. The chunks are those since the last ``grow``."""
        self._add(_entry(exchange, chunks, times, provider, ended=True))

    def add_results(
        self,
        exchanges_with_results: Sequence[Exchange],
        then: Callable[[], None] = lambda: None,
        parts: Parts = MappingProxyType({}),
    ) -> None:
        """Store what was worked out of these exchanges, and the parts of their context windows, within about a second.
        ``then`` is called from the writer's thread once that is committed. If it can't be stored, it is dropped: it can
        be worked out again."""
        self._results.add(Waiting(exchanges_with_results, parts, then))

    def add_reports(self, reports: Sequence[ClientReport]) -> None:
        """Join what the client's telemetry says to the stored exchanges, within about a second."""
        self._reports.add(reports)

    def _add(self, entry: Entry) -> None:
        if not self._backlog.add(entry) and entry.ended:
            self.lost += 1
            self._on_stored(entry.exchange.id)

    def close(self, timeout_s: float) -> None:
        """Store the queued entries, for up to ``timeout_s`` seconds, and end the thread."""
        # What is left then is put into the spool, which takes a while, too.
        self._backlog.close(time.monotonic() + timeout_s * (_SHARE_TO_STORE if self._spool is not None else 1))
        if self._thread.ident is None:
            self._abandon()
        else:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - the relay goes on whatever happens to the store
            self._stop_storing(
                f"The store {self._path} stopped on a fault of candela's own ({type(error).__name__}: {error}). "
                f"Requests go on, but are not kept until candela is started again."
            )
        finally:
            self._disconnect()
            self._abandon()

    def _stop_storing(self, words: str) -> None:
        self.trouble = words
        self._on_problem(words)

    def _work(self) -> None:
        next_batch = 0.0
        while True:
            self._tell_dropped()
            started = time.monotonic()
            if self._connection is not None and not self._backlog.busy and identity_of(self._path) != self._opened:
                # Without anything to store, no new store is begun where the file was removed.
                self._wait(started, idle_until=started + _LOOKS_EVERY_S)
                continue
            try:
                connection = self._connected()
                self._store_spooled(connection)
                entries = self._backlog.take(_MUCH)
                self._store(connection, entries)
                self._store_results(connection)
                self._store_reports(connection)
                self._check_when_idle(connection)
                rest_s = self._keep_house(connection)
            except (ForeignStore, NoDriver) as error:
                self._stop_storing(f"{error} The store is left untouched; requests go on, but are not stored.")
                return
            except _UNSTORABLE as error:
                self._recover(error)
                if self._backlog.overdue:
                    return
                continue
            if self._told is not None:
                self._on_problem(f"{self._path} is being written again.")
            self._told, self._retry_s, self.trouble, self._rejected = None, 0.0, None, False
            self._lost_at = None
            # More entries may have arrived since the check of the file began.
            if self._backlog.closing and not entries and not self._backlog.waiting:
                return
            if self._backlog.overdue and self._spool is not None:
                return
            took = time.monotonic() - started
            if len(entries) > 1 and self._backlog.size <= _MUCH:
                # Also when one ended exchange follows another: at most half of the time is spent storing them.
                self._backlog.rest(started + took + min(took, _ENDED_WAITS_S))
            next_batch = started + max(_BETWEEN_BATCHES_S, _SHARE_OF_TIME * took)
            # The rest of the spool is stored whether more arrives or not.
            next_step = time.monotonic() + (took if self.spooled else max(rest_s, _SHARE_OF_TIME * took))
            self._wait(next_batch, idle_until=next_step)

    def _wait(self, next_batch: float, *, idle_until: float) -> None:
        self._backlog.wait(next_batch, patience_s=_ENDED_WAITS_S, most_bytes=_MUCH, idle_until=idle_until)

    def _connected(self) -> Connection:
        """Return an open connection to the file that is at the path now. Raises ForeignStore and database errors."""
        if self._connection is not None and self._connection.invalidated:
            # The server is gone, or was, and with it what it knew of this process.
            self._disconnect()
        if self._connection is not None and identity_of(self._path) != self._opened:
            self._disconnect()
            self._start_over()
            self._on_problem(f"{self._path} was removed or replaced while candela ran; a new store is begun there.")
        if self._connection is None:
            self._opened, self._checked = identity_of(self._path), False
            connection = connect_to_write(self._path)
            self._opened = identity_of(self._path)
            try:
                bring_up_to_date(connection, self._path)
                hold_process_lock(connection)
                mark_interrupted(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _check_when_idle(self, connection: Connection) -> None:
        """Check a recently opened file for damage, as long as there is nothing to store. Raises DamagedStore.

        SQLite itself notices damage only in the pages that it reads.
        """
        if self._checked or on_postgres(connection):
            return
        until = time.monotonic() + _LONGEST_CHECK_S
        found = damage(driver_connection(connection), lambda: self._backlog.busy or time.monotonic() >= until)
        if found:
            raise DamagedStore(found)
        self._checked = found is not None or time.monotonic() >= until

    def _keep_house(self, connection: Connection) -> float:
        """Do the next piece of housekeeping. Return the seconds until the one after it. Raises DamagedStore and the
        errors of a damaged file."""
        if self._backlog.closing:
            return 0.0
        try:
            return self._housekeeping.step(connection)
        except Exception as error:
            if trouble_of(error) is Trouble.BROKEN or connection.invalidated:
                raise
            # Requests are stored whatever happens to the space of others.
            return self._housekeeping.put_off(error)

    def _forget_removed(self, exchange_ids: Sequence[str]) -> None:
        self._lanes.forget()
        if exchange_ids and self._on_removed is not None:
            self._on_removed(exchange_ids)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _start_over(self) -> None:
        """Forget the progress of live exchanges, because the file was replaced and does not have their beginnings."""
        self._lanes.forget()
        self._housekeeping.start_over()
        for progress in self._progress.values():
            progress.parts, progress.provider_parts, progress.dropped = 0, 0, True

    def _recover(self, error: Exception) -> None:
        """Handle a failure as far as possible, and wait before the next try."""
        trouble = trouble_of(error)
        # A missing table was there when the file was opened, so check that again first. If the statement then fails
        # again, the schema has damage that opening the file does not notice.
        reopened = trouble is Trouble.BROKEN and bool(self._connection) and is_about_statement(error)
        broken = trouble is Trouble.BROKEN and (self._rejected or not reopened)
        self._rejected = reopened and not broken
        if trouble is not Trouble.LOCKED:
            self._disconnect()
        if broken:
            try:
                self._replace_broken(error)
            except OSError as second:
                error, trouble = second, trouble_of(second)
            else:
                return
        if trouble is not self._told:
            self.trouble = unwritable(self._path, error)
            self._on_problem(self.trouble)
            self._told = trouble
        if self._lost_at is None:
            self._lost_at = time.monotonic()
        elif time.monotonic() >= self._lost_at + _SPOOLS_AFTER_S:
            self._spool_ended()
        self._retry_s = min(_LAST_RETRY_S, self._retry_s * 2 or _FIRST_RETRY_S)
        if self._backlog.closing:
            time.sleep(_FIRST_RETRY_S)
        else:
            self._backlog.rest(time.monotonic() + self._retry_s)

    def _replace_broken(self, error: Exception) -> None:
        if isinstance(self._path, DatabaseUrl) or (
            self._opened is not None and identity_of(self._path) != self._opened
        ):
            # Another process was faster: the path now has a new file.
            return
        aside = set_aside(self._path)
        self._start_over()
        self._on_problem(f"{self._path} was damaged ({said(error)}). It is kept as {aside}, and a new store is begun.")

    def _tell_dropped(self) -> None:
        for exchange_id in self._backlog.take_released():
            self._on_stored(exchange_id)
        if not self._backlog.take_overflowed():
            self._told_overflow &= self._told is not None
        elif not self._told_overflow:
            self._told_overflow = True
            self._on_problem(
                f"More arrives than {self._path} takes. The newest requests are kept without their bodies until it "
                f"has caught up."
            )

    def _spool_ended(self) -> None:
        """Put what ended into the spool, where a kill of the process does not lose it and it takes no memory."""
        if self._spool is None:
            return
        entries = self._backlog.take(_SPOOLED_AT_ONCE)
        ended = [entry for entry in entries if entry.ended]
        kept = bool(ended) and self._spool.keep(ended)
        self._backlog.give_back([entry for entry in entries if not (kept and entry.ended)])
        for entry in ended if kept else ():
            self._backlog.settle(entry)
            if not entry.dropped:
                self._on_stored(entry.exchange.id)

    def _store_spooled(self, connection: Connection) -> None:
        """Store some of what is in the spool. Raises the errors of the store."""
        if self._spool is None or not self._spool.waiting or self._backlog.closing:
            return
        with self._spool.alone():
            try:
                entries = self._spool.read()
            except StoreError as error:
                self._on_problem(f"What waits in {self._spool.path} can't be stored: {error} The file is kept.")
                self._spool = None
                return
            with connection.begin():
                for entry in entries:
                    if entry.exchange.id not in self._progress:
                        self._progress[entry.exchange.id] = stored_progress(connection, entry.exchange.id)
            self._in_doubt.update(entry.exchange.id for entry in entries)
            self._store_again(connection, entries)
            self._spool.settle(entries)
            with contextlib.suppress(StoreError):
                if self._spool.empty:
                    self._spool.remove()

    def _store_again(self, connection: Connection, entries: list[Entry]) -> None:
        """Store entries of the spool, which keeps them if this raises."""
        if not entries:
            return
        try:
            progress = self._write(connection, entries)
        except Exception as error:
            self._lanes.forget()
            if trouble_of(error) is not Trouble.VALUE:
                raise
            if len(entries) == 1:
                self._refuse(entries[0], error)
            else:
                for entry in entries:
                    self._store_again(connection, [entry])
            return
        for entry in entries:
            self._settle(entry, progress[entry.exchange.id])

    @property
    def spooled(self) -> int:
        """How many exchanges wait in the spool."""
        return self._spool.waiting if self._spool is not None else 0

    def _abandon(self) -> None:
        left = self._backlog.abandon()
        ended = [entry for entry in left if entry.ended]
        if ended and self._spool is not None and self._spool.keep(ended):
            left = [entry for entry in left if not entry.ended]
            for entry in ended:
                self._on_stored(entry.exchange.id)
            self._on_problem(
                f"{amounts.requests(len(ended))} could not be stored in {self._path} before the end. They are kept in "
                f"{self._spool.path}, and the next start stores them."
            )
        self.lost += sum(entry.ended for entry in left)
        if left and self._backlog.closing:
            self._on_problem(f"{len(left)} of the last requests could not be stored in {self._path}.")
        released = self._backlog.take_released()
        for exchange_id in [*released, *(entry.exchange.id for entry in left if entry.ended and not entry.dropped)]:
            self._on_stored(exchange_id)

    def _store(self, connection: Connection, entries: list[Entry]) -> None:
        """Commit entries together; if one of them can't be stored, for its value or by a fault of candela's own, commit
        each alone.

        When this raises, the entries that could not be stored are back in the backlog.
        """
        if not entries:
            return
        try:
            progress = self._write(connection, entries)
        except Exception as error:
            self._lanes.forget()
            if trouble_of(error) is not Trouble.VALUE:
                if on_postgres(connection):
                    self._in_doubt.update(entry.exchange.id for entry in entries)
                self._backlog.give_back(entries)
                raise
            if len(entries) == 1:
                self._refuse(entries[0], error)
                return
        else:
            for entry in entries:
                self._settle(entry, progress[entry.exchange.id])
            return
        for index, entry in enumerate(entries):
            try:
                self._store(connection, [entry])
            except _UNSTORABLE:
                self._backlog.give_back(entries[index:])
                raise

    def _store_results(self, connection: Connection) -> None:
        """Commit the results that wait. Raises the errors of a damaged file."""
        waiting = self._results.take()
        if not waiting:
            return
        try:
            with writing(connection):
                for each in waiting:
                    write_results(connection, each.exchanges, each.parts)
        except _UNSTORABLE as error:
            if trouble_of(error) is Trouble.BROKEN:
                raise
            logger.warning("Results of some requests can't be stored at the moment: %s", said(error))
            return
        for each in waiting:
            each.then()

    def _store_reports(self, connection: Connection) -> None:
        """Commit the client's reports that wait. Raises the errors of a damaged file."""
        waiting = self._reports.take()
        if not waiting:
            return
        try:
            with writing(connection):
                changed, missing = write_reports(connection, waiting)
        except _UNSTORABLE as error:
            if trouble_of(error) is Trouble.BROKEN:
                raise
            logger.warning("What the client reports can't be stored at the moment: %s", said(error))
            changed, missing = {}, waiting
        self._reports.give_back(missing)
        if changed:
            self.on_reported(tuple(changed))

    def _settle(self, entry: Entry, progress: Progress) -> None:
        self._backlog.settle(entry)
        exchange_id = entry.exchange.id
        if not entry.ended:
            self._progress[exchange_id] = progress
            if progress.size > _LARGE and not progress.dropped and self._on_part_stored is not None:
                self._on_part_stored(exchange_id, progress.chunks, progress.provider_chunks)
            return
        self._progress.pop(exchange_id, None)
        self._in_doubt.discard(exchange_id)
        self.stored += 1
        if not entry.dropped:
            self._on_stored(exchange_id)

    def _refuse(self, entry: Entry, error: Exception) -> None:
        known = self._progress.get(entry.exchange.id)
        if known is None or not known.dropped:
            self._on_problem(f"Exchange {entry.exchange.id} can't be stored in {self._path}: {said(error)}.")
        self._backlog.settle(entry)
        self._progress[entry.exchange.id] = Progress(dropped=True)
        if entry.ended:
            self.lost += 1
            self._progress.pop(entry.exchange.id)
            if not entry.dropped:
                self._on_stored(entry.exchange.id)

    def _write(self, connection: Connection, entries: list[Entry]) -> dict[str, Progress]:
        """Write entries in one transaction. Return how much of each exchange is in the store once it is committed."""
        with writing(connection):
            self._housekeeping.report_removed(connection)
            alone = self._backlog.overloaded
            return write_entries(connection, entries, self._progress, self._lanes, alone=alone, in_doubt=self._in_doubt)


def _entry(
    exchange: Exchange,
    chunks: Sequence[bytes],
    times: Sequence[float],
    provider: ProviderSide | None,
    *,
    ended: bool,
) -> Entry:
    entry = Entry(exchange, None, list(chunks), list(times), ended=ended)
    if provider is not None:
        entry.provider_request, entry.provider_untouched = provider.request, provider.untouched
        entry.provider_chunks, entry.provider_times = list(provider.chunks), list(provider.times)
    return entry
