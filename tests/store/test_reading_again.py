"""A reader that stays open while the store changes under it."""

import sqlite3
from pathlib import Path

import pytest

from candela_tui.store.errors import StoreError
from candela_tui.store.reader import StoreReader
from candela_tui.store.schema import REVISIONS
from tests.reports.exchanges import exchange
from tests.store.recording import writing


def record(store: Path, id: str) -> None:
    with writing(store) as (writer, _):
        writer.begin(exchange(id=id), b"{}")
        writer.end(exchange(id=id), [], [])


def test_a_store_that_is_replaced_is_read_anew(tmp_path: Path) -> None:
    store, other = tmp_path / "candela.db", tmp_path / "other.db"
    record(store, "00001")
    record(other, "00002")
    reader = StoreReader(store)
    assert [each.id for each in reader.exchanges()] == ["00001"]
    other.replace(store)
    assert [each.id for each in reader.exchanges()] == ["00002"]


def test_a_store_that_a_newer_candela_brings_up_to_date_is_not_read_any_more(tmp_path: Path) -> None:
    store = tmp_path / "candela.db"
    record(store, "00001")
    reader = StoreReader(store)
    assert reader.exchanges()
    newer = int(REVISIONS[-1]) + 1
    with sqlite3.connect(store) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (f"{newer:04}",))
        connection.execute(f"PRAGMA user_version = {newer}")
    connection.close()
    with pytest.raises(StoreError, match="newer candela"):
        reader.exchanges()
