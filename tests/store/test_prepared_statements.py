"""Statements that are prepared and sent together."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from candela_tui.database_url import DatabaseUrl
from candela_tui.store.postgres import shared_engine
from candela_tui.store.prepared_statements import Step, execute_together

pytestmark = pytest.mark.xdist_group("postgres")

_ADD = text("INSERT INTO numbers (id, name) VALUES (:id, CAST(:name AS text) || :name) RETURNING id, name")
_ALL = text("SELECT id, name FROM numbers ORDER BY id")


@pytest.fixture
def connection(postgres_url: DatabaseUrl) -> Iterator[Connection]:
    with shared_engine(postgres_url).connect() as connection:
        with connection.begin():
            connection.execute(text("CREATE TABLE numbers (id int PRIMARY KEY, name text)"))
        yield connection


def add(id: int, name: str = "é:'") -> Step:
    return Step(_ADD, {"id": id, "name": name})


def names(connection: Connection) -> list[str]:
    return [row.name for row in execute_together(connection, [Step(_ALL, {})])]


def test_statements_that_are_sent_together_return_their_rows_in_order(connection: Connection) -> None:
    rows = execute_together(connection, [add(2), add(1, "a\\b"), add(3, "x" * 20_000)])
    assert [(row.id, row.name) for row in rows] == [(2, "é:'é:'"), (1, "a\\ba\\b"), (3, "x" * 40_000)]
    with connection.begin():
        assert connection.execute(_ALL).all() == sorted(rows)


def test_if_one_fails_none_of_them_counts_and_the_connection_can_be_used_again(connection: Connection) -> None:
    execute_together(connection, [add(1, "first")])
    with pytest.raises(DBAPIError, match="duplicate key"):
        execute_together(connection, [add(2), add(1), add(3)])
    assert names(connection) == ["firstfirst"]


def test_a_lost_connection_is_replaced(connection: Connection, postgres_url: DatabaseUrl) -> None:
    process = text("SELECT pg_backend_pid() AS id")
    [row] = execute_together(connection, [Step(process, {})])
    with shared_engine(postgres_url).connect() as other, other.begin():
        other.execute(text("SELECT pg_terminate_backend(:id, 10000)"), {"id": row.id})
    with pytest.raises(DBAPIError):
        execute_together(connection, [Step(process, {})])
    connection.rollback()
    assert execute_together(connection, [Step(process, {})]) != [row]
