"""What is removed is gone from every list at once, and what stays is exact to the byte."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import Connection, insert

from candela_tui.exchange import ProviderSide
from candela_tui.store.database import connect_to_write
from candela_tui.store.deletion import deleting
from candela_tui.store.errors import StoreError
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.lanes import Lanes
from candela_tui.store.migrate import bring_up_to_date
from candela_tui.store.reader import StoreReader
from candela_tui.store.removal import bytes_to_free, free_pages, free_some, give_pages_back, remove
from candela_tui.store.rows import row_of
from candela_tui.store.schema import exchanges, request_bodies
from candela_tui.text.times import utc_now
from tests.store.recording import Reports, ended, exchange, store_whole, writing
from tests.store.test_request_chains import conversation


@contextmanager
def connected(path: Path) -> Iterator[Connection]:
    connection = connect_to_write(path)
    try:
        bring_up_to_date(connection, path)
        yield connection
    finally:
        connection.close()


def free_all(connection: Connection) -> None:
    while free_some(connection):
        pass


BODIES = [conversation(160, seed=seed, step=60) for seed in (1, 2)]
EACH_ANEW = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
STEPS = some.lists(
    some.one_of(
        some.tuples(some.just("store"), some.integers(1, 40)),
        some.tuples(some.just("remove"), some.integers(1, 40)),
        some.tuples(some.just("remove oldest"), some.integers(1, 40)),
        some.tuples(some.just("free"), some.integers(1, 3)),
    ),
    min_size=3,
    max_size=12,
)


@EACH_ANEW
@given(steps=STEPS, chance=some.randoms(use_true_random=False))
def test_every_kept_body_is_exact_whatever_is_removed_and_freed(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]], chance: random.Random
) -> None:
    """Two agents talk in turn; the writer's memory is as it would be, and forgotten where something was removed."""
    path = tmp_path_factory.mktemp("removal") / "candela.db"
    kept: dict[str, bytes] = {}
    lanes, number, turns = Lanes(2**20), 0, [0, 0]
    with connected(path) as connection:
        for step, count in [("store", 20), *steps, ("free", 100)]:
            if step == "store":
                for _ in range(count):
                    agent = chance.randrange(2)
                    if turns[agent] == len(BODIES[agent]):
                        continue
                    body = BODIES[agent][turns[agent]]
                    turns[agent] += 1
                    number += 1
                    stored = ended(exchange(number, agent_id=f"agent-{agent}"))
                    kept[stored.id] = body
                    with connection.begin():
                        connection.exec_driver_sql("BEGIN IMMEDIATE")
                        connection.execute(insert(exchanges), row_of(stored, None, response_dropped=False))
                        connection.execute(insert(request_bodies), lanes.row_of(connection, stored, body))
            elif step == "free":
                for _ in range(count):
                    if not free_some(connection):
                        break
            elif kept:
                count = min(count, len(kept))
                gone = sorted(kept)[:count] if step == "remove oldest" else chance.sample(sorted(kept), count)
                assert remove(connection, exchanges.c.id.in_(gone), utc_now()).requests == count
                lanes.forget()
                for exchange_id in gone:
                    del kept[exchange_id]
        assert bytes_to_free(connection) == 0
    reader = StoreReader(path)
    assert [each.id for each in reader.exchanges()] == sorted(kept)
    assert {exchange_id: reader.request_body(exchange_id) for exchange_id in kept} == kept
    bare = sqlite3.connect(path)
    assert bare.execute("PRAGMA foreign_key_check").fetchall() == []
    (bodies,) = bare.execute("SELECT count(*) FROM request_bodies").fetchone()
    bare.close()
    assert bodies == len(kept)


@pytest.fixture
def two_sessions(path: Path) -> Path:
    with writing(path) as (writer, reports):
        for number, body in enumerate(conversation(30)):
            store_whole(writer, exchange(number, session_id=f"session-{number % 2}"), body, body[:9000])
            reports.wait_until_stored(exchange(number).id)
        whole = exchange(30, session_id="session-0")
        writer.begin(whole, b"asked")
        writer.end(ended(whole), [b"told"], [1.0], ProviderSide(b"sent", False, [b"said"], [1.0]))
    assert reports.problems == []
    return path


def sessions(reader: StoreReader) -> list[str | None]:
    return [session.session_id for session in reader.totals().sessions()]


@pytest.mark.both_databases
def test_a_deleted_session_is_in_no_list_before_its_space_is_freed(two_sessions: Path, reader: StoreReader) -> None:
    with deleting(two_sessions) as deletion:
        removed = deletion.delete("session-0")
        assert removed.requests == 16
        assert removed.size > 10_000
        assert sessions(reader) == ["session-1"]
        assert reader.sessions_beginning("session-", 9) == ["session-1"]
        assert reader.exchanges(ExchangeQuery("session-0")) == []
        assert reader.exchange(exchange(0).id) is None
        assert reader.response_body(exchange(0).id) is None
        assert len(reader.exchanges()) == 15


def test_freeing_leaves_nothing_of_it_and_makes_the_file_smaller(two_sessions: Path, reader: StoreReader) -> None:
    with deleting(two_sessions) as deletion:
        removed = deletion.delete("session-0")
        left = list(deletion.free())
        assert left[0] < removed.size
        assert left[-1] == 0
    connection = sqlite3.connect(two_sessions)
    for table in ("headers", "request_bodies", "response_parts", "provider_requests", "provider_parts"):
        ids = {row[0] for row in connection.execute(f"SELECT exchange_id FROM {table}")}
        assert ids <= {exchange(number).id for number in range(1, 30, 2)}
    assert connection.execute("PRAGMA freelist_count").fetchone() == (0,)
    connection.close()
    bodies = conversation(30)
    for number in range(1, 30, 2):
        assert reader.request_body(exchange(number).id) == bodies[number]
        assert reader.response_body(exchange(number).id) == bodies[number][:9000]


def test_pages_are_given_back_a_hundred_at_a_time(path: Path) -> None:
    with writing(path) as (writer, _):
        store_whole(writer, exchange(1), response=random.Random(1).randbytes(600_000))
    with connected(path) as connection:
        remove(connection, exchanges.c.id == exchange(1).id, utc_now())
        free_all(connection)
        before = free_pages(connection)
        assert before > 140
        assert give_pages_back(connection)
        assert free_pages(connection) == before - 100
        assert give_pages_back(connection)
        assert free_pages(connection) == 0
        assert not give_pages_back(connection)


@pytest.mark.both_databases
def test_a_request_in_flight_stays_and_is_told(path: Path, reader: StoreReader) -> None:
    with writing(path) as (writer, reports):
        store_whole(writer, exchange(1))
        writer.begin(exchange(2), b"{}")
        store_whole(writer, exchange(3, session_id="other"))
        reports.wait_until_stored(exchange(1).id, exchange(3).id)
        with deleting(path) as deletion:
            assert deletion.live(["session-1", "other"]) == ["session-1"]
            assert deletion.delete("session-1").requests == 1
        assert [each.id for each in reader.exchanges()] == [exchange(2).id, exchange(3).id]


def test_a_session_of_a_candela_that_was_killed_can_be_deleted(path: Path, reader: StoreReader) -> None:
    with writing(path) as (writer, _):
        writer.begin(exchange(1), b"{}")
    connection = sqlite3.connect(path)
    connection.execute("UPDATE exchanges SET process = 'an earlier one'")
    connection.commit()
    connection.close()
    with deleting(path) as deletion:
        assert deletion.live(["session-1"]) == []
        assert deletion.delete("session-1").requests == 1
    assert reader.exchanges() == []


@pytest.mark.both_databases
def test_a_writer_at_work_reports_what_another_process_removed_and_builds_nothing_on_it(
    path: Path, reader: StoreReader
) -> None:
    bodies, removed = conversation(12), Reports()
    with writing(path, on_removed=lambda ids: [removed.store(each) for each in ids]) as (writer, reports):
        for number, body in enumerate(bodies[:8]):
            store_whole(writer, exchange(number), body)
            reports.wait_until_stored(exchange(number).id)
        with deleting(path) as deletion:
            deletion.delete("session-1")
            # Even where the rest is gone before the writer has noticed.
            list(deletion.free())
        for number, body in enumerate(bodies[8:], 8):
            store_whole(writer, exchange(number), body)
            reports.wait_until_stored(exchange(number).id)
        assert reports.problems == []
        with deleting(path) as deletion:
            deletion.delete("session-1")
            # Without anything to store, it looks once a second.
            removed.wait_until_stored(*(exchange(number).id for number in range(8, 12)))
        store_whole(writer, exchange(20), bodies[3])
        reports.wait_until_stored(exchange(20).id)
    assert reports.problems == []
    assert [each.id for each in reader.exchanges()] == [exchange(20).id]
    assert reader.request_body(exchange(20).id) == bodies[3]


@pytest.mark.both_databases
def test_the_next_candela_frees_what_an_interrupted_deletion_left(two_sessions: Path) -> None:
    with connected(two_sessions) as connection:
        remove(connection, exchanges.c.session_id == "session-0", utc_now() - timedelta(minutes=1))
        assert bytes_to_free(connection) > 0
        with writing(two_sessions) as (writer, reports):
            while bytes_to_free(connection) or free_pages(connection):
                # Each exchange that is stored brings the next step.
                store_whole(writer, exchange(40 + len(reports.stored)))
                reports.wait_until_stored(exchange(40 + len(reports.stored)).id)


def test_a_damaged_body_does_not_keep_its_base_from_being_removed(path: Path, reader: StoreReader) -> None:
    bodies = conversation(3)
    with writing(path) as (writer, reports):
        for number, body in enumerate(bodies):
            store_whole(writer, exchange(number), body)
            reports.wait_until_stored(exchange(number).id)
    bare = sqlite3.connect(path)
    bare.execute("UPDATE request_bodies SET digest = x'00' WHERE exchange_id = ?", (exchange(1).id,))
    bare.commit()
    bare.close()
    with connected(path) as connection:
        remove(connection, exchanges.c.id == exchange(0).id, utc_now())
        free_all(connection)
        assert bytes_to_free(connection) == 0
    with pytest.raises(StoreError, match=exchange(1).id):
        reader.request_body(exchange(1).id)


def test_a_store_that_is_locked_can_not_be_deleted_from_and_says_so(two_sessions: Path, reader: StoreReader) -> None:
    other = sqlite3.connect(two_sessions, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="locked by another program"), deleting(two_sessions) as deletion:
        deletion.delete("session-0")
    other.execute("ROLLBACK")
    other.close()
    assert len(sessions(reader)) == 2
