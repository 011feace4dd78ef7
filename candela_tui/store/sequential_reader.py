"""A reader for a thread that reads one request after the other for long."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Final

from sqlalchemy import Connection, Engine

from candela_tui.database_url import DatabaseUrl, StoreLocation
from candela_tui.store.database import identity_of, reading_engine
from candela_tui.store.reader import StoreReader
from candela_tui.store.request_reader import RequestReader

_MOST_BYTES: Final = 16 * 2**20
"""Bytes of request bodies that are remembered."""


class SequentialReader(StoreReader):
    """Reads as a StoreReader does, with one connection for all calls, and remembers the last request bodies.

    Only for the thread that calls it first, which also closes it.
    """

    def __init__(self, path: StoreLocation) -> None:
        super().__init__(path)
        self._requests = RequestReader(_MOST_BYTES)
        self._opened = identity_of(path)

    @cached_property
    def _engine(self) -> Engine:
        return reading_engine(self._path, keep_open=True)

    def close(self) -> None:
        """Close the connection, unless it is one of those that this process shares."""
        if not isinstance(self._path, DatabaseUrl):
            self._engine.dispose()

    def forget(self) -> None:
        """Free what is remembered of bodies."""
        self._requests.forget()

    def request_body(self, exchange_id: str) -> bytes | None:
        """Return the request's body unchanged; None if it is not in the store. Raises StoreError if it is damaged."""
        with self._reading() as connection:
            return self._requests.read(connection, exchange_id) if connection else None

    @contextmanager
    def _reading(self) -> Iterator[Connection | None]:
        opened = identity_of(self._path)
        if opened != self._opened:
            # The file was removed or replaced.
            self._engine.dispose()
            self._requests.forget()
            self._opened = opened
        with super()._reading() as connection:
            yield connection
