"""A usage report as a table to export: the rows of ``candela report``."""

import csv
import io
import json
from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pyarrow import parquet
from sqlalchemy import Connection

from candela_tui.exchange import Exchange
from candela_tui.ledger.ledger import Ledger
from candela_tui.ledger.usage_report import UsageBy
from candela_tui.reports.catalog import REPORTS
from candela_tui.reports.json_text import json_line
from candela_tui.reports.report import export_of
from candela_tui.reports.sharing.redacted import Redaction, redacted_export
from candela_tui.reports.sharing.redactor import Redactor
from candela_tui.reports.usage.exported import USAGE_COLUMNS, By, usage_table
from candela_tui.reports.usage.records import flat_records
from tests.ledger.test_three_ways import database, many, store
from tests.reports.exchanges import exchange
from tests.reports.usage.test_reading import CLOCK, read

__all__ = ["database"]

REPORT_BY = {
    By.DAY: UsageBy.DAILY,
    By.SESSION: UsageBy.SESSION,
    By.MODEL: UsageBy.MODEL,
    By.AGENT: UsageBy.AGENT,
    By.PROJECT: UsageBy.PROJECT,
}


def written(form: str, by: By, exchanges: Collection[Exchange]) -> bytes:
    return b"".join(REPORTS[form].pieces(replace(export_of(exchanges), table_of=usage_table(by, CLOCK))))


def exact(data: bytes) -> Any:
    return json.loads(data, parse_float=Decimal)


@settings(max_examples=30)
@given(many, some.sampled_from(By))
def test_its_rows_are_those_of_the_report(database: Connection, stored: list[Exchange], by: By) -> None:
    report = read(store(database, stored), REPORT_BY[by])
    assert exact(written("json", by, stored)) == exact(json_line(list(flat_records(report))))


@settings(max_examples=30)
@given(many, some.sampled_from(By))
def test_every_format_has_the_same_sums_to_the_last_digit(stored: list[Exchange], by: By) -> None:
    cost = Ledger.of(stored).totals.cost_usd
    rows = list(csv.DictReader(io.StringIO(written("csv", by, stored).decode(), newline="")))
    table = parquet.read_table(io.BytesIO(written("parquet", by, stored))).to_pylist()
    assert sum(Decimal(row["cost_usd"] or 0) for row in rows) == cost
    assert sum(row["cost_usd"] or 0 for row in table) == cost
    assert sum(row["cost_usd"] or 0 for row in exact(written("json", by, stored))) == cost


@pytest.mark.parametrize("by", By)
def test_the_columns_are_the_fields_of_each_row(by: By) -> None:
    (row,) = exact(written("json", by, [exchange()]))
    assert list(row) == [column.name for column in USAGE_COLUMNS]


def test_projects_stay_apart_when_their_paths_are_redacted() -> None:
    clues = exchange().clues
    assert clues is not None
    exchanges = [exchange(1), exchange(2, session_id="other", clues=replace(clues, cwd="/home/me/web"))]
    of_projects = replace(export_of(exchanges), table_of=usage_table(By.PROJECT, CLOCK))
    redacted = redacted_export(of_projects, Redaction.PRIVATE, Redactor())
    rows = exact(b"".join(REPORTS["json"].pieces(redacted)))
    assert {row["key"] for row in rows} == {"[path 1]", "[path 2]"}
