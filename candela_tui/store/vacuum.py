"""Rewrites the file without unused pages, while nothing else has it open."""

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from candela_tui.store.errors import StoreError
from candela_tui.store.exclusive import exclusively

_STEPS: Final = 100_000
"""Virtual-machine instructions of SQLite between two calls of ``on_step``: some milliseconds."""


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """The bytes of the file before and after."""

    before: int
    after: int


def vacuum(path: Path, on_step: Callable[[], None]) -> Vacuumed:
    """Rewrite the store. Calls ``on_step`` from time to time. Raises StoreError, and leaves the file as it was then."""
    before = path.stat().st_size
    # The new content is written to a temporary file and to the log before it replaces the old one.
    if shutil.disk_usage(path.parent).free < 2 * before:
        raise StoreError(
            f"There is too little room to rewrite {path}: it needs {2 * before:,} free bytes. Nothing was changed."
        )
    with exclusively(path) as connection:
        connection.set_progress_handler(lambda: on_step(), _STEPS)
        _rewrite(connection)
    return Vacuumed(before, path.stat().st_size)


def _rewrite(connection: sqlite3.Connection) -> None:
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
