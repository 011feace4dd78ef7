"""A table of records: the form of CSV, JSON, JSON Lines and Parquet."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from candela_tui.exchange.facts import FACTS, Unit, Value
from candela_tui.ledger.session_requests import SessionRequests
from candela_tui.reports.records import Record, records_of
from candela_tui.store.history import Bodies


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    unit: Unit


@dataclass(frozen=True, slots=True)
class RecordTable:
    """Records that have the same fields. They are read while the file is written: iterate once."""

    columns: Sequence[Column]
    records: Iterable[Record]


REQUEST_COLUMNS = tuple(Column(fact.name, fact.unit) for fact in FACTS)
"""The columns of a table with a row for each request."""


TableOf = Callable[[Iterable[SessionRequests], Bodies], RecordTable]
"""Makes a table of requests, and reads bodies where it has something of them."""


def request_table(sessions: Iterable[SessionRequests], _: Bodies) -> RecordTable:
    """Return a table with a row for each request."""
    return RecordTable(REQUEST_COLUMNS, records_of(sessions))


def cells(record: Record, columns: Sequence[Column]) -> Iterable[Value]:
    """Return the values of a record in the order of the columns."""
    return (record[column.name] for column in columns)
