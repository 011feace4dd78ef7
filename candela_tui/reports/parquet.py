"""Requests as Parquet, with exact decimals and times. pyarrow, which writes it, is an extra."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from candela_tui.exchange.facts import Unit, Value
from candela_tui.installation import install_command
from candela_tui.reports.record_table import Column
from candela_tui.reports.records import Record
from candela_tui.reports.report import Export, Report

if TYPE_CHECKING:
    import pyarrow

_ROWS: Final = 10_000
"""Rows that are in memory at a time: a row group of the file."""
_DIGITS, _DECIMALS = 38, 12
"""Of an amount of money. The types are the same in every file: DuckDB 2.0 gives several files the types of the first
one, and turns longer decimals into floats."""


class _Pieces:
    """A file that hands on what is written to it."""

    closed = False

    def __init__(self) -> None:
        self._written: list[bytes] = []
        self._at = 0

    def write(self, data: bytes) -> int:
        self._written.append(bytes(data))
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def take(self) -> bytes:
        """Return what was written since the last call."""
        data = b"".join(self._written)
        self._written.clear()
        return data


def missing_package() -> str | None:
    """Return what to do if pyarrow is not installed, or None if it is."""
    if find_spec("pyarrow") is not None:
        return None
    return (
        "candela needs the Python package pyarrow to write Parquet:"
        f" `{install_command('pyarrow', 'parquet')}` installs it."
    )


def _pieces(export: Export) -> Iterator[bytes]:
    import pyarrow
    from pyarrow import parquet

    table = export.table
    schema = pyarrow.schema([(column.name, _type(column, pyarrow)) for column in table.columns])
    file = _Pieces()
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        records = iter(table.records)
        while group := list(islice(records, _ROWS)):
            writer.write_table(_group(group, table.columns, schema, pyarrow))
            yield file.take()
    yield file.take()


def _type(column: Column, arrow: Any) -> "pyarrow.DataType":
    types = {
        Unit.TEXT: arrow.string(),
        Unit.TIME: arrow.timestamp("us", "UTC"),
        Unit.FLAG: arrow.bool_(),
        Unit.USD: arrow.decimal128(_DIGITS, _DECIMALS),
        **dict.fromkeys((Unit.NUMBER, Unit.TOKENS, Unit.BYTES), arrow.int64()),
    }
    return types.get(column.unit, arrow.float64())


def _group(records: list[Record], columns: Iterable[Column], schema: "pyarrow.Schema", arrow: Any) -> "pyarrow.Table":
    return arrow.table(
        [
            arrow.array([_value(record[column.name], column) for record in records], schema.field(column.name).type)
            for column in columns
        ],
        schema=schema,
    )


def _value(value: Value, column: Column) -> Value | datetime:
    if isinstance(value, str):
        if column.unit is Unit.TIME:
            return datetime.fromisoformat(value)
        # Half of a surrogate pair, which UTF-8 does not have.
        return value.encode("utf-8", "replace").decode()
    return value


PARQUET = Report(
    "parquet",
    "Parquet",
    ".parquet",
    _pieces,
    about="for notebooks and databases",
    is_table=True,
    is_text=False,
    missing=missing_package,
)
