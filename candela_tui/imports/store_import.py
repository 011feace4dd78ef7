"""Run an import into the store, beside whichever candela writes it at the same time."""

from collections.abc import Callable
from datetime import datetime, timedelta

from candela_tui.database_url import StoreLocation
from candela_tui.exchange import Kept
from candela_tui.imports.destination import Destination, DryRun, StoreDestination
from candela_tui.imports.importing import Import, ImportResult, Sources
from candela_tui.pricing import Pricer
from candela_tui.proxy.capture.conversations import MOST_KNOWN
from candela_tui.store.database import connect_to_write
from candela_tui.store.migrate import bring_up_to_date
from candela_tui.store.reader import StoreReader


def import_into_store(
    store: StoreLocation,
    sources: Sources,
    pricer: Pricer,
    *,
    now: datetime,
    on_problem: Callable[[str], None],
    dry_run: bool = False,
    kept: Kept = Kept.FULL,
    settled: timedelta = timedelta(0),
    after: datetime | None = None,
    stopped: Callable[[], bool] = lambda: False,
    breathe: Callable[[], None] = lambda: None,
) -> ImportResult:
    """Import what the store does not have, and return once it is stored. With ``dry_run``, store nothing.

    The caller holds the lock of ``Paths.last_import``: two imports at the same time would store the same.

    ``stopped`` and ``kept`` are as in ``StoreDestination``; ``settled``, ``after`` and ``breathe`` as in ``Import``.
    Blocks. Raises Stopped, StoreError, and errors of SQLAlchemy and of the file system.
    """
    if not dry_run:
        with connect_to_write(store) as connection:
            bring_up_to_date(connection, store)
    reader = StoreReader(store)
    try:
        recorded, conversations = reader.recorded_answers(), reader.conversations(MOST_KNOWN)
    finally:
        reader.close()
    destination: Destination = DryRun() if dry_run else StoreDestination(store, on_problem, stopped, kept)
    importing = Import(
        destination,
        recorded,
        pricer,
        now=now,
        settled=settled,
        after=after,
        breathe=breathe,
        conversations=conversations,
    )
    try:
        result = importing.run(sources)
    finally:
        lost = destination.close()
    result.lost = lost
    return result
