"""Write new costs of recorded exchanges, also while another process writes the store."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import Connection, bindparam, update
from sqlalchemy.exc import SQLAlchemyError

from candela_tui.database_url import StoreLocation
from candela_tui.exchange import Exchange, Outcome
from candela_tui.store.database import connect_to_write
from candela_tui.store.diagnoses import write_diagnosis
from candela_tui.store.dialects import same, writing
from candela_tui.store.errors import StoreError, said
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.migrate import bring_up_to_date
from candela_tui.store.reader import StoreReader
from candela_tui.store.rows import row_of
from candela_tui.store.schema import exchanges

_PAGE = 1000
_AT_ONCE = 200
"""Costs that are written in one transaction: a few milliseconds, for which another writer waits."""
_COLUMNS = (
    "cost_at_least",
    "cost_input",
    "cost_cache_read",
    "cost_cache_write",
    "cost_output",
    "cost_web_searches",
    "unpriced_model",
    "cost_notes",
    "saved",
    "client_cost",
    "price_basis",
)
_UPDATE = (
    update(exchanges)
    # What another process has changed meanwhile stays as it is.
    .where(
        exchanges.c.id == bindparam("of_id"),
        exchanges.c.outcome != Outcome.LIVE.value,
        *(same(exchanges.c[name], bindparam(f"old_{name}", type_=exchanges.c[name].type)) for name in _COLUMNS),
    )
    .values({name: bindparam(f"new_{name}") for name in _COLUMNS})
)

Change = tuple[Exchange, Exchange]
"""An exchange before and after."""


def recorded(reader: StoreReader) -> Iterator[list[Exchange]]:
    """Yield all exchanges, a page at a time, the newest page first. Raises StoreError."""
    before: str | None = None
    while page := reader.exchanges(ExchangeQuery(before=before, limit=_PAGE)):
        yield page
        before = page[0].id


class CostWriter:
    """Writes costs in short transactions."""

    def __init__(self, path: StoreLocation, connection: Connection) -> None:
        self._path = path
        self._connection = connection

    def write(self, changes: Sequence[Change]) -> list[Change]:
        """Write new costs. Return the changes that were made: not those of exchanges that another process has changed
        or removed meanwhile. Raises StoreError."""
        made: list[Change] = []
        try:
            for start in range(0, len(changes), _AT_ONCE):
                made += self._write(changes[start : start + _AT_ONCE])
        except SQLAlchemyError as error:
            raise _unwritable(self._path, error) from error
        return made

    def _write(self, changes: Sequence[Change]) -> list[Change]:
        with writing(self._connection):
            made = [each for each in changes if self._connection.execute(_UPDATE, _values(*each)).rowcount]
            for _, after in made:
                if after.cache is not None:
                    write_diagnosis(self._connection, after)
            return made


@contextmanager
def cost_writer(path: StoreLocation) -> Iterator[CostWriter]:
    """Yield a writer of costs to an existing store. Raises StoreError."""
    try:
        connection = connect_to_write(path)
    except (SQLAlchemyError, OSError, UnicodeDecodeError) as error:
        raise _unwritable(path, error) from error
    with closing(connection):
        try:
            bring_up_to_date(connection, path)
        except SQLAlchemyError as error:
            raise _unwritable(path, error) from error
        yield CostWriter(path, connection)


def _unwritable(path: StoreLocation, error: Exception) -> StoreError:
    return StoreError(
        f"The costs can't be written to {path} ({said(error)}). Those that were written stay; to go on, run it again."
    )


def _values(before: Exchange, after: Exchange) -> dict[str, Any]:
    old, new = (row_of(each, None, response_dropped=False) for each in (before, after))
    return {
        "of_id": before.id,
        **{f"old_{name}": old[name] for name in _COLUMNS},
        **{f"new_{name}": new[name] for name in _COLUMNS},
    }
