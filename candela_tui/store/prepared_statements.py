"""Statements that PostgreSQL prepares once for each connection, and that are sent together.

For a statement of SQLAlchemy, pg8000 reads the text character by character each time, and waits for the server five
times: to begin, to parse, to describe, to execute and to commit. The server plans it again, too. Statements that are
prepared need one wait together. That counts where requests wait for them.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, TextClause
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    import pg8000.dbapi

_PREPARED = "prepared statements"
"""Where they are in ``Connection.info``, which lives as long as the connection to the server."""


class Step(NamedTuple):
    """A statement, and its parameters by name."""

    statement: TextClause
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Prepared:
    sql: str
    name: bytes
    values: Callable[[Mapping[str, Any]], Sequence[Any]]
    columns: Sequence[Mapping[str, Any]] | None
    readers: Sequence[Callable[[str], Any]]
    row: Callable[..., Any]


def execute_together(connection: Connection, steps: Sequence[Step]) -> list[Any]:
    """Execute statements in a transaction of their own, all or none, and return the rows of the last one and of those
    before it, as named tuples. Those before it return the same columns, or no rows.

    The connection is in no transaction. Raises SQLAlchemyError and OSError.
    """
    import pg8000.exceptions
    from pg8000.converters import make_params

    driver: pg8000.dbapi.Connection = connection.connection.dbapi_connection
    try:
        prepared = [_prepared(connection, driver, step.statement) for step in steps]
        values = [
            make_params(driver.py_types, each.values(step.values)) for each, step in zip(prepared, steps, strict=True)
        ]
        for each, given in zip(prepared[:-1], values[:-1], strict=True):
            # Kept in the buffer until the last one is sent. What is between two synchronisations is one transaction.
            driver.send_BIND(each.name, given)
            driver.send_EXECUTE()
        last = prepared[-1]
        found = driver.execute_named(last.name, values[-1], last.columns, last.readers, last.sql)
    except pg8000.exceptions.DatabaseError as error:
        # The server answered: the connection can be used again.
        raise DBAPIError(None, None, error) from None
    except BaseException as error:
        # Nobody must read what is left of the answer.
        connection.invalidate(error)
        if isinstance(error, pg8000.exceptions.Error):
            raise DBAPIError(None, None, error, connection_invalidated=True) from None
        raise
    return [last.row(*row) for row in found.rows or ()]


def _prepared(connection: Connection, driver: "pg8000.dbapi.Connection", statement: TextClause) -> _Prepared:
    known: dict[str, _Prepared] = connection.info.setdefault(_PREPARED, {})
    found = known.get(statement.text)
    if found is None:
        from pg8000.native import to_statement

        sql, values = to_statement(statement.text)
        name, columns, readers = driver.prepare_statement(sql, ())
        names = [column["name"] for column in columns or ()]
        found = _Prepared(sql, name, values, columns, readers, namedtuple("Row", names))
        known[statement.text] = found
    return found
