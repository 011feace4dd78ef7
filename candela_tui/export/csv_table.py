"""Requests as CSV (RFC 4180), one row each, with the fields of ``candela requests --json``."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from candela_tui.exchange import Exchange
from candela_tui.export.records import REQUEST_FIELDS, Value, in_order, plain_decimal, request_records

_FORMULA = re.compile("[\t\r\n]|\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]")
"""How a cell begins that spreadsheets run as a formula (https://owasp.org/www-community/attacks/CSV_Injection). Some
leave out spaces before the sign, and some take its full-width form for it."""


def csv_lines(exchanges: Iterable[Exchange]) -> Iterator[str]:
    """The header and a row a request, the earliest first, each ending in CR LF.

    Unknown is an empty cell. Ids, models and errors are in a client's or provider's hand: a text that a spreadsheet
    would run as a formula gets an apostrophe before it. Numbers are never touched.
    """
    yield _line(REQUEST_FIELDS)
    for record in request_records(in_order(exchanges)):
        yield _line(_cell(value) for value in record.values())


def default_file_name(session_id: str | None) -> str:
    """The name of an export's file, such as ``candela-1f0c….csv``, whatever characters the session's id has."""
    return f"candela-{re.sub(r'[^A-Za-z0-9._-]', '_', session_id or 'no-session')[:100]}.csv"


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, str):
        return f"'{value}" if _FORMULA.match(value) else value
    return str(value)


def _line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()
