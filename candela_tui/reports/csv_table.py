"""A table as CSV (RFC 4180)."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from candela_tui.exchange.facts import Value
from candela_tui.reports.record_table import cells
from candela_tui.reports.records import plain_decimal
from candela_tui.reports.report import Export, Report, encoded

_BLANK = "[\\s\0-\x1f\x7f\u200b\u2060\ufeff]*"
_SIGN = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
_FORMULA = re.compile(f"[\t\r\n]|{_BLANK}{_SIGN}")
"""The beginning of a cell that spreadsheets run as a formula (https://owasp.org/www-community/attacks/CSV_Injection).
Some ignore spaces and characters without width before the sign, and some accept its full-width form."""
_FORMULA_BEHIND_SEPARATOR = re.compile(f"(;{_BLANK})(?={_SIGN})")
"""Where half of Europe opens the file, a semicolon begins the next cell, also inside quotes."""


def csv_lines(names: Iterable[str], rows: Iterable[Iterable[Value]]) -> Iterator[str]:
    """Yield the header and one line per row, each ending in CR LF.

    An unknown value is an empty cell. Clients and providers choose ids, models and errors, so text that a spreadsheet
    would run as a formula is prefixed with an apostrophe. Numbers are never changed.
    """
    yield _line(names)
    for row in rows:
        yield _line(map(_cell, row))


def _pieces(export: Export) -> Iterator[bytes]:
    table = export.table
    names = (column.name for column in table.columns)
    return encoded(csv_lines(names, (cells(record, table.columns) for record in table.records)))


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, str):
        value = _FORMULA_BEHIND_SEPARATOR.sub(r"\1'", value)
        return f"'{value}" if _FORMULA.match(value) else value
    return str(value)


def _line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


CSV = Report("csv", "CSV", ".csv", _pieces, about="for spreadsheets", is_table=True)
