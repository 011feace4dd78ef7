"""Transactions on what replicas share in PostgreSQL: keys, people, overrides of budgets, the audit log."""

import contextlib
import threading
from collections.abc import Callable, Iterator

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from candela_tui.database_url import DatabaseUrl
from candela_tui.store.errors import of_server
from candela_tui.store.impatient_engine import impatient_engine
from candela_tui.store.postgres import NoDriver


class _OfThread(threading.local):
    def __init__(self) -> None:
        self.connections: dict[DatabaseUrl, Connection] = {}


_begun = _OfThread()
"""The connections whose transactions this thread is in."""


class SharedDatabase:
    """A database, as one who keeps something there uses it. Every method blocks for a moment."""

    def __init__(self, url: DatabaseUrl, unusable: str, error: Callable[[str], Exception]) -> None:
        """``unusable`` says what does not work without the database, such as "the keys can't be used". ``error`` makes
        what is raised then."""
        self._url = url
        self._unusable = unusable
        self._error = error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Provide a connection whose changes are kept at the end of the block, all or none.

        A block inside another one belongs to its transaction, whoever began that: a key is changed together with its
        entry in the audit log."""
        try:
            with _transaction(self._url) as connection:
                yield connection
        except NoDriver as error:
            raise self._error(str(error)) from None
        except (SQLAlchemyError, OSError) as error:
            raise self._error(f"{self._url}: {self._unusable} ({of_server(error)}).") from None


@contextlib.contextmanager
def _transaction(url: DatabaseUrl) -> Iterator[Connection]:
    outer = _begun.connections.get(url)
    if outer is not None:
        yield outer
        return
    with impatient_engine(url).begin() as connection:
        _begun.connections[url] = connection
        try:
            yield connection
        finally:
            del _begun.connections[url]
