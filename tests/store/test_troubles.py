"""Whatever happens to the file: clear words, nothing lost that can be kept, and the caller never held up."""

import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from candela_tui.store.errors import StoreError
from candela_tui.store.reader import StoreReader
from candela_tui.store.writer import StoreWriter
from tests.store.recording import PATIENCE_S, Reports, ended, exchange, store_whole, writing


@contextmanager
def every_connection_has(pragma: str) -> Iterator[None]:
    """SQLite's own limits, laid on whatever opens a database in the block."""

    def lay(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(pragma).close()

    event.listen(Engine, "connect", lay)
    try:
        yield
    finally:
        event.remove(Engine, "connect", lay)


def test_what_comes_while_the_disk_is_full_is_stored_once_there_is_room(path: Path, reader: StoreReader) -> None:
    body = random.Random(1).randbytes(2_000_000)
    with every_connection_has("PRAGMA max_page_count = 100"):
        with_room = Reports()
        writer = StoreWriter(path, on_problem=with_room.problem, on_stored=with_room.store)
        writer.start()
        store_whole(writer, exchange(1), body)
        told = with_room.wait_for_problem("no room")
        store_whole(writer, exchange(2))
    assert str(path) in told
    assert "Free some disk space" in told
    assert writer.trouble == told
    with_room.wait_until_stored(exchange(1).id, exchange(2).id)
    with_room.wait_for_problem("is being written again")
    writer.close(10)
    assert len([text for text in with_room.problems if "no room" in text]) == 1
    assert (writer.trouble, writer.lost) == (None, 0)
    assert reader.request_body(exchange(1).id) == body
    assert reader.response_body(exchange(2).id) == b"answer"


def test_a_lock_held_by_another_program_is_waited_out(path: Path, reader: StoreReader) -> None:
    with writing(path) as (writer, reports):
        store_whole(writer, exchange(1))
        reports.wait_until_stored(exchange(1).id)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        store_whole(writer, exchange(2))
        assert str(path) in reports.wait_for_problem("locked by another program")
        other.execute("ROLLBACK")
        reports.wait_until_stored(exchange(2).id)
        other.close()
    assert reader.response_body(exchange(2).id) == b"answer"


def test_a_store_that_is_locked_at_the_start_is_opened_later(path: Path, reader: StoreReader) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with writing(path) as (writer, reports):
        store_whole(writer, exchange(1))
        reports.wait_for_problem("locked by another program")
        other.execute("ROLLBACK")
        other.close()
        reports.wait_until_stored(exchange(1).id)
    assert reader.request_body(exchange(1).id) == b"{}"


def test_closing_while_the_store_is_locked_ends_and_says_what_is_lost(path: Path) -> None:
    with writing(path) as (writer, reports):
        store_whole(writer, exchange(1))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    reports = Reports()
    writer = StoreWriter(path, on_problem=reports.problem, on_stored=reports.store)
    writer.start()
    store_whole(writer, exchange(2))
    reports.wait_for_problem("locked by another program")
    writer.close(0)
    reports.wait_for_problem("1 of the last requests could not be stored")
    assert writer.lost == 1
    reports.wait_until_stored(exchange(2).id)
    other.close()


def test_a_store_that_can_not_be_written_is_told_and_written_once_it_can(path: Path, reader: StoreReader) -> None:
    with writing(path) as (writer, reports):
        store_whole(writer, exchange(1))
    with every_connection_has("PRAGMA query_only = ON"):
        reports = Reports()
        writer = StoreWriter(path, on_problem=reports.problem, on_stored=reports.store)
        writer.start()
        store_whole(writer, exchange(2))
        told = reports.wait_for_problem("can't be written")
    assert str(path) in told
    assert "--data-dir" in told
    reports.wait_until_stored(exchange(2).id)
    writer.close(10)
    assert len(reader.exchanges()) == 2


def test_a_file_without_write_permission_keeps_it(path: Path, reader: StoreReader) -> None:
    with writing(path) as (writer, _):
        store_whole(writer, exchange(1))
    path.chmod(0o400)
    if os.access(path, os.W_OK):
        pytest.skip("this user may write everything")
    reports = Reports()
    writer = StoreWriter(path, on_problem=reports.problem, on_stored=reports.store)
    writer.start()
    store_whole(writer, exchange(2))
    reports.wait_for_problem("can't be written")
    writer.close(0)
    assert path.stat().st_mode & 0o777 == 0o400
    assert [each.id for each in reader.exchanges()] == [exchange(1).id]


def test_a_directory_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "candela.db"
    reports = Reports()
    writer = StoreWriter(path, on_problem=reports.problem, on_stored=reports.store)
    writer.start()
    store_whole(writer, exchange(1))
    assert str(path) in reports.wait_for_problem("can't be written")
    writer.close(0)
    reports.wait_until_stored(exchange(1).id)


def not_a_database(path: Path) -> None:
    path.write_bytes(b"this was never a database\n" * 500)


def malformed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    page = int.from_bytes(content[16:18], "big")
    content[page:] = bytes(0x55 for _ in range(len(content) - page))
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [not_a_database, malformed])
def test_a_broken_store_is_kept_aside_and_a_new_one_begun(
    path: Path, reader: StoreReader, damage: Callable[[Path], None]
) -> None:
    with writing(path) as (writer, _):
        store_whole(writer, exchange(1))
    damage(path)
    broken = path.read_bytes()
    with pytest.raises(StoreError, match="damaged"):
        reader.exchanges()

    with writing(path) as (writer, reports):
        store_whole(writer, exchange(2))
    (aside,) = path.parent.glob("candela.db.broken-*")
    assert aside.read_bytes() == broken
    (told,) = reports.problems
    assert str(path) in told
    assert str(aside) in told
    assert [each.id for each in reader.exchanges()] == [exchange(2).id]
    assert reader.request_body(exchange(2).id) == b"{}"


def test_what_is_live_while_the_store_breaks_is_not_shown_with_half_its_answer(path: Path, reader: StoreReader) -> None:
    with writing(path) as (writer, reports):
        writer.begin(exchange(1), b"{}")
        writer.grow(exchange(1), [b"first half, "], [1.0])
        store_whole(writer, exchange(2))
        reports.wait_until_stored(exchange(2).id)
        path.unlink()
        writer.end(ended(exchange(1)), [b"second half"], [2.0])
        reports.wait_until_stored(exchange(1).id)
        assert str(path) in reports.wait_for_problem("was removed or replaced")
    assert [each.id for each in reader.exchanges()] == [exchange(1).id]
    assert reader.request_body(exchange(1).id) is None
    assert reader.response_body(exchange(1).id) is None


def change_revision(path: Path, revision: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    connection.execute(f"PRAGMA user_version = {revision}")
    connection.commit()
    connection.close()


def test_a_store_of_a_newer_candela_is_left_untouched(path: Path, reader: StoreReader) -> None:
    with writing(path) as (writer, _):
        store_whole(writer, exchange(1))
    change_revision(path, "9999")
    before = path.read_bytes()
    with writing(path) as (writer, reports):
        told = reports.wait_for_problem("newer candela")
        store_whole(writer, exchange(2))
        reports.wait_until_stored(exchange(2).id)
    assert str(path) in told
    assert "9999" in told
    assert reports.problems == [told]
    assert path.read_bytes() == before
    with pytest.raises(StoreError, match="newer candela"):
        reader.exchanges()


def test_a_database_of_another_program_is_left_untouched(path: Path, reader: StoreReader) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with writing(path) as (writer, reports):
        store_whole(writer, exchange(1))
        reports.wait_for_problem("not candela's")
    assert path.read_bytes() == before
    with pytest.raises(StoreError, match="not candela's"):
        reader.exchanges()


def test_a_path_that_is_a_directory_can_not_be_read(path: Path, reader: StoreReader) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StoreError, match="can't be read"):
        reader.exchanges()


def test_a_value_that_no_column_holds_costs_only_its_own_exchange(path: Path, reader: StoreReader) -> None:
    with writing(path) as (writer, reports):
        store_whole(writer, exchange(1))
        store_whole(writer, exchange(2, retry=2**70))
        store_whole(writer, exchange(3))
    assert [each.id for each in reader.exchanges()] == [exchange(1).id, exchange(3).id]
    assert sorted(reports.stored) == [exchange(1).id, exchange(2).id, exchange(3).id]
    assert reader.response_body(exchange(3).id) == b"answer"
    (told,) = reports.problems
    assert exchange(2).id in told
    assert writer.lost == 1


def test_more_than_may_be_queued_loses_bodies_but_no_rows_and_is_told_once(path: Path, reader: StoreReader) -> None:
    reports = Reports()
    writer = StoreWriter(path, on_problem=reports.problem, on_stored=reports.store, most_queued=100_000)
    for number in range(10):
        writer.begin(exchange(number), random.Random(number).randbytes(30_000))
        writer.end(ended(exchange(number)), [b"answer"], [1.0])
    writer.start()
    writer.close(30)
    assert sorted(reports.stored) == [exchange(number).id for number in range(10)]
    (told,) = reports.problems
    assert "without their bodies" in told
    assert len(reader.exchanges()) == 10
    kept = [number for number in range(10) if reader.request_body(exchange(number).id) is not None]
    assert kept[:3] == [0, 1, 2]
    assert len(kept) < 5
    assert reader.response_body(exchange(0).id) == b"answer"
    assert reader.response_body(exchange(9).id) is None


def test_a_response_of_which_some_was_dropped_is_not_shown_at_all(path: Path, reader: StoreReader) -> None:
    with writing(path, most_queued=10_000) as (writer, reports):
        writer.begin(exchange(1), b"{}")
        writer.grow(exchange(1), [b"kept"], [1.0])
        store_whole(writer, exchange(2))
        reports.wait_until_stored(exchange(2).id)
        assert reader.response_body(exchange(1).id) == b"kept"
        writer.grow(exchange(1), [bytes(20_000)], [2.0])
        writer.end(ended(exchange(1)), [b"last"], [3.0])
        reports.wait_until_stored(exchange(1).id)
    assert reader.response_body(exchange(1).id) is None
    assert reader.response_chunks(exchange(1).id) == ([], [])
    assert reader.request_body(exchange(1).id) == b"{}"


def test_a_writer_that_was_closed_or_never_started_lets_go_of_bodies(path: Path) -> None:
    reports = Reports()
    writer = StoreWriter(path, on_problem=reports.problem, on_stored=reports.store)
    store_whole(writer, exchange(1))
    writer.close(1)
    store_whole(writer, exchange(2))
    assert reports.stored == [exchange(1).id, exchange(2).id]
    assert not path.exists()


def test_what_comes_while_an_idle_writer_looks_through_the_file_is_stored(
    path: Path, reader: StoreReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = Reports()
    writer = StoreWriter(path, on_problem=reports.problem, on_stored=reports.store)

    def look(*_: Any) -> str:
        if not reports.stored and reader.exchange(exchange(1).id) is None:
            store_whole(writer, exchange(1))
            writer._backlog.close(time.monotonic() + PATIENCE_S)
        return ""

    monkeypatch.setattr("candela_tui.store.writer.damage", look)
    writer.start()
    reports.wait_until_stored(exchange(1).id)
    writer.close(PATIENCE_S)
    assert reports.problems == []
    assert [each.id for each in reader.exchanges()] == [exchange(1).id]
