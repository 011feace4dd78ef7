"""Which processes write a store in PostgreSQL. Unlike those that share a file, they run on different machines.

A writer's connection holds an advisory lock with the key of its process. When the process or its machine ends, the
server ends the connection, and with it the lock.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from typing import Final

from sqlalchemy import Connection, text

from candela_tui.store.dialects import on_postgres
from candela_tui.store.processes import is_running, own_process

Running = Callable[[int | None, str | None], bool]
"""Returns whether the process of this pid and mark still runs."""

_HOLD: Final = text("SELECT pg_try_advisory_lock_shared(:key)")
_HELD: Final = text(
    "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 "
    "AND mode = 'ShareLock' AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def hold_process_lock(connection: Connection) -> None:
    """Show other processes that this one runs, until the connection ends. A file needs none."""
    if on_postgres(connection):
        with connection.begin():
            connection.execute(_HOLD, {"key": _key(own_process())})


def running_processes(connection: Connection) -> Running:
    """Return what tells whether the process that recorded an exchange still runs."""
    if not on_postgres(connection):
        return cache(is_running)
    held = frozenset(connection.execute(_HELD).scalars())
    return lambda _, process: process is not None and _key(process) in held


def _key(process: str) -> int:
    return int.from_bytes(hashlib.blake2b(process.encode(), digest_size=8).digest(), "big", signed=True)
