"""Opens the store for work that nothing else may read or write meanwhile."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from candela_tui.store.errors import DamagedStore, StoreError, Trouble, said, trouble_of, unchangeable

_PATIENCE_S = 0.5
"""How long to wait for a command that only reads."""


@contextlib.contextmanager
def exclusively(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection while no other process has the store open. Raises StoreError, also for errors of SQLite,
    and DamagedStore."""
    try:
        uri = f"file:{quote(str(path.absolute()))}?mode=rw"
        connection = sqlite3.connect(uri, uri=True, timeout=_PATIENCE_S, isolation_level=None)
        try:
            # With a write-ahead log, each process that has the file open holds a lock on it.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
            yield connection
        finally:
            connection.close()
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        if trouble_of(error) is Trouble.LOCKED:
            raise StoreError(
                f"{path} is in use. Stop candela first: `candela stop`, or close its dashboard; then try again."
            ) from error
        if trouble_of(error) is Trouble.BROKEN:
            raise DamagedStore(f"{path} is damaged ({said(error)})") from error
        raise unchangeable(path, error) from error
