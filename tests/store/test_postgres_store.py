"""A store in PostgreSQL: what differs from a file, and what holds in the same way for odd values."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sqlalchemy import Connection, inspect, text

from candela_tui.database_url import DatabaseUrl
from candela_tui.exchange import Exchange, Outcome, ProviderSide
from candela_tui.store import process_locks
from candela_tui.store.check import Check
from candela_tui.store.copy import StoreCopy
from candela_tui.store.database import connect_to_write
from candela_tui.store.errors import ForeignStore, StoreError
from candela_tui.store.migrate import bring_up_to_date
from candela_tui.store.reader import StoreReader
from candela_tui.store.schema import metadata
from candela_tui.store.spool import Spool
from candela_tui.store.status_figures import reading_figures
from candela_tui.store.sums import differing_sums
from tests.ledger.test_three_ways import same
from tests.standin.postgres import PostgresServer
from tests.store.recording import STARTED, ended, exchange, store_whole, writing
from tests.store.test_request_chains import conversation
from tests.store.test_round_trip import exchanges as any_exchange

pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture
def url(postgres_server: PostgresServer, empty_store: str) -> DatabaseUrl:
    return postgres_server.create(empty_store)


@pytest.fixture(scope="module")
def module_url(postgres_server: PostgresServer, empty_store: str) -> DatabaseUrl:
    return postgres_server.create(empty_store)


@settings(max_examples=10)
@given(some.lists(any_exchange, min_size=1, max_size=8, unique_by=lambda each: each.id))
def test_every_field_comes_back_whatever_characters_it_has(module_url: DatabaseUrl, recorded: list[Exchange]) -> None:
    with _connected(module_url) as connection:
        connection.execute(text("TRUNCATE exchanges, headers, sums, request_bodies"))
        connection.commit()
        # What is live counts as live as long as this process holds its lock.
        process_locks.hold_process_lock(connection)
        with writing(module_url) as (writer, reports):
            for each in recorded:
                writer.begin(each, b"")
        assert reports.problems == []
        reader = StoreReader(module_url)
        assert [reader.exchange(each.id) for each in recorded] == recorded


def test_a_conversation_is_kept_as_patches_and_read_as_it_was_sent(url: DatabaseUrl) -> None:
    bodies = conversation(12)
    with writing(url) as (writer, reports):
        for number, body in enumerate(bodies):
            store_whole(writer, exchange(number), body)
            reports.wait_until_stored(exchange(number).id)
    reader = StoreReader(url)
    assert [reader.request_body(exchange(number).id) for number in range(12)] == bodies
    assert _scalar(url, "SELECT count(*) FROM request_bodies WHERE base_id IS NOT NULL") == 11
    assert _scalar(url, "SELECT sum(length(data)) FROM request_bodies") < len(bodies[-1])
    check = Check(url)
    assert list(check.steps())
    assert check.problems == []


def test_two_writers_write_the_same_sessions_at_once(url: DatabaseUrl) -> None:
    with writing(url) as (one, _), writing(url) as (other, _):
        for number in range(40):
            store_whole(one if number % 2 else other, exchange(number, agent_id=f"agent-{number % 3}"))
    with _connected(url) as connection:
        assert differing_sums(connection) == 0
    assert StoreReader(url).totals().totals.requests == 40


def test_several_that_start_at_once_create_one_schema(postgres_url: DatabaseUrl) -> None:
    def start() -> None:
        connection = connect_to_write(postgres_url)
        bring_up_to_date(connection, postgres_url)
        connection.close()

    threads = [threading.Thread(target=start) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert _scalar(postgres_url, "SELECT count(*) FROM alembic_version") == 1


def test_a_database_in_which_nothing_was_recorded_yet_is_an_empty_store(postgres_url: DatabaseUrl) -> None:
    reader, check = StoreReader(postgres_url), Check(postgres_url)
    assert reader.exchanges() == []
    assert list(check.steps()) == []
    assert (check.requests, check.problems) == (0, [])


def test_a_database_with_tables_of_others_is_left_alone(postgres_url: DatabaseUrl) -> None:
    with _connected(postgres_url) as connection:
        connection.execute(text("CREATE TABLE headers (name text)"))
        connection.commit()
    with pytest.raises(ForeignStore, match="headers that is not candela's"):
        connect_to_write(postgres_url)


def test_what_another_process_streams_is_live_as_long_as_it_is_connected(
    url: DatabaseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = StoreReader(url)
    with writing(url) as (writer, _):
        writer.begin(exchange(1), b"{}")
    # Another process begins: this one is taken for gone from here on.
    assert [each.outcome for each in reader.exchanges()] == [Outcome.INTERRUPTED]
    holding = connect_to_write(url)
    process_locks.hold_process_lock(holding)
    assert [each.outcome for each in reader.exchanges()] == [Outcome.LIVE]
    monkeypatch.setattr(process_locks, "own_process", lambda: "another machine 1")
    with writing(url) as (writer, reports):
        store_whole(writer, exchange(2))
        reports.wait_until_stored(exchange(2).id)
        assert [each.outcome for each in reader.exchanges()] == [Outcome.LIVE, Outcome.OK]
    holding.close()


def test_an_upgrade_from_the_first_schema_gives_that_of_a_new_store(
    postgres_url: DatabaseUrl, url: DatabaseUrl
) -> None:
    first = (Path(__file__).parent / "postgres_0021.sql").read_text()
    with _connected(postgres_url) as connection:
        connection.exec_driver_sql(first)
        connection.commit()
        bring_up_to_date(connection, postgres_url)
        with _connected(url) as new:
            assert _schema(connection) == _schema(new)


class TestServerLost:
    """The server is stopped as by a crash, and starts again."""

    @pytest.fixture
    def server(self) -> Iterator[PostgresServer]:
        server = PostgresServer()
        yield server
        server.remove()

    def test_no_record_is_lost(self, server: PostgresServer, tmp_path: Path) -> None:
        url, spool = server.create(), Spool(tmp_path / "spool.db")
        with writing(url, spool=spool) as (writer, reports):
            store_whole(writer, exchange(1))
            writer.begin(exchange(2), b"question")
            writer.grow(exchange(2), [b"one "], [1.0])
            reports.wait_until_stored(exchange(1).id)
            server.stop()
            store_whole(writer, exchange(3))
            writer.end(ended(exchange(2)), [b"two"], [2.0])
            words = reports.wait_for_problem("can't be written")
            assert "check that the server runs" in words
            assert writer.trouble is not None
            server.start()
            reports.wait_until_stored(exchange(2).id, exchange(3).id)
            reports.wait_for_problem("is being written again")
        reader = StoreReader(url)
        assert [each.outcome for each in reader.exchanges()] == [Outcome.OK] * 3
        assert reader.response_chunks(exchange(2).id) == ([b"one ", b"two"], [1.0, 2.0])
        assert writer.lost == 0

    def test_all_of_the_spool_is_stored_also_if_nothing_else_comes(
        self, server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("candela_tui.store.writer._SPOOLS_AFTER_S", 0)
        url, spool = server.create(), Spool(tmp_path / "spool.db")
        with writing(url, spool=spool) as (writer, reports):
            store_whole(writer, exchange(0))
            reports.wait_until_stored(exchange(0).id)
            server.stop()
            store_whole(writer, exchange(1))
            reports.wait_for_problem("can't be written")
            for number in range(2, 30):
                store_whole(writer, exchange(number))
            # It is stored for good, in the file.
            reports.wait_until_stored(*(exchange(number).id for number in range(1, 30)))
            assert writer.spooled == 29
            server.start()
            reports.wait_for_problem("is being written again")
            while spool.path.exists():
                time.sleep(0.05)
            assert writer.spooled == 0
        assert len(StoreReader(url).exchanges()) == 30

    def test_what_a_candela_could_not_store_before_its_end_is_stored_by_the_next(
        self, server: PostgresServer, tmp_path: Path
    ) -> None:
        url, file = server.create(), tmp_path / "spool.db"
        side = ProviderSide(b"sent", False, (b"got",), (3.0,))
        with writing(url, spool=Spool(file)) as (writer, reports):
            writer.begin(exchange(1), b"question")
            writer.grow(exchange(1), [b"one "], [1.0], side)
            store_whole(writer, exchange(2))
            reports.wait_until_stored(exchange(2).id)
            server.stop()
            writer.end(ended(exchange(1)), [b"two"], [2.0], replace(side, request=None, chunks=(b"more",)))
            store_whole(writer, exchange(3), b"later")
            reports.wait_for_problem("can't be written")
            writer.close(0.2)
        assert (writer.lost, writer.spooled) == (0, 2)
        server.start()
        with writing(url, spool=Spool(file)) as (writer, reports):
            assert writer.spooled == 2
            reports.wait_until_stored(exchange(1).id, exchange(3).id)
        reader = StoreReader(url)
        assert reader.response_body(exchange(1).id) == b"one two"
        assert reader.provider_response_body(exchange(1).id) == b"gotmore"
        assert reader.request_body(exchange(3).id) == b"later"
        assert not file.exists()


class TestCopy:
    """`candela db copy`."""

    def test_a_history_moves_there_and_back(self, url: DatabaseUrl, tmp_path: Path) -> None:
        here, back = tmp_path / "candela.db", tmp_path / "back.db"
        bodies = conversation(6)
        with writing(here) as (writer, reports):
            for number, body in enumerate(bodies):
                odd = {"task": "lone \ud800 and \0 and \x10d800", "session_title": "größer"}
                store_whole(writer, exchange(number, **odd), body)
                reports.wait_until_stored(exchange(number).id)
            writer.begin(exchange(99), b"{}")
        for source, target in ((here, url), (url, back)):
            copy = StoreCopy(source, target)
            assert list(copy.steps())
            assert (copy.copied, copy.there, copy.lost) == (6, 0, [])
        first, last = StoreReader(here), StoreReader(back)
        assert last.exchanges() == [each for each in first.exchanges() if each.id != exchange(99).id]
        assert [last.request_body(each.id) for each in last.exchanges()] == bodies
        assert same(last.totals(), first.totals(without=[exchange(99).id]))

    def test_a_second_copy_adds_what_has_come_since(self, url: DatabaseUrl, tmp_path: Path) -> None:
        here = tmp_path / "candela.db"
        for number in (1, 2):
            with writing(here) as (writer, _):
                store_whole(writer, exchange(number))
            copy = StoreCopy(here, url)
            assert list(copy.steps())
            assert (copy.copied, copy.there) == (1, number - 1)

    def test_a_body_whose_base_was_removed_is_copied_alone(self, url: DatabaseUrl, tmp_path: Path) -> None:
        here, bodies = tmp_path / "candela.db", conversation(2)
        with writing(here) as (writer, reports):
            for number, body in enumerate(bodies):
                store_whole(writer, exchange(number), body)
                reports.wait_until_stored(exchange(number).id)
        with sqlite3.connect(here) as connection:
            connection.execute("DELETE FROM exchanges WHERE id = ?", (exchange(0).id,))
        assert list(StoreCopy(here, url).steps())
        assert StoreReader(url).request_body(exchange(1).id) == bodies[1]

    def test_what_fails_in_the_source_names_the_source(self, url: DatabaseUrl, tmp_path: Path) -> None:
        here = tmp_path / "candela.db"
        with writing(here) as (writer, _):
            store_whole(writer, exchange(1))
        with sqlite3.connect(here) as connection:
            connection.execute("DROP TABLE request_bodies")
        with pytest.raises(StoreError, match=r"candela\.db is damaged \(no such table: request_bodies\)"):
            list(StoreCopy(here, url).steps())
        assert StoreReader(url).exchanges() == []

    def test_a_file_that_is_not_there_is_named(self, url: DatabaseUrl, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match=r"none\.db does not exist"):
            list(StoreCopy(tmp_path / "none.db", url).steps())


def test_the_status_line_has_its_figures(url: DatabaseUrl) -> None:
    with writing(url) as (writer, _):
        store_whole(writer, exchange(1))
    with reading_figures(url) as figures:
        assert figures is not None
        assert figures.session("session-1").requests == 1
        assert figures.since(STARTED - timedelta(days=1)).requests == 1


def _connected(url: DatabaseUrl) -> Connection:
    return connect_to_write(url)


def _scalar(url: DatabaseUrl, statement: str) -> int:
    with _connected(url) as connection:
        return int(connection.execute(text(statement)).scalar_one())


def _schema(connection: Connection) -> dict[str, object]:
    found, inspector = {}, inspect(connection)
    for table in metadata.sorted_tables:
        columns = {each["name"]: (str(each["type"]), each["nullable"]) for each in inspector.get_columns(table.name)}
        indexes = sorted((each["name"], each["column_names"]) for each in inspector.get_indexes(table.name))
        key = inspector.get_pk_constraint(table.name)["constrained_columns"]
        found[table.name] = (columns, indexes, key)
    collations = text(
        "SELECT table_name, column_name, collation_name FROM information_schema.columns "
        "WHERE table_schema = current_schema()"
    )
    return {**found, "collations": sorted(map(tuple, connection.execute(collations)))}
