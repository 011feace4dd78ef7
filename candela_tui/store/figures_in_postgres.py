"""Reads the rows of ``status_figures`` from PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from candela_tui.database_url import DatabaseUrl
from candela_tui.store.database import reading_engine, require_this_version
from candela_tui.store.errors import unreadable
from candela_tui.store.process_locks import Running, running_processes

Reading = tuple[Callable[[str, tuple[str | int, ...]], list[tuple[Any, ...]]], Running]


@contextmanager
def reading_postgres(url: DatabaseUrl) -> Iterator[Reading | None]:
    """Yield what reads the rows of a statement whose parameters are question marks, and what tells whether a process
    runs; None if there is no store yet. Raises StoreError."""
    try:
        with reading_engine(url).connect() as connection:

            def read(wanted: str, values: tuple[str | int, ...]) -> list[tuple[Any, ...]]:
                return [tuple(row) for row in connection.exec_driver_sql(wanted.replace("?", "%s"), values)]

            yield (read, running_processes(connection)) if require_this_version(connection, url) else None
    except (SQLAlchemyError, OSError) as error:
        raise unreadable(url, error) from error
