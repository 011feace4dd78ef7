"""JSON that is exact about money: as a document, which is safe to print on a terminal, and as one record a line."""

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

from candela_tui.exchange import Exchange
from candela_tui.reports.records import Record, in_order, plain_decimal, request_records
from candela_tui.reports.report import Export, Report, encoded
from candela_tui.text.terminal_safe import escape_unsafe


def json_text(document: Any) -> str:
    """Return indented JSON. Decimals become numbers with exactly their digits."""
    encoded = msgspec.json.format(msgspec.json.encode(_exact(document)), indent=2).decode("utf-8")
    return escape_unsafe(encoded, lambda character: json.dumps(character)[1:-1])


def json_line(document: Any) -> bytes:
    """Return JSON on one line. Decimals become numbers with exactly their digits."""
    return msgspec.json.encode(_exact(document))


def json_lines(exchanges: Iterable[Exchange]) -> Iterator[str]:
    """Yield a JSON array of the requests' records, earliest first."""
    return json_array(request_records(in_order(exchanges)))


def json_array(records: Iterable[Record]) -> Iterator[str]:
    """Yield a JSON array of records.

    Encodes one record at a time, because the encoder holds the interpreter's lock.
    """
    between = "["
    for record in records:
        yield between + json_text(record)
        between = ",\n"
    yield "]\n" if between != "[" else "[]\n"


def _exact(value: Any) -> Any:
    if isinstance(value, Decimal):
        return msgspec.Raw(plain_decimal(value).encode())
    if isinstance(value, dict):
        return {_exact(key): _exact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


def _pieces(export: Export) -> Iterator[bytes]:
    return encoded(json_array(export.table.records))


def _line_pieces(export: Export) -> Iterator[bytes]:
    for record in export.table.records:
        yield json_line(record) + b"\n"


JSON = Report("json", "JSON", ".json", _pieces, about="one document, for programs", is_table=True)
JSON_LINES = Report(
    "jsonl", "JSON Lines", ".jsonl", _line_pieces, about="one record a line, for programs", is_table=True
)
