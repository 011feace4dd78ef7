"""Every table has the same sums, to the last digit."""

import csv
import io
import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from candela_tui.exchange import Cost
from candela_tui.ledger.ledger import Ledger
from candela_tui.reports.catalog import REPORTS
from candela_tui.reports.report import export_of
from tests.reports.exchanges import exchange

_CENTS = st.decimals(min_value=0, max_value=10_000, places=12, allow_nan=False)
COSTS = st.lists(st.one_of(st.none(), st.builds(Cost, *[_CENTS] * 5)), max_size=6)


def _of_csv(data: bytes) -> list[Decimal]:
    rows = csv.DictReader(io.StringIO(data.decode(), newline=""))
    return [Decimal(row["cost_usd"]) for row in rows if row["cost_usd"]]


def _of_json(data: bytes) -> list[Decimal]:
    return [row["cost_usd"] for row in json.loads(data, parse_float=Decimal, parse_int=Decimal)]


def _of_json_lines(data: bytes) -> list[Decimal]:
    return _of_json(b"[" + b",".join(data.splitlines()) + b"]")


def _of_parquet(data: bytes) -> list[Decimal]:
    listed: list[Decimal] = parquet.read_table(io.BytesIO(data))["cost_usd"].to_pylist()
    return listed


READERS: dict[str, Callable[[bytes], list[Decimal]]] = {
    "csv": _of_csv,
    "json": _of_json,
    "jsonl": _of_json_lines,
    "parquet": _of_parquet,
}


def test_each_table_is_compared() -> None:
    assert set(READERS) == {report.name for report in REPORTS.values() if report.is_table}


@pytest.mark.parametrize("form", READERS)
@given(COSTS)
def test_the_costs_in_a_table_add_up_to_the_ledger(form: str, costs: list[Cost | None]) -> None:
    exchanges = [exchange(number, cost=cost) for number, cost in enumerate(costs)]
    found = READERS[form](b"".join(REPORTS[form].pieces(export_of(exchanges))))
    assert sum((cost for cost in found if cost is not None), Decimal(0)) == Ledger.of(exchanges).totals.cost_usd
