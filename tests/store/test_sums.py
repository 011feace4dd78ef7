"""The stored sums equal those of the exchanges, whatever is written, changed or deleted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import Connection, delete, event, select, text, update

from candela_tui.database_url import StoreLocation
from candela_tui.exchange import Exchange, Outcome
from candela_tui.ledger.ledger import Dimension, Ledger
from candela_tui.store.database import connect_to_write
from candela_tui.store.dialects import begin_to_read, on_postgres
from candela_tui.store.entry_writer import PUT_EXCHANGES
from candela_tui.store.history import EVERYTHING, ExchangeQuery
from candela_tui.store.migrate import bring_up_to_date
from candela_tui.store.reader import StoreReader
from candela_tui.store.rows import row_of
from candela_tui.store.schema import exchanges, sums
from candela_tui.store.sums import differing_sums
from candela_tui.store.totals import read_ledger
from tests.ledger.test_three_ways import BEGUN, recorded, same
from tests.store.recording import exchange, store_whole, writing

in_both = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))], indirect=True
)


@pytest.fixture(scope="module")
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    path: StoreLocation = tmp_path_factory.mktemp("store") / "candela.db"
    if getattr(request, "param", None) == "postgres":
        path = request.getfixturevalue("postgres_server").create()
    connection = connect_to_write(path)
    if not on_postgres(connection):
        connection.exec_driver_sql("PRAGMA synchronous = OFF")
        connection.rollback()
    bring_up_to_date(connection, path)
    yield connection
    connection.close()


@contextmanager
def undone(connection: Connection) -> Iterator[None]:
    """A transaction that is rolled back at the end of the block."""
    with connection.begin() as transaction:
        begin_to_read(connection)
        yield
        transaction.rollback()


def put(connection: Connection, each: Exchange) -> None:
    connection.execute(PUT_EXCHANGES, [row_of(each, None, response_dropped=False)])


live = recorded().map(lambda each: replace(each, outcome=Outcome.LIVE))
steps = some.lists(some.tuples(some.sampled_from(["put", "put", "delete"]), recorded() | live), max_size=25)


@in_both
@given(steps)
def test_the_sums_are_exact_after_each_way_to_write(database: Connection, steps: list[tuple[str, Exchange]]) -> None:
    held: dict[str, Exchange] = {}
    with undone(database):
        for step, each in steps:
            if step == "put":
                put(database, each)
                held[each.id] = each
            else:
                database.execute(delete(exchanges).where(exchanges.c.id == each.id))
                held.pop(each.id, None)
        assert differing_sums(database) == 0
        ended = Ledger.of(each for each in held.values() if not each.live)
        # Not through the reader: it would count one by one where the sums can't be read.
        assert same(read_ledger(database, EVERYTHING, (), Dimension), ended)


@given(some.lists(recorded(), max_size=12, unique_by=lambda each: each.id), some.integers(0, 300), some.integers(0, 40))
def test_a_period_within_quarters_of_an_hour_is_summed_exactly(
    database: Connection, stored: list[Exchange], minutes: int, before: int
) -> None:
    since = BEGUN + timedelta(minutes=minutes)
    with undone(database):
        for each in stored:
            put(database, each)
        for query in (
            ExchangeQuery(since=since),
            ExchangeQuery("a", since, since + timedelta(minutes=50)),
            ExchangeQuery(until=since),
            ExchangeQuery(before=f"{before:03}"),
        ):
            wanted = Ledger.of(each for each in stored if query.includes(each))
            assert same(read_ledger(database, query, (), Dimension), wanted)


@in_both
def test_a_change_of_many_rows_at_once_is_summed(database: Connection) -> None:
    with undone(database):
        for number in range(5):
            put(database, exchange(number, outcome=Outcome.LIVE if number % 2 else Outcome.OK))
        database.execute(update(exchanges).values(outcome="interrupted", session_id="other"))
        assert differing_sums(database) == 0
        database.execute(delete(exchanges))
        assert database.execute(select(sums)).all() == []


def test_sums_that_others_left_wrong_are_found(database: Connection) -> None:
    with undone(database):
        put(database, exchange(1, outcome=Outcome.OK))
        database.execute(update(sums).values(requests=2))
        assert differing_sums(database) == 1


def test_a_store_whose_triggers_are_gone_is_summed_up_again(path: Path, reader: StoreReader) -> None:
    with writing(path) as (writer, _):
        store_whole(writer, exchange(1))
    connection = connect_to_write(path)
    with connection.begin():
        connection.execute(text("DROP TRIGGER sums_deleted"))
        connection.execute(delete(sums))
    connection.close()
    with writing(path) as (writer, reports):
        store_whole(writer, exchange(2))
    assert reports.problems == []
    assert reader.totals().totals.requests == 2


def test_the_sums_are_read_without_reading_the_exchanges(database: Connection) -> None:
    statements: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        if "sums" in statement or "exchanges" in statement:
            statements.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        with undone(database):
            read_ledger(database, EVERYTHING, (), Dimension)
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    assert statements
    for statement, parameters in statements:
        rows = database.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        assert not [row for row in rows if row.detail == "SCAN exchanges"], statement
    database.rollback()
