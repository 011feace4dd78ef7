"""Requests as Parquet."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from candela_tui.exchange import Exchange
from candela_tui.reports import parquet as report
from candela_tui.reports.parquet import PARQUET
from candela_tui.reports.record_table import REQUEST_COLUMNS
from candela_tui.reports.report import export_of
from tests.reports.exchanges import exchange


def table(*exchanges: Exchange) -> pyarrow.Table:
    return parquet.read_table(io.BytesIO(b"".join(PARQUET.pieces(export_of(exchanges)))))


def rows(*exchanges: Exchange) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = table(*exchanges).to_pylist()
    return listed


def test_money_times_and_numbers_have_types_of_their_own_whatever_the_values() -> None:
    for found in (table(), table(exchange()), table(exchange(usage=None, cost=None))):
        assert found.schema.names == [column.name for column in REQUEST_COLUMNS]
        types = {name: str(found.schema.field(name).type) for name in found.schema.names}
        assert (types["cost_usd"], types["saved_usd"]) == ("decimal128(38, 12)", "decimal128(38, 12)")
        assert types["started_at"] == "timestamp[us, tz=UTC]"
        assert (types["input_tokens"], types["ttft_ms"], types["streamed"]) == ("int64", "double", "bool")


def test_a_row_has_the_values_of_the_record() -> None:
    (row,) = rows(exchange())
    assert row["cost_usd"] == Decimal("0.029363")
    assert row["started_at"] == datetime(2026, 11, 21, 12, 1, 1, 250_000, tzinfo=UTC)
    assert (row["input_tokens"], row["ttft_ms"], row["streamed"], row["agent_id"]) == (12, 150.25, True, None)


@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    (row,) = rows(exchange(model=text))
    assert row["model"] == text.encode("utf-8", "replace").decode()


def test_rows_are_written_in_groups_so_that_few_are_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "_ROWS", 2)
    pieces = list(PARQUET.pieces(export_of(exchange(number) for number in range(5))))
    file = parquet.ParquetFile(io.BytesIO(b"".join(pieces)))
    assert (len(pieces), file.num_row_groups, file.metadata.num_rows) == (4, 3, 5)


def test_without_the_package_the_command_that_adds_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert PARQUET.missing() is None
    monkeypatch.setattr(report, "find_spec", lambda _: None)
    assert "needs the Python package pyarrow" in (PARQUET.missing() or "")
